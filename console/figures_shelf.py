"""What the dashboard counted, kept for a minute: a year of figures costs about a second to count.

One request counts, those who ask for the same meanwhile wait for its answer. Bounded in number;
the page says when it was counted.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

KEPT_S: Final = 60.0
MOST_KEPT: Final = 32


class FiguresShelf:
    """The newest figures by what was asked for; safe to share between threads."""

    def __init__(self, kept_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_s
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, asked: tuple[str, ...], count: Callable[[], Any]) -> Any:
        """Return what `count` gave for the same question within the last minute, else count anew."""
        with self._lock:
            at_s, found = self._kept.get(asked, (float("-inf"), None))
            if self._clock() - at_s > self._kept_s:
                found = count()
                self._kept[asked] = (self._clock(), found)
                self._kept.move_to_end(asked)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return found
