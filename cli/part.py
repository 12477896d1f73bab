"""One supervised process: what it is (`Part`) and how this run of it fares (`RunningPart`).

A part is ready when it has said so through its pipe (`cli.child_process.announce_ready`) and
its probe, if it has one, agrees. Everything that it prints goes to one sink, line by line.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Final

from cli.child_process import PARENT_ENV, PART_ENV, READY_ENV

MAX_LINE_CHARS: Final = 8192
Facts = dict[str, str | int]  # what a part announces: the port that it was given, for one
Sink = Callable[[str, str], None]  # part name, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process that `razbor serve` keeps alive."""

    name: str
    argv: tuple[str, ...]
    stop_rank: int  # parts with a lower rank are stopped first
    announces: bool = True  # it calls announce_ready
    probe: Callable[[Facts], bool] | None = None
    ready_timeout_s: float = 60.0
    stop_grace_s: float = 30.0
    remedy: str = "`razbor doctor` looks for the cause."
    env: Mapping[str, str] = field(default_factory=dict)


class RunningPart:
    """One life of a part."""

    def __init__(self, part: Part, sink: Sink) -> None:
        """Start the process, in a session of its own: Ctrl-C in a terminal reaches only the supervisor."""
        self.part = part
        self.started_at_s = time.monotonic()
        self.ready = False
        self._group_ended = False
        self.facts: Facts = {}
        reader, writer = os.pipe()
        env = {**child_environment(), **part.env, PART_ENV: part.name, READY_ENV: str(writer)}
        try:
            self.process = subprocess.Popen(
                part.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=env,
                pass_fds=(writer,),
                start_new_session=True,
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._announced = not part.announces
        self._threads = (
            threading.Thread(target=self._pump, args=(sink,), daemon=True),
            threading.Thread(target=self._await_announcement, args=(reader,), daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @property
    def age_s(self) -> float:
        """Seconds since the start of this life."""
        return time.monotonic() - self.started_at_s

    def check_ready(self) -> bool:
        """Look again whether the part is ready; once ready it stays so for this life."""
        if not self.ready and self._announced:
            self.ready = self.part.probe is None or self.part.probe(self.facts)
        return self.ready

    def terminate(self) -> None:
        """Ask the process to finish its work and end."""
        if self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process and everything in its session group now."""
        if self._group_ended:  # its number may belong to somebody else by now
            return
        self._group_ended = self.process.poll() is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def drain(self, timeout_s: float = 1.0) -> None:
        """Wait until the last lines have reached the sink."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _pump(self, sink: Sink) -> None:
        stream: IO[bytes] | None = self.process.stdout
        if stream is None:
            return
        with stream:
            while line := stream.readline(MAX_LINE_CHARS):
                sink(self.part.name, line.decode("utf-8", "replace").rstrip("\r\n"))

    def _await_announcement(self, reader: int) -> None:
        with os.fdopen(reader, encoding="utf-8") as pipe:
            said = pipe.readline(MAX_LINE_CHARS)  # not to the end: a forked pool holds the pipe open too
        if said:
            self.facts = json.loads(said)
            self._announced = True


def child_environment() -> dict[str, str]:
    """Environment of a child that is to end with this process."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", PARENT_ENV: str(os.getpid())}


def own_command(*arguments: str) -> tuple[str, ...]:
    """Command line that runs a `razbor` command with this very interpreter and these very sources."""
    return (sys.executable, "-m", "cli", *arguments)
