"""What can still be undone: kept in memory for a minute, for the person who did it and once only."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KEPT_S: Final = 60.0
MOST_KEPT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoStep:
    """One act on one ticket or policy with what was before."""

    act: str  # assign, close, status, priority, topic, split, policy
    number: int  # of the ticket; of the version before, for a policy
    before: str  # the assignee, status, priority, topic with status, ticket it was split from, or policy


class UndoShelf:
    """Undoable acts of all people; bounded in time and number."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str, tuple[UndoStep, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, login: str, steps: tuple[UndoStep, ...]) -> str:
        """Keep the way back; return the token under which it is found."""
        token = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[token] = (self._clock(), login, steps)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return token

    def take(self, login: str, token: str) -> tuple[UndoStep, ...]:
        """Return the steps to undo, newest first; empty when there are none, or they are another's."""
        with self._lock:
            at_s, whose, steps = self._kept.get(token, (0.0, "", ()))
            if whose != login:
                return ()
            del self._kept[token]
        return steps[::-1] if self._clock() - at_s <= KEPT_S else ()
