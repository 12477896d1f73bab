"""The supervisor with real processes: order of stopping, restarts, giving up, no orphan after kill -9."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from cli.child_process import PARENT_ENV, READY_ENV, announce_ready, die_with_parent
from cli.faults import ConfigError, KnownError
from cli.instance_lock import Instance, InstanceLock, running_instance
from cli.merged_log import ConsoleLog, FileThenConsole
from cli.part import Part
from cli.serve import run_first
from cli.supervisor import RestartPolicy, Supervisor

ROOT = Path(__file__).parents[2]
QUICK = RestartPolicy(first_pause_s=0.05, longest_pause_s=0.1, healthy_after_s=30, most_deaths=3)

READY_THEN_WAIT = """
import signal, sys, time
from cli.child_process import announce_ready, bind_to_supervisor
bind_to_supervisor()
def stop(*_):
    print("stopped", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
announce_ready(port=2525)
while True: time.sleep(0.05)
"""


def python_part(name: str, source: str, **changes: object) -> Part:
    values: dict[str, object] = {
        "name": name,
        "argv": (sys.executable, "-c", textwrap.dedent(source)),
        "stop_rank": 0,
        "env": {"PYTHONPATH": str(ROOT)},
        **changes,
    }
    return Part(**values)  # type: ignore[arg-type]  # values are spelt out above


class Lines:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, part: str, line: str) -> None:
        with self._lock:
            self.seen.append((part, line))

    def of(self, part: str) -> list[str]:
        return [line for name, line in self.seen if name == part]


def parts_running() -> list[psutil.Process]:
    """Children of this process that a supervisor started: the servers of other tests are not among them."""
    found = []
    for child in psutil.Process().children():
        try:
            if "-c" in child.cmdline() and PARENT_ENV in child.environ():
                found.append(child)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def test_parts_become_ready_tell_facts_and_stop_by_rank() -> None:
    lines = Lines()
    supervisor = Supervisor(lines)
    supervisor.start(
        [python_part(name, READY_THEN_WAIT, stop_rank=rank) for name, rank in (("b", 2), ("w", 1), ("l", 0))]
    )
    assert supervisor.facts("l") == {"port": 2525}
    supervisor.stop()
    assert [name for name, line in lines.seen if line == "stopped"] == ["l", "w", "b"]
    assert not parts_running()


def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    lines = Lines()
    supervisor = Supervisor(lines, QUICK)
    started = tmp_path / "starts"
    supervisor.start([python_part("p", f"open({str(started)!r}, 'a').write('x')\n" + READY_THEN_WAIT)])
    (first,) = (part.pid for part in parts_running())
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    supervisor.run(until=lambda: started.read_text() == "xx" or time.monotonic() > deadline)
    try:
        assert started.read_text() == "xx"
        assert any("SIGKILL" in line and "again" in line for line in lines.of("serve"))
    finally:
        supervisor.stop()


def test_a_part_that_keeps_dying_ends_everything_with_its_remedy() -> None:
    lines = Lines()
    supervisor = Supervisor(lines, QUICK)
    with pytest.raises(KnownError, match=r"p ended 3 times .*exit code 3.* Free the port\."):
        supervisor.start([python_part("p", "print('cause'); raise SystemExit(3)", remedy="Free the port.")])
    supervisor.stop()
    assert lines.of("p") == ["cause"] * 3


def test_a_configuration_fault_at_the_first_start_is_not_tried_again() -> None:
    lines = Lines()
    supervisor = Supervisor(lines, QUICK)
    with pytest.raises(KnownError, match="names the remedy"):
        supervisor.start([python_part("p", "print('set it'); raise SystemExit(78)")])
    supervisor.stop()
    assert lines.of("p") == ["set it"]


def test_a_part_that_never_gets_ready_is_started_anew() -> None:
    lines = Lines()
    supervisor = Supervisor(lines, QUICK)
    with pytest.raises(KnownError, match="3 times"):
        supervisor.start([python_part("p", "import time; time.sleep(60)", ready_timeout_s=0.2)])
    supervisor.stop()
    assert any("not ready within 0.2 s" in line for line in lines.of("serve"))


def test_the_second_request_does_not_wait_for_a_stubborn_part() -> None:
    stubborn = """
    import signal, time
    from cli.child_process import announce_ready
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    announce_ready()
    time.sleep(60)
    """
    supervisor = Supervisor(Lines())
    supervisor.start([python_part("p", stubborn, stop_grace_s=30)])
    threading.Timer(0.3, supervisor.request_stop).start()
    supervisor.request_stop()
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    assert not parts_running()


FORKS_FIRST = """
import os, time
from cli.child_process import die_with_parent
main = os.getpid()
if os.fork() == 0:
    die_with_parent(main)
    time.sleep(60)
    os._exit(0)
"""

SUPERVISES = """
import sys
from cli.part import Part
from cli.serve import run_first
from cli.supervisor import Supervisor
supervisor = Supervisor(lambda part, line: None)
supervisor.start(
    [Part(name=str(i), argv=(sys.executable, "-c", code), stop_rank=0) for i, code in enumerate(sys.argv[1:])]
)
print("up", flush=True)
supervisor.run()
"""


def test_kill_9_of_the_supervisor_leaves_no_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISES, READY_THEN_WAIT, FORKS_FIRST + READY_THEN_WAIT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as serve:
        try:
            assert serve.stdout is not None
            assert serve.stdout.readline() == "up\n"
            family = psutil.Process(serve.pid).children(recursive=True)
        finally:
            serve.kill()
    assert len(family) == 3  # two parts, and what the second has forked
    _gone, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_a_process_whose_parent_is_gone_already_ends_at_once() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from cli.child_process import die_with_parent; die_with_parent(1); print('on')",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_without_a_supervisor_nothing_is_bound_or_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PARENT_ENV, raising=False)
    monkeypatch.delenv(READY_ENV, raising=False)
    assert not die_with_parent()
    announce_ready(port=1)


def test_one_instance_per_data_directory(tmp_path: Path) -> None:
    assert running_instance(tmp_path) is None
    with InstanceLock(tmp_path) as lock:
        lock.publish(Instance(pid=os.getpid(), smtp_host="127.0.0.1", smtp_port=2525))
        assert running_instance(tmp_path) == Instance(pid=os.getpid(), smtp_host="127.0.0.1", smtp_port=2525)
        with pytest.raises(ConfigError, match=str(os.getpid())), InstanceLock(tmp_path):
            pass
    assert running_instance(tmp_path) is None
    with InstanceLock(tmp_path):
        assert running_instance(tmp_path) is not None


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    source = (
        "import sys, time; from pathlib import Path; from cli.instance_lock import InstanceLock\n"
        "lock = InstanceLock(Path(sys.argv[1])).__enter__(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        said = holder.stdout.readline()
        found = running_instance(tmp_path)
        holder.kill()
    assert said == "held\n"
    assert found is not None
    assert found.pid == holder.pid
    assert running_instance(tmp_path) is None


def test_a_command_that_runs_first_tells_how_it_ended() -> None:
    supervisor = Supervisor(Lines())
    assert run_first(supervisor, "--version") == 0
    assert run_first(supervisor, "no-such-command") == 2


def test_a_requested_stop_ends_the_command_that_runs_first() -> None:
    supervisor = Supervisor(Lines())
    threading.Timer(0.2, supervisor.request_stop).start()
    began = time.monotonic()
    assert run_first(supervisor, "alive", "--help") == 0  # any command: it is over or interrupted
    assert run_first(supervisor, "--version") == 0  # not even started
    assert time.monotonic() - began < 5


def test_the_log_goes_to_a_file_until_it_is_switched(tmp_path: Path) -> None:
    screen = io.StringIO()
    log = FileThenConsole(tmp_path / "demo.log", ConsoleLog(stream=screen))
    log("worker", "first")
    log.switch()
    log("worker", "second")
    log.close()
    assert (tmp_path / "demo.log").read_text() == "worker  | first\n"
    assert screen.getvalue() == "worker  | second\n"


@pytest.mark.parametrize(
    ("json_lines", "line", "expected"),
    [
        (False, "hello", "listen  | hello"),
        (True, '{"event": "x", "part": "listen"}', '{"event": "x", "part": "listen"}'),
        (True, "plain", '{"part": "listen", "event": "plain"}'),
    ],
)
def test_log_lines_name_their_part(json_lines: bool, line: str, expected: str) -> None:
    assert ConsoleLog(json_lines=json_lines).format("listen", line) == expected
