"""A written date, and the day that it means.

Every way of writing becomes a `DateMark`: a day, month and year of which the last two may be missing, or two
of them when the writing itself is a range ("12-15 ноября", 10月1日至15日).
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from intake.extraction.calendar_words import make_date, without_month, without_year

MAX_MARKS: Final = 300  # of one form and field; more is a table, not a letter

Parts = tuple[int | None, int | None, int]


class DateMark(NamedTuple):
    """A written date: (year, month, day) with None for what is not written; `last` when it is a range."""

    start: int
    end: int
    first: Parts
    last: Parts | None = None
    score: float = 4.0
    kind: str = "word"  # word, iso, dmy, dm, chinese, day, since, numbered

    def resolved(self, mail_date: date | None) -> date | None:
        """Return the (first) day meant; None when it cannot be known or does not exist."""
        if self.kind == "since" and self.first[1] is None and mail_date is not None:
            return without_month(self.first[2], mail_date, past=True)
        return resolve(self.first, mail_date)


def resolve(parts: Parts, mail_date: date | None) -> date | None:
    """Return the day of (year, month, day), completed from the mail's own date."""
    year, month, day = parts
    if year is not None and month is not None:
        return make_date(year, month, day)
    if mail_date is None:
        return None
    if month is not None:
        return without_year(month, day, mail_date)
    return without_month(day, mail_date)
