"""Relative days: вчера, 今天, tomorrow and names of weekdays, resolved from the mail's own date.

They count as an event date for the required data (domain rule 2.4) but are no `date` entities. A weekday
means the last one before the mail, or the next one behind words for a term ("до пятницы", "by Friday").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from intake.extraction.lexicon import Words, load_toml
from intake.extraction.neighbours import WordSet, word_before
from intake.extraction.regions import Region

_NEXT: Final = WordSet(load_toml("months.toml")["period"]["next"])


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """A relative day; `value` is its ISO date, "" when the mail has no date."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    words: Words
    days: dict[str, int]  # word -> days from the mail's date
    weekdays: dict[str, int]  # name -> 0 for Monday


@cache
def _vocabulary() -> _Vocabulary:
    data = load_toml("months.toml")
    days = {word: int(shift) for shift, words in data["relative_days"].items() for word in words}
    weekdays = {word: int(number) for number, words in data["weekdays"].items() for word in words}
    return _Vocabulary(Words([*days, *weekdays]), days, weekdays)


def find_relative_dates(region: Region, mail_date: date | None) -> list[RelativeDay]:
    """Return the relative days of a region in reading order."""
    known = _vocabulary()
    found = []
    for match in known.words.finditer(region.lower, region.starts):
        word = match[0]
        if mail_date is None:
            value = ""
        elif word in known.days:
            value = (mail_date + timedelta(days=known.days[word])).isoformat()
        else:
            value = _weekday(region, match.start(), known.weekdays[word], mail_date).isoformat()
        found.append(RelativeDay(match.start(), match.end(), value))
    return found


def _weekday(region: Region, start: int, weekday: int, mail_date: date) -> date:
    back = (mail_date.weekday() - weekday) % 7
    if _NEXT.before(word_before(region.lower, start)):
        return mail_date + timedelta(days=(7 - back) % 7 or 7)
    return mail_date - timedelta(days=back or 7)
