"""Tells the workers that new mail is there, without ever slowing acceptance down.

A nudge carries nothing: the database says what is due, and the workers' own sweep finds mail
that nobody was told of (design section 3). So nudges may be merged and lost. They are given
from a thread of their own, one at a time and not more often than every `min_interval_s`. After
a failure the circuit stays open for a growing while, and one nudge is given when it closes.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0


class Nudger:
    """Calls `enqueue` in the background, soon after `nudge`."""

    def __init__(self, enqueue: Callable[[], object], *, min_interval_s: float = 0.05) -> None:
        """Start the thread. `enqueue` may block or raise: neither is seen by callers of `nudge`."""
        self._enqueue = enqueue
        self._min_interval_s = min_interval_s
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        # A daemon, because a broker connection that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """Ask for one call of `enqueue`; cheap, and merged with what was asked before."""
        self._wanted.set()

    def close(self, patience_s: float = 2.0) -> None:
        """End the thread; a nudge that is still wanted is left to the workers' sweep."""
        self._stopping.set()
        self._wanted.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        failures = 0
        while True:
            self._wanted.wait()
            if self._stopping.is_set():
                return
            self._wanted.clear()
            if self._call():
                failures = 0
                pause_s = self._min_interval_s
            else:
                failures += 1
                self._wanted.set()
                pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 10))
            self._stopping.wait(pause_s)

    def _call(self) -> bool:
        try:
            self._enqueue()
        except Exception:  # the edge of this thread: whatever the broker's client raises, acceptance goes on
            log.warning("workers could not be told of new mail, their sweep will find it", exc_info=True)
            return False
        return True
