"""Keeps the parts of `razbor serve` alive and stops them in order.

The main thread starts, watches and stops (the kernel ties a child's parent-death signal to
the thread that forked it); one thread per part carries its output to the sink. A part that
dies is started again after a growing pause; one that keeps dying early ends the whole
instance with a message, since a service without a part is worse than a service that is down
and says so.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from cli.faults import EX_CONFIG, KnownError
from cli.part import Part, RunningPart, Sink

SUPERVISOR_NAME = "serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When a dead part is started again."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    healthy_after_s: float = 20.0  # a life as long as this wipes out earlier deaths
    most_deaths: int = 6  # so many short lives in a row are too many


class Supervisor:
    """The running parts, the deaths of each, and whether to stop."""

    def __init__(self, sink: Sink, policy: RestartPolicy | None = None) -> None:
        self._sink = sink
        self._policy = policy or RestartPolicy()
        self._lives: dict[str, RunningPart] = {}
        self._parts: dict[str, Part] = {}
        self._deaths: dict[str, int] = {}
        self._restart_at_s: dict[str, float] = {}
        self._was_ready: set[str] = set()
        self._stop_requests = 0
        self.stopping = threading.Event()

    def request_stop(self) -> None:
        """Begin to stop; a second request ends the parts without waiting for their work."""
        self._stop_requests += 1
        self.stopping.set()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP (a closed terminal) as requests to stop, meanwhile."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, parts: Sequence[Part]) -> None:
        """Start parts together and wait until all are ready.

        Returns early when a stop is requested. Raises KnownError when a part is not ready in time
        or keeps dying.
        """
        for part in parts:
            self._parts[part.name] = part
            self._launch(part)
        names = [part.name for part in parts]
        while not self.stopping.is_set():
            self._look_once()
            if all(name in self._lives and self._lives[name].check_ready() for name in names):
                return
            time.sleep(0.03)

    def facts(self, name: str) -> dict[str, str | int]:
        """Give what a part announced when it became ready, such as the port that it was given."""
        return dict(self._lives[name].facts) if name in self._lives else {}

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Watch the parts until a stop is requested or `until` says so. Raises KnownError as `start` does."""
        while not self.stopping.is_set() and not until():
            self._look_once()
            self.stopping.wait(0.2)

    def stop(self) -> None:
        """Stop all parts, the lowest rank first, each rank within its longest grace."""
        self.stopping.set()
        for rank in sorted({life.part.stop_rank for life in self._lives.values()}):
            lives = [life for life in self._lives.values() if life.part.stop_rank == rank]
            for life in lives:
                life.terminate()
            deadline_s = time.monotonic() + max(life.part.stop_grace_s for life in lives)
            while any(life.process.poll() is None for life in lives):
                if time.monotonic() > deadline_s or self._stop_requests > 1:
                    break
                time.sleep(0.03)
            for life in lives:
                self._end(life)
        self._lives.clear()

    def _end(self, life: RunningPart) -> None:
        if life.process.poll() is None:
            if self._stop_requests <= 1:
                self.say(f"{life.part.name} did not stop within {life.part.stop_grace_s:g} s, killing it")
            life.kill()
            life.process.wait()
        else:
            life.kill()  # whatever it may have left in its session
        life.drain()

    def _launch(self, part: Part) -> None:
        self._lives[part.name] = RunningPart(part, self._sink)
        self._restart_at_s.pop(part.name, None)

    def _look_once(self) -> None:
        now_s = time.monotonic()
        for name, part in self._parts.items():
            if name in self._restart_at_s:
                if now_s >= self._restart_at_s[name]:
                    self._launch(part)
                continue
            life = self._lives[name]
            code = life.process.poll()
            if code is not None:
                self._bury(life, code)
            elif life.check_ready():
                self._was_ready.add(name)
            elif life.age_s > part.ready_timeout_s:
                self.say(f"{name} was not ready within {part.ready_timeout_s:g} s, starting it anew")
                life.kill()

    def _bury(self, life: RunningPart, code: int) -> None:
        """Note a death and plan the next life, or raise KnownError when there should be none."""
        name, policy = life.part.name, self._policy
        life.kill()
        life.drain()
        if self.stopping.is_set():
            return
        if code == EX_CONFIG and name not in self._was_ready:
            self.stopping.set()
            raise KnownError(f"{name} cannot start; its last line above names the remedy.")
        deaths = 1 if life.age_s > policy.healthy_after_s else self._deaths.get(name, 0) + 1
        self._deaths[name] = deaths
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if deaths >= policy.most_deaths:
            self.stopping.set()
            raise KnownError(
                f"{name} ended {deaths} times in a row soon after its start (last: {how}). {life.part.remedy}"
            )
        pause_s = min(policy.first_pause_s * 2 ** (deaths - 1), policy.longest_pause_s)
        self._restart_at_s[name] = time.monotonic() + pause_s
        self.say(f"{name} ended ({how}), starting it again in {pause_s:g} s")

    def say(self, line: str) -> None:
        """Put a line of the supervisor itself into the log."""
        self._sink(SUPERVISOR_NAME, line)
