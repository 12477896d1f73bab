"""The day by which a seller needs an answer (rule R25), resolved to an ISO date.

Three ways of saying it: a written or relative day behind a word for a term ("до 20.11", "by Friday",
11月20日前), a span from now ("в течение 24 часов", "2 days left", 3天内) beside words that demand something,
and the end of a day, week, month or quarter ("до конца месяца", "by the end of the week", 月底前). A day
before the mail's own is no deadline unless a strong word says so ("срок истёк 10.11").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from intake.extraction.finding_words import Mark
from intake.extraction.lexicon import load_toml, words_of
from intake.extraction.neighbours import WordSet, word_before, word_behind
from intake.extraction.regions import Region
from intake.extraction.relative_dates import counting, shifted
from intake.extraction.relative_periods import span_of
from intake.extraction.signs import WITHIN

_FILE: Final = "findings.toml"
_STRONG_GAP: Final = 25
_DEMAND_REACH: Final = 45
_HOURS_OF_DAY: Final = 24
_BREAK: Final = re.compile(r"[.!?]\s|[。！？;；\n]")
_CLOCK: Final = re.compile(r",? ?(?:до|к|by|before|until|at) [0-9]{1,2}(?:[:.][0-9]{2}| ?(?:час|pm|am))")
_TERM_BEHIND: Final = (" left", " remain", "内")
# Of every word before a span.
_TERM_START: Final = re.compile(
    r"[вwоoе还只剩仅з](?<![a-zа-я].)"
    r"(?:(?<=[还只剩仅])|(?<=в) т|(?<=w)ith|(?<=о)ста|(?<=o)nly|(?<=е)ще|(?<=з)а)"
)
Dated = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline; `value` is its ISO date, "" when the mail has no date."""

    start: int
    end: int
    value: str


@cache
def _soft(key: str) -> WordSet:
    return WordSet(load_toml(_FILE)["deadline"][key])


@cache
def _terms() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the expression for a span behind a word for a term, and that for one before or behind a word."""
    number, unit = counting().number, counting().unit
    hours = "|".join(re.escape(word) for word in load_toml("relative.toml")["hours"]["words"])
    kind = r"(?:(?:рабочих|календарных|working|business|个?工作) ?)?"
    span = rf"(?P<n>{number}) ?{kind}(?:(?P<u>{unit})|(?P<h>{hours}))"
    fore = r"в течение|within(?: the next)?|осталось|остается|остался|only|еще есть|还剩|只剩|剩下?|仅剩|за"
    before = rf"(?<![a-zа-я])(?P<w>{fore}) ?(?:всего |about |ближайших |ближайшие )?{span}(?![a-zа-я])"
    plain = re.sub(r"\?P<([nuh])>", r"?P<\g<1>2>", span)
    behind = rf"(?<![0-9.,:/-]){plain}(?P<w2>(?: left| remain[a-z]*|[之以]?内))(?![a-zа-я])"
    absent = "".join(f"(?P<{name}2>(?!))?" for name in "nuhw")  # both have the same groups
    return re.compile(before + absent), re.compile(f"(?:{before}|{behind})")


def _spans_in(small: str) -> Iterator[re.Match[str]]:
    """Yield the spans of time with a word for a term in reading order."""
    if any(map(small.__contains__, _TERM_BEHIND)):
        yield from _terms()[1].finditer(small)
        return
    reached = 0
    for place in _TERM_START.finditer(small):
        match = _terms()[0].match(small, place.start()) if place.start() >= reached else None
        if match is not None:
            reached = match.end()
            yield match


def find_deadlines(
    region: Region, marks: Sequence[Mark], dated: Iterable[Dated], mail_date: date | None
) -> Iterator[Deadline]:
    """Yield the deadlines of a region; `dated` are its days as (start, end, ISO date), `marks` its words."""
    strong = [(mark.start, mark.end) for mark in marks if mark.kind == "strong"]
    today = mail_date.isoformat() if mail_date else ""
    for start, end, value in dated:
        if _after_strong(region, strong, start, end) or (value >= today and _is_term(region, start, end)):
            yield Deadline(start, end, value)
    if mail_date is not None:
        yield from _spans(region, strong, mail_date)
        yield from _period_ends(marks, mail_date)


def _after_strong(region: Region, strong: list[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether a word like "крайний срок" stands before the day, or right behind it."""
    for first, last in strong:
        gap = region.lower[last:start] if last <= start else region.lower[end:first] if first >= end else None
        limit = _STRONG_GAP if last <= start else _STRONG_GAP // 2
        if gap is not None and len(gap) <= limit and not _BREAK.search(gap):
            return True
    return False


def _is_term(region: Region, start: int, end: int) -> bool:
    if _soft("before").before(word_before(region.lower, start)):
        return True
    if _CLOCK.match(region.lower, end):
        return True
    return _soft("behind").behind(word_behind(region.lower, end))


def _spans(region: Region, strong: list[tuple[int, int]], mail_date: date) -> Iterator[Deadline]:
    if region.signs.isdisjoint(WITHIN):
        return
    for match in _spans_in(region.lower):
        low = max(0, match.start() - _DEMAND_REACH)
        around = region.lower[low : match.end() + _DEMAND_REACH]
        left = match["w2"] is not None and "left" in match["w2"]
        spoken = left or (match["w"] or "").startswith(("оста", "剩", "还剩", "只剩", "仅剩", "еще есть"))
        near = any(low <= first <= match.end() + _DEMAND_REACH for first, _ in strong)
        if not (spoken or near or words_of(_FILE, "deadline", "demand").search(around)):
            continue
        number, unit, hours = (match[name] or match[name + "2"] for name in ("n", "u", "h"))
        if hours:
            count = counting().numbers.get(number) or int(number)
            day = mail_date + timedelta(days=-(-count // _HOURS_OF_DAY))
        else:
            day = shifted(mail_date, *counting().days(number, unit))
        yield Deadline(match.start(), match.end(), day.isoformat())


def _period_ends(marks: Iterable[Mark], mail_date: date) -> Iterator[Deadline]:
    for mark in marks:
        if mark.kind == "end":
            day = mail_date if mark.value == "day" else span_of(mark.value, 0, mail_date)[1]
            yield Deadline(mark.start, mark.end, day.isoformat())
