"""Relative days: вчера, 今天, last Friday, 上周三, "3 дня назад", resolved from the mail's own date.

They count as an event date for the required data (domain rule 2.4) but are no `date` entities. A weekday
means the last one before the mail, or the next one behind words for a term ("до пятницы", "by Friday");
上周三 is the Wednesday of the week before, 本周三 of this one. Words: `months.toml`, `relative.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from intake.extraction.calendar_words import around, month_end
from intake.extraction.finding_words import Mark
from intake.extraction.lexicon import load_toml
from intake.extraction.neighbours import WordSet, word_before
from intake.extraction.regions import Region
from intake.extraction.signs import COUNTED

_NEXT: Final = WordSet(load_toml("months.toml")["period"]["next"])
_MONTH_DAYS: Final = 30  # the unit "month" in relative.toml
_WEEK_SIGNS: Final = "周週星期礼拜"
_WEEKDAYS: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_WEEK_REACH: Final = 5
_COUNT_REACH: Final = 45  # characters of the longest count and unit
MAX_DAYS: Final = 400


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A relative day; `value` is its ISO date, "" when the mail has no date."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Counting:
    """How counts of days are written: expressions for number and unit, and what each word means."""

    number: str
    unit: str
    numbers: dict[str, int]
    units: dict[str, int]

    def days(self, number: str | None, unit: str) -> tuple[int, int]:
        """Return (count, days of the unit; 30 is a calendar month)."""
        count = 1 if number is None else self.numbers.get(number.strip()) or int(number)
        return count, self.units[unit]


@cache
def _weeks() -> tuple[tuple[str, int], ...]:
    """Return what stands before a weekday (上 of 上周三) with its shift in weeks, longest first."""
    rows = load_toml("relative.toml")["week_before"]
    weeks = {word.rstrip(_WEEK_SIGNS): int(shift) for shift, words in rows.items() for word in words}
    return tuple(sorted(weeks.items(), key=lambda pair: -len(pair[0])))


def _either(words: dict[str, int]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


@cache
def counting() -> Counting:
    """Return the vocabulary of counted days."""
    data: dict[str, Any] = load_toml("relative.toml")
    numbers = {word: int(number) for number, words in data["numbers"].items() for word in words}
    units = {word: int(days) for days, words in data["units"].items() for word in words}
    return Counting(rf"(?:[0-9]{{1,3}}|{_either(numbers)})", f"(?:{_either(units)})", numbers, units)


class _CountedForm(NamedTuple):
    """One way to write a counted day, and how far it reaches before and behind where a sign begins."""

    pattern: re.Pattern[str]
    signs: tuple[str, ...]  # one of these stands in every match
    before: int
    behind: int


@cache
def _counted_forms() -> tuple[_CountedForm, ...]:
    number, unit = counting().number, counting().unit
    start = r"(?<![0-9a-zа-я.,:/-])"
    past = rf"{start}(?:(?P<n>{number}) )?(?P<u>{unit}) (?:тому )?(?P<s>назад|ago)(?![a-zа-я])"
    ahead = rf"{start}(?P<s>через|in) (?:(?P<n>{number}) )?(?P<u>{unit})(?![a-zа-я])"
    chinese = rf"(?<![0-9.,:/第-])(?P<n>{number}) ?(?P<u>{unit})[之以]?(?P<s>[前后後])(?!台)"
    return (
        _CountedForm(re.compile(past), ("назад", "ago"), _COUNT_REACH, len("назад") + 1),
        _CountedForm(re.compile(ahead), ("через", "in "), 0, _COUNT_REACH),
        _CountedForm(re.compile(chinese), ("前", "后", "後"), _COUNT_REACH, 2),
    )


def shifted(day: date, count: int, unit_days: int) -> date:
    """Return `day` moved by `count` units; a month keeps the day of the month where it exists."""
    if unit_days != _MONTH_DAYS:
        return day + timedelta(days=count * unit_days)
    months = day.year * 12 + day.month - 1 + count
    last = month_end(months // 12, months % 12 + 1)
    return last.replace(day=min(day.day, last.day))


def find_relative_dates(region: Region, marks: Iterable[Mark], mail_date: date | None) -> list[RelativeDay]:
    """Return the relative days of a region, the named ones first; `marks` are the words found in it."""
    found = []
    for mark in marks:
        start, end, day = mark.start, mark.end, None
        if mark.kind == "day":
            day = mail_date + timedelta(days=int(mark.value)) if mail_date else None
        elif mark.kind == "weekday":
            start, day = _weekday(region, start, int(mark.value), mail_date) if mail_date else (start, None)
        elif mark.kind == "span" and _weekday_behind(region, mark) is not None:
            end = mark.end + 1
            day = _day_of_week(mark.value, _weekday_behind(region, mark) or 0, mail_date)
        else:
            continue
        found.append(RelativeDay(start, end, day.isoformat() if day else ""))
    if not region.signs.isdisjoint(COUNTED):
        found += _counted(region, mail_date)
    return found


def _weekday_behind(region: Region, mark: Mark) -> int | None:
    """Return the weekday of 上周三, of which 上周 was found as a span; None when no weekday follows."""
    if region.lower[mark.end - 1] not in _WEEK_SIGNS:
        return None
    return _WEEKDAYS.get(region.lower[mark.end : mark.end + 1])


def _day_of_week(span: str, weekday: int, mail_date: date | None) -> date | None:
    if mail_date is None:
        return None
    return mail_date + timedelta(days=7 * int(span.split()[1]) + weekday - mail_date.weekday())


def _counted(region: Region, mail_date: date | None) -> Iterator[RelativeDay]:
    for form in _counted_forms():
        matches = [
            match
            for sign in form.signs
            if sign in region.signs
            for match in around(form.pattern, region.lower, sign, form.before, form.behind)
        ]
        for match in sorted(matches, key=re.Match.start) if len(matches) > 1 else matches:
            count, days = counting().days(match["n"], match["u"])
            sign = -1 if match["s"] in ("назад", "ago", "前") else 1
            if match["n"] is None and match["s"] == "in":
                continue  # "in days" counts nothing
            if count * days <= MAX_DAYS:
                value = shifted(mail_date, sign * count, days).isoformat() if mail_date else ""
                yield RelativeDay(match.start(), match.end(), value)


def _weekday(region: Region, start: int, weekday: int, mail_date: date) -> tuple[int, date]:
    """Return where the weekday's name with its 上, 本 or 下 begins, and the day that is meant."""
    lead = region.lower[max(0, start - _WEEK_REACH) : start]
    for word, shift in _weeks():
        if lead.endswith(word):
            monday = mail_date - timedelta(days=mail_date.weekday())
            return start - len(word), monday + timedelta(days=7 * shift + weekday)
    back = (mail_date.weekday() - weekday) % 7
    if _NEXT.before(word_before(region.lower, start)):
        return start, mail_date + timedelta(days=(7 - back) % 7 or 7)
    return start, mail_date - timedelta(days=back or 7)
