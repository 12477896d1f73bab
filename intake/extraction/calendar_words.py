"""The calendar as mails write it: month names, and the year of a date that has none.

A year-less date means its occurrence within 305 days before to 60 days after the mail's own date (11 % of
the dates in the corpus lie ahead); a bare day ("16-го", 15号) means the nearest month in which it exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Final

from intake.extraction.lexicon import load_toml

DAYS_BACK: Final = 305
DAYS_AHEAD: Final = 60
MAX_SIGNS: Final = 1_000  # of one field; more is no letter
_BEFORE_SIGN: Final = 14  # 2026 年 12 月: characters before the sign that a date can take
_BEHIND_SIGN: Final = 30  # and behind it: 月 1 日 至 12 月 15 日


@cache
def month_numbers() -> dict[str, int]:
    """Return month name (lower case, ё as е) -> 1..12."""
    return {
        name: int(number) for number, names in load_toml("months.toml")["names"].items() for name in names
    }


def month_pattern() -> str:
    """Return an expression for any month name, longest first, without groups."""
    return "(?:" + "|".join(sorted(month_numbers(), key=lambda name: (-len(name), name))) + ")"


@cache
def chinese_digits() -> dict[str, int]:
    """Return Chinese digit -> number."""
    return {char: int(number) for char, number in load_toml("months.toml")["chinese_digits"].items()}


def chinese_number(text: str) -> int | None:
    """Return the number 1-99 (or a year written digit by digit) of Chinese digits; None when it is none."""
    digits = chinese_digits()
    if len(text) == 4 and all(char in digits for char in text):
        return int("".join(str(digits[char]) for char in text))
    tens, found, units = text.partition("十")
    if not found:
        return digits.get(text) if len(text) == 1 else None
    if (tens and tens not in digits) or (units and units not in digits):
        return None
    return (digits[tens] if tens else 1) * 10 + (digits[units] if units else 0)


def around(
    pattern: re.Pattern[str], text: str, sign: str, before: int = _BEFORE_SIGN, behind: int = _BEHIND_SIGN
) -> Iterator[re.Match[str]]:
    """Yield the matches of `pattern` in order, each of which must hold `sign` near its start.

    Only the characters around each `sign`, `before` and `behind` it, are searched, which costs a fraction of
    a search everywhere.
    """
    place, reached, seen = text.find(sign), 0, 0
    while place >= 0 and seen < MAX_SIGNS:
        seen += 1
        match = pattern.search(text, max(reached, place - before), place + behind)
        if match is not None and match.start() <= place:
            reached = match.end()
            yield match
        place = text.find(sign, max(place + 1, reached))


def make_date(year: int, month: int, day: int) -> date | None:
    """Return the date, or None when the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def full_year(written: str) -> int:
    """Return the year of two or four written digits."""
    year = int(written)
    return year + 2000 if year < 100 else year


def without_year(month: int, day: int, mail_date: date) -> date | None:
    """Return the occurrence of day and month that a mail of `mail_date` means."""
    low, high = mail_date - timedelta(days=DAYS_BACK), mail_date + timedelta(days=DAYS_AHEAD)
    found = [make_date(mail_date.year + shift, month, day) for shift in (0, -1, 1)]
    for candidate in found:
        if candidate is not None and low <= candidate <= high:
            return candidate
    return next((candidate for candidate in found if candidate is not None), None)


def without_month(day: int, mail_date: date, *, past: bool = False) -> date | None:
    """Return the date nearest to `mail_date` that falls on this day of a month; `past`: not after it."""
    around = []
    for shift in (-1, 0, 1):
        month = mail_date.month + shift
        year = mail_date.year + (month - 1) // 12
        candidate = make_date(year, (month - 1) % 12 + 1, day)
        if candidate is not None and not (past and candidate > mail_date):
            around.append(candidate)
    return min(around, key=lambda found: abs((found - mail_date).days), default=None)


def month_end(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def year_of_month(month: int, mail_date: date) -> int:
    """Return the year of a month without one: the latest that has begun or begins within 16 days."""
    return mail_date.year - (date(mail_date.year, month, 1) > mail_date + timedelta(days=16))
