"""What the dashboard counted, kept for a while: a year of figures costs about a second to count.

One request counts, those who ask for the same meanwhile wait for its answer. Older than `kept_s` the
figures are counted anew aside, and nobody waits for that unless nobody asked for `stale_s`; what is
likely to be asked next is counted aside, too. Bounded in number; the page says when it was counted.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from models.store import DATABASE_ERRORS

KEPT_S: Final = 60.0
STALE_S: Final = 600.0
MOST_KEPT: Final = 32
Question = tuple[str, ...]


class FiguresShelf:
    """The newest figures by what was asked for; safe to share between threads."""

    def __init__(
        self, kept_s: float = KEPT_S, stale_s: float = STALE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept_s, self._stale_s = kept_s, stale_s
        self._clock = clock
        self._kept: OrderedDict[Question, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._is_counting = threading.Lock()

    def of(self, asked: Question, count: Callable[[], Any]) -> Any:
        """Return what `count` gave for the same question, at most `stale_s` ago, else count now."""
        with self._lock:
            found = self._kept.get(asked)
            if found is None or self._age_s(found) > max(self._kept_s, self._stale_s):
                found = self._keep(asked, count())
        if self._age_s(found) > self._kept_s:
            self.prepare({asked: count})
        return found[1]

    def prepare(self, likely: Mapping[Question, Callable[[], Any]]) -> None:
        """Count aside what is not kept, or too old; does nothing while something is counted so."""
        with self._lock:
            due = {
                asked: count
                for asked, count in likely.items()
                if asked not in self._kept or self._age_s(self._kept[asked]) > self._kept_s
            }
        if due and self._stale_s and self._is_counting.acquire(blocking=False):
            threading.Thread(target=self._count_aside, args=(due,), daemon=True).start()

    def _count_aside(self, due: Mapping[Question, Callable[[], Any]]) -> None:
        try:
            for asked, count in due.items():
                figures = count()
                with self._lock:
                    self._keep(asked, figures)
        except DATABASE_ERRORS:
            return  # whoever asks next counts, and is told what is wrong
        finally:
            self._is_counting.release()

    def _keep(self, asked: Question, figures: Any) -> tuple[float, Any]:
        kept = self._kept[asked] = (self._clock(), figures)
        self._kept.move_to_end(asked)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _age_s(self, kept: tuple[float, Any]) -> float:
        return self._clock() - kept[0]
