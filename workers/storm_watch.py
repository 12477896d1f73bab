"""The global cap on automatic mail (rule A8): over it replies are kept and shown, mails are never held back.

Counting all mail of an hour for each reply would cost more than the reply; so a process looks
every few seconds, and between two looks relies on what it saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.store import Db
from models.store.outbox import automatic_was_at

LOOK_EVERY: Final = timedelta(seconds=10)
WINDOW: Final = timedelta(hours=1)


@dataclass(slots=True)
class StormWatch:
    """What a process last saw of the desk's automatic mail."""

    looked_at_utc: datetime | None = None
    is_over: bool = False

    def over_cap(self, db: Db, cap: int, now_utc: datetime) -> bool:
        """Tell whether `cap` automatic mails were written within the last hour, by all processes together."""
        if self.looked_at_utc is None or abs(now_utc - self.looked_at_utc) >= LOOK_EVERY:
            at = automatic_was_at(db, cap)
            self.looked_at_utc, self.is_over = now_utc, at is not None and at > now_utc - WINDOW
        return self.is_over
