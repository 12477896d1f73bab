"""Dates in digits alone: 2026-11-18, 18.11.2026, 18.11, 11/18.

Numbers like 18.11 are day first in Russian and English and month first in Chinese, unless a number above 12
on the same line says otherwise; they count as a date only when the words beside them allow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Final

from intake.extraction.calendar_words import full_year, without_year
from intake.extraction.date_marks import MAX_MARKS, DateMark
from intake.extraction.neighbours import word_before, word_set
from intake.extraction.numerals import DAY_MONTH, FULL_DATE, ISO_DATE, MONTH_DASH_DAY
from intake.extraction.regions import Region

Plausible = Callable[[Region, int, int], float]
_ISO: Final = re.compile(
    r"(?<![0-9])(?<!\?datefrom=)(?P<y>20[0-9]{2})(?P<s>[-./])(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>0[1-9]|[12][0-9]|3[01]|[1-9])(?![0-9])"
)
_DMY: Final = re.compile(
    r"(?P<a>[0-9](?<![0-9.,/:].)(?<![a-zа-я]-.)[0-9]?)(?P<s>[./-])(?P<b>[0-9]{1,2})(?P=s)"
    r"(?P<y>20[0-9]{2}|[0-9]{2})(?![0-9]|[./][0-9])"
)
_DM_START: Final = re.compile(r"[0-9](?<![0-9.,/:].)(?=[0-9]?(?:[./][0-9]|-[0-9]{1,2}[./][0-9]))")
_DM: Final = re.compile(
    r"(?<![0-9.,/:])(?<![0-9][0-9]:[0-9][0-9]-)(?:(?P<d0>[0-9]{1,2})-)?(?P<a>[0-9]{1,2})(?P<s>[./])(?P<b>[0-9]{1,2})(?![0-9])"
    r"(?![.,:/][0-9]|-(?:[a-z]|[а-я][0-9]))"  # batch 26.10-A4
)
_MD_DASH: Final = re.compile(
    r"(?<![0-9a-z./:-])(?P<a>0[1-9]|1[0-2])-(?P<b>0[1-9]|[12][0-9]|3[01])(?![0-9a-z/:-]|[天件个])"
)
_WEEK: Final = re.compile(
    r"([0-9](?<![0-9.,/].)[0-9]?)/([0-9]{1,2}) ?[-~] ?([0-9]{1,2})/([0-9]{1,2})(?![0-9/]|[.,][0-9])"
)
_FULL_MONTH: Final = 2
_MONTHS: Final = 12
_LIST_REACH: Final = 24
_NEAR_PAST: Final = timedelta(days=-120)
_NEAR_AHEAD: Final = timedelta(days=60)
_RANGE_SCORE: Final = 2.2
MAX_YEARS_AHEAD: Final = 14  # 6-3-2041 is no day of a case
_PAIR: Final = re.compile(r"([0-9](?<![0-9.,/].)[0-9]?)[./-]([0-9]{1,2})(?![0-9.,/])")


def _iso(region: Region) -> Iterator[DateMark]:
    for match in islice(_ISO.finditer(region.lower), MAX_MARKS):
        yield DateMark(
            match.start(), match.end(), (int(match["y"]), int(match["m"]), int(match["d"])), kind="iso"
        )


def _line_orders(region: Region) -> dict[int, bool]:
    """Return line start -> whether its numeric dates are month first, for lines that tell."""
    orders: dict[int, bool] = {}
    for match in _WEEK.finditer(region.lower):
        first, second, third, fourth = (int(number) for number in match.groups())
        if (first == third) != (second == fourth):  # 10/5-10/11: what is the same in both is the month
            orders.setdefault(region.line_start(match.start()), first == third)
    for match in _PAIR.finditer(region.lower):
        first, second = int(match[1]), int(match[2])
        if (first > 12) != (second > 12) and max(first, second) <= 31:
            orders.setdefault(region.line_start(match.start()), second > 12)
    return orders


def _day_and_month(
    match: re.Match[str], order_of: Callable[[int], bool | None], mail_date: date | None
) -> tuple[int, int] | None:
    """Return (day, month) of a year-less numeric date, None when it cannot be one."""
    first, second = int(match["a"]), int(match["b"])
    month_first = second > 12
    if first <= 12 and not month_first:
        order = order_of(match.start())
        if order is None and match["s"] == "/" and mail_date is not None:
            # Both orders are in use with a slash: the reading that lies nearer to the mail is meant.
            readings = [
                without_year(month, day, mail_date) for day, month in ((first, second), (second, first))
            ]
            distance = [abs((found - mail_date).days) if found else 999 for found in readings]
            order = distance[1] < distance[0]
        month_first = bool(order)
    day, month = (second, first) if month_first else (first, second)
    return (day, month) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _is_far(month: int, day: int, mail_date: date | None) -> bool:
    """Tell whether a day without a year lies months from the mail: most that mails name are near it."""
    found = without_year(month, day, mail_date) if mail_date is not None else None
    return found is not None and mail_date is not None and not _NEAR_PAST <= found - mail_date <= _NEAR_AHEAD


def _is_share(region: Region, match: re.Match[str]) -> bool:
    """Tell whether the number is one of a list of shares like 4/14, 9/14, 13/14."""
    if match["s"] == ".":
        return False
    low = max(0, match.start() - _LIST_REACH)
    others = _PAIR.finditer(region.lower, low, match.end() + _LIST_REACH)
    return any(int(one[1]) > _MONTHS < int(one[2]) == int(match["b"]) for one in others)


def _full_numeric(region: Region, mail_date: date | None) -> Iterator[DateMark]:
    for match in islice(_DMY.finditer(region.lower), MAX_MARKS):
        day, month = int(match["a"]), int(match["b"])
        short, swapped = len(match["y"]) == 2, month > 12 >= day
        if swapped:
            day, month = month, day
        version = short and (len(match["b"]) == 1 or not 20 <= int(match["y"]) <= 35)
        version = version or (
            short and swapped and match["s"] == "."
        )  # 7.14.22: no date puts the month first
        far = (
            mail_date is not None
            and match["s"] == "-"
            and full_year(match["y"]) > mail_date.year + MAX_YEARS_AHEAD
        )
        if 1 <= month <= 12 and not version and not far and not (short and match["s"] == "-"):
            yield DateMark(match.start(), match.end(), (full_year(match["y"]), month, day), kind="dmy")


def _short_ones(small: str) -> Iterator[re.Match[str]]:
    """Yield what `_DM` finds, tried only where a number and a dot or slash begin."""
    reached = 0
    for start in _DM_START.finditer(small):
        match = _DM.match(small, start.start()) if start.start() >= reached else None
        if match is not None:
            reached = match.end()
            yield match


def _is_led(region: Region, start: int) -> bool:
    return word_set("date", "before_for").before(word_before(region.lower, start))


def _short_numeric(
    region: Region, language: str, mail_date: date | None, plausible: Plausible
) -> Iterator[DateMark]:
    orders: list[dict[int, bool]] = []
    usual = True if language == "zh" else None

    def order_of(start: int) -> bool | None:
        if not orders:
            orders.append(_line_orders(region))
        return orders[0].get(region.line_start(start), usual)

    for match in islice(_short_ones(region.lower), MAX_MARKS):
        pair = _day_and_month(match, order_of, mail_date)
        if pair is None:
            continue
        day, month = pair
        start = match.start("a")
        swapped = match["s"] == "." and not usual and day > _MONTHS and day == int(match["b"])
        if swapped and _is_far(month, day, mail_date):
            continue  # "the tariff was 1.25": with a dot the month stands first in Chinese only
        score = plausible(region, start, match.end())
        if score > 0 and _is_share(region, match):
            score = 0.0
        if score <= 0 and match["d0"] and len(match["b"]) == _FULL_MONTH and _is_led(region, match.start()):
            score = _RANGE_SCORE  # неделя 2-8.11
        if match["d0"] and int(match["d0"]) < day and match["s"] == "." and score > 0:
            first = (None, month, int(match["d0"]))
            yield DateMark(match.start(), match.end(), first, (None, month, day), 3.5, "dm")
        elif score > 0:
            yield DateMark(start, match.end(), (None, month, day), None, score, "dm")


def _dashed(region: Region) -> Iterator[DateMark]:
    for match in _MD_DASH.finditer(region.lower):
        yield DateMark(match.start(), match.end(), (None, int(match["a"]), int(match["b"])), None, 2.7, "dm")


def find_numeric_dates(
    region: Region, language: str, mail_date: date | None, plausible: Plausible
) -> Iterator[DateMark]:
    """Yield the dates in digits of a region; readings of the same digits may overlap.

    `plausible` says how likely a bare "18.11" at [start, end) is a date; 0 or less means that it is none.
    """
    if region.digits & ISO_DATE:
        yield from _iso(region)
    if region.digits & FULL_DATE:
        yield from _full_numeric(region, mail_date)
    if region.digits & DAY_MONTH:
        yield from _short_numeric(region, language, mail_date, plausible)
    if region.digits & MONTH_DASH_DAY and language == "zh":
        yield from _dashed(region)
