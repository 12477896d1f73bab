"""What a child of `razbor serve` owes its parent: to die with it, and to say when it is ready.

The supervisor passes its process id and a pipe in the environment; a process that was started
by hand or by a container finds neither and does nothing of this.

Death of the parent: prctl(2), PR_SET_PDEATHSIG. The kernel sends the signal when the *thread*
that forked the child ends, therefore parts are only ever started from a main thread. The
setting survives execve(2) and is not inherited by fork(2), so each generation sets it anew.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Final

PARENT_ENV: Final = "RAZBOR_PARENT_PID"
READY_ENV: Final = "RAZBOR_READY_FD"
PART_ENV: Final = "RAZBOR_PART"
_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(parent_pid: int | None = None, death_signal: signal.Signals = signal.SIGKILL) -> bool:
    """Ask the kernel to send `death_signal` to this process when its parent ends.

    `parent_pid` is the process that is expected as parent; without it the one that the
    supervisor named, and nothing happens when there is no supervisor. Returns False where
    the system cannot do it (any but Linux): a killed parent then leaves its children behind.
    Ends this process at once when the parent is already gone.
    """
    if parent_pid is None:
        named = os.environ.get(PARENT_ENV, "")
        if not named.isdigit():
            return False
        parent_pid = int(named)
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0) != 0:
        return False
    if os.getppid() != parent_pid:  # it died before prctl could count
        os._exit(0)
    return True


def bind_to_supervisor(death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Die with the supervisor, if one started this process, and forget its process id.

    The variable must not travel on: a grandchild has another parent.
    """
    die_with_parent(death_signal=death_signal)
    os.environ.pop(PARENT_ENV, None)


def announce_ready(**facts: str | int) -> None:
    """Tell the supervisor, once, that this part works; `facts` is what others need to know of it."""
    descriptor = os.environ.pop(READY_ENV, "")
    if not descriptor.isdigit():
        return
    with os.fdopen(int(descriptor), "w", encoding="utf-8") as pipe:
        pipe.write(json.dumps(facts) + "\n")


def part_name(default: str) -> str:
    """Name under which this process appears in the merged log."""
    return os.environ.get(PART_ENV, default)
