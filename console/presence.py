"""Who else looks at a ticket: kept in memory, forgotten half a minute after the last sign of life."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

KEPT_S: Final = 30.0
MOST_KEPT: Final = 5_000


class Presence:
    """Signs of life by ticket and person; bounded, safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[int, str], tuple[float, bool]] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, number: int, login: str, *, writes: bool = False) -> list[tuple[str, bool]]:
        """Note that a person looks at a ticket; return who else does, and whether they write a reply."""
        now = self._clock()
        with self._lock:
            self._seen[number, login] = (now, writes)
            self._seen.move_to_end((number, login))
            while self._seen:
                oldest = next(iter(self._seen))
                if self._seen[oldest][0] >= now - KEPT_S and len(self._seen) <= MOST_KEPT:
                    break
                del self._seen[oldest]
            return sorted(
                (other, is_writing)
                for (ticket, other), (_, is_writing) in self._seen.items()
                if ticket == number and other != login
            )
