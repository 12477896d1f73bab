"""What the dashboard draws: counts by hour of a span of time, and what is open now by its age.

Hours are UTC and come as their first moment, so that a reader's days can be made of them in any
zone. Every figure counts rows that a list can show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, case, func, literal_column, select, type_coerce
from sqlalchemy.engine import Connection

from models.store.schema import LABEL, MAIL_STATE, PREDICTION, TICKET
from models.topics import Disposition

MOST_ROUNDS: Final = 3  # more rounds of questions count as so many
IN_FLIGHT: Final = "in_flight"  # accepted, no disposition yet
_HOUR_CHARS: Final = len("2026-11-16 09")
_OPEN: Final[ColumnElement[bool]] = literal_column("ticket.status <> 'closed'")  # serves the partial index


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of time, the end not included."""

    since_utc: datetime
    until_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCount:
    """How many rows of a name fall into an hour."""

    hour_utc: datetime
    name: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAges:
    """Open tickets of a topic by their age: as many counts as edges, and one for the older."""

    topic: str
    counts: tuple[int, ...]
    breached: int


def intake_by_hour(db: Connection, span: Span) -> list[HourCount]:
    """Count accepted mails by hour of arrival and disposition; `in_flight` has none yet."""
    column = MAIL_STATE.c.received_at_utc
    name = func.coalesce(MAIL_STATE.c.disposition, IN_FLIGHT)
    return _by_hour(db, select(_hour(db, column), name, func.count()).where(_inside(column, span)))


def moves_by_hour(db: Connection, span: Span) -> list[HourCount]:
    """Count tickets by hour of opening (`opened`) and of their last close (`closed`)."""
    found: list[HourCount] = []
    for name, column in (("opened", TICKET.c.opened_at_utc), ("closed", TICKET.c.closed_at_utc)):
        query: Any = select(_hour(db, column), literal_column(f"'{name}'"), func.count())
        found += _by_hour(db, query.where(_inside(column, span), TICKET.c.merged_into_id.is_(None)))
    return found


def reactions_by_hour(db: Connection, span: Span) -> list[HourCount]:
    """Count tickets by hour of opening: first reaction `in_time`, `late`, or `none` so far (rule R29)."""
    column, kept = TICKET.c.opened_at_utc, TICKET.c.first_reaction_in_time
    name = case((kept.is_(None), "none"), (kept, "in_time"), else_="late")
    query = select(_hour(db, column), name, func.count())
    return _by_hour(db, query.where(_inside(column, span), TICKET.c.merged_into_id.is_(None)))


def routing_by_hour(db: Connection, span: Span) -> list[HourCount]:
    """Count mails that opened a ticket: `route` by the model alone, `review` by a person."""
    column = PREDICTION.c.created_at_utc
    has_opened = (
        select(MAIL_STATE.c.raw_id)
        .where(
            MAIL_STATE.c.raw_id == PREDICTION.c.raw_id, MAIL_STATE.c.disposition == str(Disposition.OPENED)
        )
        .exists()  # no join: the span of time must come first, not all mails that ever opened a ticket
    )
    query = select(_hour(db, column), PREDICTION.c.decision, func.count())
    return _by_hour(db, query.where(_inside(column, span), has_opened))


def audits_by_hour(db: Connection, span: Span) -> list[HourCount]:
    """Count labelled mails of the audit share by hour of their routing: topic `right` or `wrong`."""
    column = PREDICTION.c.created_at_utc
    name = case((LABEL.c.topic == PREDICTION.c.topic, "right"), else_="wrong")
    query = (
        select(_hour(db, column), name, func.count())
        .join(LABEL, and_(LABEL.c.raw_id == PREDICTION.c.raw_id, LABEL.c.active))
        .where(_inside(column, span), PREDICTION.c.audit)
    )
    return _by_hour(db, query)


def question_rounds(db: Connection, span: Span) -> list[int]:
    """Count tickets closed in the span by how often their seller was asked: 0, 1, 2, 3 and more."""
    rounds = case((TICKET.c.question_count > MOST_ROUNDS, MOST_ROUNDS), else_=TICKET.c.question_count)
    rows = db.execute(
        select(rounds, func.count())
        .where(_inside(TICKET.c.closed_at_utc, span), TICKET.c.merged_into_id.is_(None))
        .group_by(rounds)
    )
    counts = {int(row[0]): int(row[1]) for row in rows}
    return [counts.get(number, 0) for number in range(MOST_ROUNDS + 1)]


def open_ages(db: Connection, now_utc: datetime, edges: Sequence[timedelta]) -> list[OpenAges]:
    """Count open tickets per topic by age; `edges` are the upper bounds of the ages, shortest first."""
    opened = TICKET.c.opened_at_utc
    band = case(*((opened > now_utc - edge, number) for number, edge in enumerate(edges)), else_=len(edges))
    late = and_(TICKET.c.sla_due_at_utc <= now_utc, TICKET.c.status != "waiting_seller")
    rows = db.execute(
        select(TICKET.c.topic, band, func.count(), func.sum(case((late, 1), else_=0)))
        .where(_OPEN, TICKET.c.merged_into_id.is_(None))
        .group_by(TICKET.c.topic, band)
    )
    counts: dict[str, Counter[int]] = {}
    breached: Counter[str] = Counter()
    for topic, number, count, late_count in rows:
        counts.setdefault(topic, Counter())[int(number)] += int(count)
        breached[topic] += int(late_count or 0)
    return [
        OpenAges(
            topic=topic,
            counts=tuple(found[number] for number in range(len(edges) + 1)),
            breached=breached[topic],
        )
        for topic, found in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    ]


def _inside(column: ColumnElement[Any], span: Span) -> ColumnElement[bool]:
    return and_(column >= span.since_utc, column < span.until_utc)


def _hour(db: Connection, column: ColumnElement[Any]) -> ColumnElement[str]:
    """Write the hour of a moment as text, `2026-11-16 09`; on SQLite moments are kept as such text."""
    if db.dialect.name == "sqlite":
        return func.substr(type_coerce(column, String), 1, _HOUR_CHARS)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24")


def _by_hour(db: Connection, query: Any) -> list[HourCount]:
    rows = db.execute(query.group_by(literal_column("1"), literal_column("2")))
    return [
        HourCount(
            hour_utc=datetime.fromisoformat(f"{hour}:00:00+00:00"),
            name=str(name),
            count=int(count),
        )
        for hour, name, count in rows
    ]
