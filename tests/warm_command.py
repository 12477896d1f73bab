"""`razbor` commands in processes of their own that need not load anything: forked from one that has.

A cold start loads and compiles for a second before it does a twentieth of a second's work. Here a
server process without threads (multiprocessing's forkserver) loads once what commands need, and each
command is a fork of it with its own environment, folder, streams and exit code. What a start itself
does is shown by the commands that are started cold: by `serve`, by what the compose file runs first and
in `cli/test_commands.py`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Not `workers.app`: importing it makes the Celery app of the environment that is there.
LOADED = (
    *("cli.main", "cli.log_setup", "settings", "models.store.overview"),
    *("workers.batch", "workers.nudges", "workers.predictor"),
    *("celery.app.base", "celery.apps.worker", "celery.schedules", "kombu"),
)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__, *LOADED])
    return context


def warm_razbor(
    *words: str, env: Mapping[str, str], timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `razbor WORDS` with just this environment. Raises TimeoutExpired as `subprocess.run` does."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [str(Path(folder) / name) for name in ("stdout", "stderr")]
        process = _server().Process(target=_command, args=(words, dict(env), streams))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout_s)
        said = [Path(stream).read_text(encoding="utf-8") for stream in streams]
        return subprocess.CompletedProcess(words, process.exitcode, *said)


class WarmService:
    """A `razbor` command that goes on until it is stopped; leads a session of its own. Used like a Popen."""

    def __init__(self, words: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        streams = [os.devnull, str(log)]
        self._process = _server().Process(target=_service, args=(tuple(words), dict(env), streams))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, not to what it started."""
        os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Return the exit code. Raises TimeoutExpired as `Popen.wait` does."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self._process.exitcode


def _service(words: tuple[str, ...], env: dict[str, str], streams: list[str]) -> None:
    os.setsid()
    _command(words, env, streams)


def _command(words: tuple[str, ...], env: dict[str, str], streams: list[str]) -> None:
    """Become the command: what multiprocessing's child does with SystemExit is what an interpreter does."""
    from cli.main import run

    os.environ.clear()
    os.environ.update(env)
    os.chdir(ROOT)
    tempfile.tempdir = None  # found again with this TMPDIR
    for number, path in enumerate(streams, start=1):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    sys.argv = ["razbor", *words]
    try:
        run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
