"""`demo` as an operator meets it, and again beside one that runs: every mail ends as intended.

That a desk has one instance stands in `test_core_flow`, what `kill -9` leaves in `test_random_kills`.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from cli.demo.manifest import load_manifest
from tests.warm_command import warm_razbor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MANIFEST = load_manifest()


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
            again = warm_razbor("demo", "--once", env=desk.env, timeout_s=120)
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
