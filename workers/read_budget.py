"""The most that one mail may cost its worker: processor time, waiting, memory.

In goes a piece of work, out comes its result, or `OverBudgetError` with the cause in words. The
usual mail is read in the worker itself, since a process per mail would cost more than reading
does; so the bounds are the kernel's: an interval timer of processor time (`ITIMER_PROF`), one
of real time for what waits (children that read attachments), and a limit on the address space
(`RLIMIT_AS`) of what the process has now and the budget on top.

Signals reach Python's main thread alone. Celery's pool of processes, the only one that
`razbor worker` starts, runs its tasks there; elsewhere the work runs without bounds.
Regular expressions look for signals while they search; the other calls into C that reading
makes are linear in the size of a mail, which the listener limits.
"""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, TypeVar

T = TypeVar("T")

_STATM: Final = "/proc/self/statm"
_PAGE_BYTES: Final = resource.getpagesize()
_AGAIN_S: Final = 0.2  # an exception raised inside a finaliser is lost, so the timers ring again


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one mail may use up."""

    cpu_s: float = 1.0  # of this process
    wall_s: float = 30.0  # with waiting for children, which have limits of their own
    memory_bytes: int = 200 * 1024 * 1024  # on top of what the process has when it begins


class OverBudgetError(Exception):
    """A mail cost more than its budget; the message says what of."""


class _RingError(BaseException):
    """Thrown into the work by a timer; no `except Exception` on the way can swallow it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


def within(budget: Budget, work: Callable[[], T]) -> T:
    """Run `work` and return its answer; raises OverBudgetError when it exceeds the budget.

    A `MemoryError` counts as exceeding only where the limit is ours; if the whole process is
    held tighter, it is the machine's fault and passes through.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with _memory_limit(budget.memory_bytes) as is_ours:
        try:
            with _timers(budget):
                return work()
        except _RingError as ring:
            raise OverBudgetError(ring.cause) from None
        except MemoryError:
            if not is_ours:
                raise
            mebibytes = budget.memory_bytes // 1024**2
            raise OverBudgetError(f"more than {mebibytes} MB of memory") from None


@contextmanager
def _timers(budget: Budget) -> Iterator[None]:
    """Ring once the processor time or the time is used up; what was set before is put back."""
    causes = {
        signal.SIGPROF: f"more than {budget.cpu_s:g} s of processor time",
        signal.SIGALRM: f"more than {budget.wall_s:g} s",
    }
    is_running = True

    def ring(number: int, _frame: FrameType | None) -> None:
        if is_running:
            raise _RingError(causes[signal.Signals(number)])

    handlers = {number: signal.signal(number, ring) for number in causes}
    real_before = signal.setitimer(signal.ITIMER_REAL, budget.wall_s, _AGAIN_S)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, budget.cpu_s, _AGAIN_S)
            yield
        finally:  # a ring may come while it is switched off: hence twice
            is_running = False
    finally:
        is_running = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, *real_before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _memory_limit(extra_bytes: int) -> Iterator[bool]:
    """Limit the address space; gives False where the process is held tighter or /proc is missing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space_bytes() + extra_bytes
    held_tighter = any(limit != resource.RLIM_INFINITY and limit <= wanted for limit in (soft, hard))
    if wanted == extra_bytes or held_tighter:
        yield False
        return
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield True
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space_bytes() -> int:
    """Return the size of this process's address space (proc(5), statm), 0 where there is no /proc."""
    try:
        with open(_STATM, "rb", buffering=0) as statm:  # noqa: PTH123 - a third of pathlib's time, for every mail
            pages = int(statm.read(32).split(maxsplit=1)[0])
    except OSError:
        return 0
    return pages * _PAGE_BYTES
