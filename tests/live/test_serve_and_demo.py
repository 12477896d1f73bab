"""`serve` and `demo` as an operator meets them: one instance, a clean end, every mail as intended."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from cli.demo.manifest import load_manifest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MANIFEST = load_manifest()


def test_one_instance_kill_9_leaves_nothing_and_the_next_one_stops_clean_on_ctrl_c(make_desk) -> None:
    """SIGTERM ends the desk of the process faults, where a clean end is looked for too."""
    desk = make_desk()
    second = desk.razbor("serve")
    assert second.returncode == 78
    assert f"process {desk.process.pid}" in second.stderr
    assert "RAZBOR_DATA_DIR" in second.stderr
    assert desk.razbor("alive", "listen").returncode == 0

    assert len(desk.processes("")) >= 3
    desk.process.kill()
    desk.process.wait()
    assert desk.none_left(), desk.processes("")

    desk.start()
    desk.wait_for_worker()
    assert desk.stop(signal.SIGINT) == 0
    assert desk.none_left(), desk.processes("")
    assert "up: SMTP on" in desk.log.read_text() or "stop" in desk.log.read_text()


def test_every_sample_mail_ends_as_intended_and_again(make_desk) -> None:
    desk = make_desk(start=False, mailboxes="support@razbor.local,pvz@razbor.local", relay_url="")
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "demo"],
        env=desk.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        try:
            assert demo.stdout is not None
            told = ""
            for line in demo.stdout:
                told += line
                if "stays up" in line:
                    break
            again = desk.razbor("demo", "--once", timeout=120)
            status = desk.wait_quiet(accepted=2 * len(MANIFEST))
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) == 0
        finally:
            demo.kill()
    assert f"All {len(MANIFEST)} mails ended as intended." in told, told[-3000:]
    for heading in ("(ru)", "(zh)", "(en)", "swaks --server", "razbor tickets show RZ-"):
        assert heading in told
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-2000:]
    assert f"(process {demo.pid})" in again.stdout
    assert status["accepted"] == sum(status["dispositions"].values()) == 2 * len(MANIFEST)
    assert status["dispositions"]["duplicate"] == 2 * sum(m.disposition == "duplicate" for m in MANIFEST)
    assert desk.none_left(), desk.processes("")
