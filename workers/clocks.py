"""Keeping a ticket's clock in its row, so that lists can sort by it (rules R28, R29).

The clock itself is worked out by `workers.sla`; terms and calendar are the policies `sla` and
`calendar`, or what is shipped when a desk has none of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import structlog

from models.decisions import StatusMove
from models.store import Db
from models.store.policies import read_policy
from models.store.read_once import read_once
from models.store.ticket_life import set_clock, set_ticket, status_moves, ticket_row
from models.topics import Status
from workers.business_time import BusinessCalendar, parse_calendar
from workers.sla import SlaClock, sla_clock, terms_of
from workers.word_lists import read_table

FIRST_PRIORITY: Final = "normal"  # until the topic queue has worked it out

log = structlog.get_logger(__name__)


def refresh_clock(db: Db, number: int, now_utc: datetime) -> SlaClock:
    """Work out a ticket's clock and write when its running term is over; call it after every move."""
    row = ticket_row(db, number)
    clock = clock_of(db, row, status_moves(db, number), now_utc, priority=row.priority)
    if (row.sla_phase, row.sla_due_at_utc) != (clock.phase, clock.due_at_utc):
        set_clock(db, number, phase=clock.phase, due_at_utc=clock.due_at_utc)
    return clock


def clock_of(db: Db, row: Any, moves: Sequence[StatusMove], now_utc: datetime, *, priority: str) -> SlaClock:
    """Work out the clock of a ticket from its moves; `row` tells marketplace, topic and first reaction."""
    table = _in_force(db, "sla", "sla.toml")
    terms = terms_of(table, marketplace=row.marketplace, topic=row.topic, priority=priority)
    reacted_at_utc = row.first_reaction_at_utc
    return sla_clock(moves, terms, desk_calendar(db), now_utc=now_utc, first_reaction_at_utc=reacted_at_utc)


def first_clock(db: Db, *, marketplace: str, topic: str, now_utc: datetime) -> SlaClock:
    """Return the clock of a ticket that is being opened: nothing of its first term is used yet."""
    table = _in_force(db, "sla", "sla.toml")
    terms = terms_of(table, marketplace=marketplace, topic=topic, priority=FIRST_PRIORITY)
    opened = StatusMove(at_utc=now_utc, to=Status.NEW)
    return sla_clock((opened,), terms, desk_calendar(db), now_utc=now_utc, first_reaction_at_utc=None)


def note_reaction(db: Db, number: int, now_utc: datetime) -> None:
    """Note the desk's first reaction by a person, and whether it was in time; later ones do not count."""
    row = ticket_row(db, number)
    if row.first_reaction_at_utc is None:
        in_time = not refresh_clock(db, number, now_utc).is_breached
        set_ticket(db, number, now_utc, first_reaction_at_utc=now_utc, first_reaction_in_time=in_time)


def note_close(db: Db, number: int, now_utc: datetime) -> None:
    """Keep how much working time a ticket took that was just closed."""
    clock = refresh_clock(db, number, now_utc)
    set_ticket(db, number, now_utc, cycle_s=int(clock.spent_s))


def desk_calendar(db: Db) -> BusinessCalendar:
    """Return the calendar in force; one that cannot be read counts as absent and is logged."""
    return read_once(db, "calendar", lambda: _read_calendar(db))


def _read_calendar(db: Db) -> BusinessCalendar:
    body = _in_force(db, "calendar", "calendar.toml")
    try:
        return _calendar(json.dumps(body, sort_keys=True))
    except ValueError as error:
        log.warning("calendar ignored", cause=str(error), remedy="correct the policy `calendar`")
        return _calendar(json.dumps(read_table("calendar.toml"), sort_keys=True))


@lru_cache(maxsize=8)
def _calendar(body_json: str) -> BusinessCalendar:
    return parse_calendar(json.loads(body_json))


def _in_force(db: Db, name: str, shipped: str) -> dict[str, Any]:
    return read_policy(db, name) or read_table(shipped)
