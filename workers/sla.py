"""The clock of a ticket: which term runs, when it is over, how much of it was used (rules R28, R29).

In go the dated status moves of a ticket, its terms and the desk's calendar, out comes the clock;
nothing is counted up in a row, so a changed calendar or term is right at once for every ticket.
Time in `waiting_seller` does not count. The first term runs until somebody of the desk reacts,
then the term of solving; a reopened ticket goes on with what was left.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from models.topics import SLUGS, Status
from workers.priority import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from models.decisions import StatusMove
    from workers.business_time import BusinessCalendar

FIRST_REACTION: Final = "first_reaction"
RESOLUTION: Final = "resolution"
MARKETPLACES: Final = ("ozon", "wb", "unknown")
_TERM: Final = re.compile(r"(\d{1,4})\s?(min|h|d)", re.ASCII)
_UNIT_S: Final = {"min": 60, "h": 3600}
_RUNS: Final = frozenset({Status.NEW, Status.IN_PROGRESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaTerms:
    """How long a desk may take, in seconds of working time."""

    first_reaction_s: int
    resolution_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaClock:
    """Where a ticket stands. `due_at_utc` is None while the clock is paused or stopped."""

    phase: str
    due_at_utc: datetime | None
    spent_s: float
    left_s: float  # below 0: over

    @property
    def is_breached(self) -> bool:
        """True when more time was used than the term gives."""
        return self.left_s < 0


def sla_clock(
    moves: Sequence[StatusMove],
    terms: SlaTerms,
    calendar: BusinessCalendar,
    *,
    now_utc: datetime,
    first_reaction_at_utc: datetime | None,
) -> SlaClock:
    """Work out the clock at `now_utc` from the status moves, oldest first."""
    first = first_reaction_at_utc is None
    spent_s = _spent_s(moves, calendar, now_utc)
    term_s = terms.first_reaction_s if first else terms.resolution_s
    status = moves[-1].to if moves else Status.NEW
    left_s = term_s - spent_s
    if status is Status.CLOSED:
        return SlaClock(phase="", due_at_utc=None, spent_s=spent_s, left_s=left_s)
    phase = FIRST_REACTION if first else RESOLUTION
    if status not in _RUNS:
        return SlaClock(phase=phase, due_at_utc=None, spent_s=spent_s, left_s=left_s)
    due = calendar.after(now_utc, left_s) if left_s >= 0 else _overran_at(moves, calendar, term_s)
    return SlaClock(phase=phase, due_at_utc=due, spent_s=spent_s, left_s=left_s)


def terms_of(table: dict[str, Any], *, marketplace: str, topic: str, priority: str) -> SlaTerms:
    """Choose the terms: those of topic and marketplace, topic, marketplace, or the default.

    A priority may shorten them by a factor. Raises ValueError for a term that is none.
    """
    row = dict(table["default"])
    for key in (marketplace, topic, f"{topic}@{marketplace}"):
        row |= table.get("terms", {}).get(key, {})
    factor = float(table.get("priority_factor", {}).get(priority, 1.0))
    day_s = int(table.get("working_day_s", 9 * 3600))
    return SlaTerms(
        first_reaction_s=int(parse_term_s(row["first_reaction"], day_s) * factor),
        resolution_s=int(parse_term_s(row["resolution"], day_s) * factor),
    )


def check_terms(body: Mapping[str, Any]) -> None:
    """Raise ValueError for terms that cannot be used, or hold a key that nothing reads (a misspelt one)."""
    _check_words(body)
    for topic in SLUGS:
        for marketplace in MARKETPLACES:
            for priority in ("", *body.get("priority_factor", {})):
                terms = terms_of(dict(body), marketplace=marketplace, topic=topic, priority=priority)
                if not 0 < terms.first_reaction_s <= terms.resolution_s:
                    msg = f"terms of {topic}: the first reaction is due before the resolution, and after 0"
                    raise ValueError(msg)


def _check_words(body: Mapping[str, Any]) -> None:
    rows = dict(body.get("terms", {}))
    places = (*SLUGS, *MARKETPLACES)
    pairs = {f"{topic}@{marketplace}" for topic in SLUGS for marketplace in MARKETPLACES}
    for written, allowed in (
        (body, ("working_day_s", "default", "terms", "priority_factor")),
        (body.get("priority_factor", {}), LEVELS),
        (body.get("default", {}), (FIRST_REACTION, RESOLUTION)),
        *((row, (FIRST_REACTION, RESOLUTION)) for row in rows.values()),
        ([key for key in rows if key not in pairs], places),
    ):
        for key in written:
            if key not in allowed:
                msg = f"terms: {key} is not known; remove it or write one of {', '.join(allowed)}"
                raise ValueError(msg)
    numbers = {"working_day_s": body.get("working_day_s", 1), **body.get("priority_factor", {})}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            msg = f"terms: {key} is {value}, which is no number above 0"
            raise ValueError(msg)


def parse_term_s(words: str, day_s: int) -> int:
    """Read `30 min`, `8 h` or `3 d` (working days of `day_s` seconds) as seconds; ValueError otherwise."""
    match = _TERM.fullmatch(str(words).strip())
    if match is None:
        msg = f"term {words!r} cannot be read: write it like 30 min, 8 h or 3 d"
        raise ValueError(msg)
    number, unit = int(match.group(1)), match.group(2)
    return number * _UNIT_S.get(unit, day_s)


def _spent_s(moves: Sequence[StatusMove], calendar: BusinessCalendar, until_utc: datetime) -> float:
    ends = [*(move.at_utc for move in moves[1:]), until_utc]
    return sum(
        calendar.between(move.at_utc, end) for move, end in zip(moves, ends, strict=False) if move.to in _RUNS
    )


def _overran_at(moves: Sequence[StatusMove], calendar: BusinessCalendar, term_s: float) -> datetime:
    """Return the moment at which the term was used up."""
    left_s = float(term_s)
    for move, after in pairwise(moves):
        if move.to not in _RUNS:
            continue
        used_s = calendar.between(move.at_utc, after.at_utc)
        if used_s > left_s:
            return calendar.after(move.at_utc, left_s)
        left_s -= used_s
    return calendar.after(moves[-1].at_utc, left_s)
