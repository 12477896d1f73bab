"""Periods that are written with two dates: ranges inside one month, and two dates with "-", "по" or 至.

A period's value is "2026-11-01/2026-11-15", both days included. Where both readings of a numeric range
are possible ("01.11-11.10"), the shorter range is meant.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from intake.extraction.date_marks import DateMark, Parts, resolve
from intake.extraction.regions import Region

LONGEST: Final = timedelta(days=800)
_JOIN: Final = re.compile(
    r"\s?(?:-|~|\.\.|по|до|to|till|until|through|至|(?:一直|跑|拖|持续|挂|等|排|停)?到|--)"
    r"\s?(?:the )?(?:周[一二三四五六日])?"
)
_MAX_GAP: Final = 12


class PeriodMark(NamedTuple):
    """A written period: both days included."""

    start: int
    end: int
    first: date
    last: date
    score: float = 4.2

    @property
    def value(self) -> str:
        """The value in the form of the corpus."""
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


def _ordered(first: Parts, last: Parts, mail_date: date | None) -> tuple[date, date] | None:
    """Return first and last day, the year of one taken from the other where it has none."""
    year, month, day = first
    last_year, last_month, last_day = last
    end = resolve(last, mail_date)
    if end is None or month is None or last_month is None:
        return None
    begin = resolve((year or last_year, month, day), mail_date)
    if begin is not None and begin > end and year is None:
        # "12-18 January" may begin before the oldest day that one without a year can mean.
        begin = resolve((end.year - ((month, day) > (last_month, last_day)), month, day), mail_date)
    if begin is not None and begin > end and last_year is None:
        end = resolve((begin.year + (last_month < month), last_month, last_day), mail_date)
    return (begin, end) if begin and end and timedelta(0) < end - begin <= LONGEST else None


def _pair(first: DateMark, last: DateMark, mail_date: date | None) -> tuple[date, date] | None:
    """Return the two days of a range; of two possible orders of day and month the shorter range is meant."""
    plain = _ordered(first.first, last.first, mail_date)
    (year, month, day), (last_year, last_month, last_day) = first.first, last.first
    if first.kind != "dm" or last.kind != "dm" or month is None or last_month is None:
        return plain
    if day > 12 or last_day > 12:
        return plain
    swapped = _ordered((year, day, month), (last_year, last_day, last_month), mail_date)
    if plain is None or swapped is None:
        return plain or swapped
    return min(plain, swapped, key=lambda pair: pair[1] - pair[0])


def _joined(region: Region, first: DateMark, second: DateMark) -> bool:
    gap = region.lower[first.end : second.start]
    if len(gap) > _MAX_GAP:
        return False
    return _JOIN.fullmatch(gap) is not None


def join_dates(
    region: Region, marks: list[DateMark], mail_date: date | None
) -> tuple[list[PeriodMark], list[DateMark]]:
    """Return the periods that written ranges and neighbouring dates form, and the dates left over."""
    periods: list[PeriodMark] = []
    left: list[DateMark] = []
    index = 0
    while index < len(marks):
        mark = marks[index]
        index += 1
        if mark.last is not None:
            both = _ordered(mark.first, mark.last, mail_date)
            if both is not None:
                periods.append(PeriodMark(mark.start, mark.end, *both, 4.6))
            continue
        following = marks[index] if index < len(marks) else None
        if following is not None and following.last is None and _joined(region, mark, following):
            pair = _pair(mark, following, mail_date)
            if pair is not None:
                periods.append(PeriodMark(mark.start, following.end, *pair, 4.8))
                index += 1
                continue
        left.append(mark)
    return periods, left
