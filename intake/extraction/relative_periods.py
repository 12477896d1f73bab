"""Weeks, months, quarters and years told from the mail's own date: прошлая неделя, last month, 上个月.

A finding, no `period` entity: the corpus annotates written periods only. The value is like
"2026-11-02/2026-11-08", both days included; weeks run from Monday to Sunday as the marketplaces' reports do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from intake.extraction.calendar_words import month_end
from intake.extraction.finding_words import Mark
from intake.extraction.regions import Region

_WEEKDAY_SIGNS: Final = frozenset("一二三四五六日天末")
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class RelativeSpan:
    """A relative period; `value` is "" when the mail has no date."""

    start: int
    end: int
    value: str


def span_of(unit: str, shift: int, day: date) -> tuple[date, date]:
    """Return first and last day of the week, month, quarter or year `shift` units from the one of `day`."""
    if unit == "week":
        monday = day - timedelta(days=day.weekday()) + timedelta(weeks=shift)
        return monday, monday + timedelta(days=6)
    length = _MONTHS[unit]
    first = ((day.year * 12 + day.month - 1) // length + shift) * length
    last = first + length - 1
    return date(first // 12, first % 12 + 1, 1), month_end(last // 12, last % 12 + 1)


def find_relative_periods(
    region: Region, marks: Iterable[Mark], mail_date: date | None
) -> Iterator[RelativeSpan]:
    """Yield the relative periods of a region in reading order; `marks` are the words found in it."""
    for mark in marks:
        if mark.kind != "span" or region.lower[mark.end : mark.end + 1] in _WEEKDAY_SIGNS:
            continue  # 上周三 is a day
        if mail_date is None:
            yield RelativeSpan(mark.start, mark.end, "")
            continue
        unit, shift = mark.value.split()
        first, last = span_of(unit, int(shift), mail_date)
        yield RelativeSpan(mark.start, mark.end, f"{first.isoformat()}/{last.isoformat()}")
