"""The embedded broker: real server, reuse, stale sockets, places that belong to somebody else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.broker_client import answers, connect, directory_of
from cli.embedded_broker import (
    broker_directory,
    check_socket_path,
    find_server,
    prepare_run_dir,
    require_broker,
    server_command,
)
from cli.faults import ConfigError
from cli.part import own_command
from cli.parts import broker_part
from cli.supervisor import Supervisor
from settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("RAZBOR_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(ROOT)
    made = Settings(_env_file=None)
    yield made
    for left in made.run_dir.glob("*") if made.run_dir.exists() else ():
        left.unlink()
    if made.run_dir.exists():
        made.run_dir.rmdir()


def started(settings: Settings, lines: list[str]) -> Supervisor:
    supervisor = Supervisor(lambda part, line: lines.append(f"{part}: {line}"))
    supervisor.start([broker_part(settings)])
    return supervisor


def test_starts_private_durable_and_stops_with_its_supervisor(settings: Settings) -> None:
    lines: list[str] = []
    supervisor = started(settings, lines)
    url = settings.effective_broker_url
    with connect(url) as client:
        expected = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        assert {name: client.config_get(name)[name] for name in expected} == expected
        assert client.config_get("port")["port"] == "0"
        client.set("kept", "1")
    assert settings.run_dir.stat().st_mode & 0o777 == 0o700
    assert directory_of(url) == (settings.data_dir / "broker").resolve()
    require_broker(settings)
    supervisor.stop()
    assert not answers(url)
    again = started(settings, lines)
    with connect(url) as client:
        assert client.get("kept") == "1"
    again.stop()


def test_comes_back_after_kill_9_over_a_stale_socket(settings: Settings) -> None:
    supervisor = started(settings, [])
    pid = int(connect(settings.effective_broker_url).info()["process_id"])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    supervisor.run(until=lambda: _is_other(settings, pid) or time.monotonic() > deadline)
    try:
        assert _is_other(settings, pid)
    finally:
        supervisor.stop()


def _is_other(settings: Settings, pid: int) -> bool:
    url = settings.effective_broker_url
    return answers(url) and int(connect(url).info()["process_id"]) != pid


def test_a_live_server_of_ours_is_used_again_and_left_alone(settings: Settings) -> None:
    prepare_run_dir(settings.run_dir)
    command = server_command(
        find_server(), settings.embedded_broker_socket, broker_directory(settings.data_dir)
    )
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        _wait_until_up(settings)
        supervisor = started(settings, [])
        assert int(connect(settings.effective_broker_url).info()["process_id"]) == server.pid
        supervisor.stop()
        assert server.poll() is None
        # When it goes later, the next instance takes its place without being told.
        supervisor = started(settings, [])
        server.terminate()
        server.wait()
        deadline = time.monotonic() + 10
        supervisor.run(until=lambda: answers(settings.effective_broker_url) or time.monotonic() > deadline)
        assert answers(settings.effective_broker_url)
        supervisor.stop()


def test_a_server_with_another_directory_is_refused(settings: Settings, tmp_path: Path) -> None:
    prepare_run_dir(settings.run_dir)
    command = server_command(find_server(), settings.embedded_broker_socket, broker_directory(tmp_path / "x"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        _wait_until_up(settings)
        done = subprocess.run(own_command("broker"), capture_output=True, text=True, check=False, timeout=20)
        assert server.poll() is None
        server.terminate()
    assert done.returncode == 78
    assert str(tmp_path / "x" / "broker") in done.stderr
    assert "TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr


def _wait_until_up(settings: Settings) -> None:
    deadline = time.monotonic() + 10
    while not answers(settings.effective_broker_url):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_attaching_without_serve_names_the_remedy(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"is `razbor serve` running"):
        require_broker(settings)
    elsewhere = settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"})
    with pytest.raises(ConfigError, match="RAZBOR_BROKER_URL"):
        require_broker(elsewhere)


def test_a_run_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(ConfigError, match="somebody else"):
        prepare_run_dir(link)
    real.chmod(0o755)
    prepare_run_dir(real)
    assert real.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_run_directory_owned_by_another_user_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    with pytest.raises(ConfigError, match="somebody else"):
        prepare_run_dir(other)


def test_a_socket_path_that_the_system_would_cut_is_refused(tmp_path: Path) -> None:
    check_socket_path(Path("/tmp/razbor-0-abc/broker.sock"))
    long = tmp_path / ("x" * 120) / "broker.sock"
    with pytest.raises(ConfigError, match="TMPDIR"):
        check_socket_path(long)
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(OSError):
        probe.bind(str(long))
