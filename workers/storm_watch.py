"""The global cap on automatic mail (rule A8): over it replies are kept and shown, mails are never held back.

Counting all mail of an hour for each reply would cost more than the reply; so a process looks
every few seconds, and counts its own replies between two looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from models.store import Db
from models.store.outbox import automatic_newest

LOOK_EVERY: Final = timedelta(seconds=10)
WINDOW: Final = timedelta(hours=1)


@dataclass(slots=True)
class StormWatch:
    """What a process last saw of the desk's automatic mail, and how much it may still write."""

    looked_at_utc: datetime | None = None
    left: int = 0

    def over_cap(self, db: Db, cap: int, now_utc: datetime) -> bool:
        """Tell whether `cap` automatic mails were written within the last hour, by all processes together.

        Each call that says no counts as one mail written; a process that dies in between loses nothing.
        """
        if self.looked_at_utc is None or abs(now_utc - self.looked_at_utc) >= LOOK_EVERY:
            self.looked_at_utc = now_utc
            self.left = cap - automatic_newest(db, now_utc - WINDOW, most=cap)
        self.left -= 1
        return self.left < 0
