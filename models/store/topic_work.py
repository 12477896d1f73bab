"""Why tickets are due in their topic queues; `ticket_states` has what is seen, `topic_results` the answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from models.store.mails import storable
from models.store.same_matter import STRONG_FIELDS
from models.store.schema import FACT, MESSAGE, TICKET, TOPIC_WORK

MATTERS_LOCKED = 500
# Built once: these run for every ticket that is due.
_OF_TICKET: Final = TOPIC_WORK.c.ticket_id == bindparam("number")
_IS_KNOWN: Final = select(TOPIC_WORK.c.ticket_id).where(_OF_TICKET)
_NEW_WORK: Final = insert(TOPIC_WORK)
_CHANGE_WORK: Final = update(TOPIC_WORK).where(_OF_TICKET)
_WORK: Final = select(TOPIC_WORK.c.ticket_id, TOPIC_WORK.c.raw_id, TOPIC_WORK.c.attempts).where(
    TOPIC_WORK.c.ticket_id.in_(bindparam("numbers", expanding=True))
)
_DONE: Final = (
    update(TOPIC_WORK)
    .where(TOPIC_WORK.c.ticket_id.in_(bindparam("numbers", expanding=True)))
    .values(lease_token=None, last_error="", due_at_utc=None, lease_until_utc=None)
)
_CHANGE_TICKET: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_ROUTE: Final = select(TICKET.c.topic, TICKET.c.in_review).where(TICKET.c.id == bindparam("number"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWorkRow:
    """Why a ticket is due in its topic queue."""

    raw_id: int | None  # the newest mail that made it due
    attempts: int


def make_topic_work_due(
    db: Connection, number: int, topic: str, raw_id: int | None, now_utc: datetime
) -> None:
    """Ask the topic queue to look at a ticket; asking twice before it looked is asking once."""
    if db.scalar(_IS_KNOWN, {"number": number}) is None:
        add_topic_work(db, [(number, topic, raw_id)], now_utc)
    else:
        values = {"topic": topic, "raw_id": raw_id, "due_at_utc": now_utc, "attempts": 0}
        db.execute(_CHANGE_WORK, {"number": number, **values})


def add_topic_work(db: Connection, due: Sequence[tuple[int, str, int | None]], now_utc: datetime) -> None:
    """Ask topic queues to look at tickets that were opened a moment ago: number, topic, mail."""
    if due:
        rows = [
            {"ticket_id": number, "topic": topic, "raw_id": raw_id, "due_at_utc": now_utc, "attempts": 0}
            for number, topic, raw_id in due
        ]
        db.execute(_NEW_WORK, rows)


def cancel_topic_work(db: Connection, number: int) -> None:
    """Let no queue look at a ticket until it becomes due anew."""
    db.execute(_CHANGE_WORK, {"number": number, "due_at_utc": None})


def topic_work_of(db: Connection, numbers: Collection[int]) -> dict[int, TopicWorkRow]:
    """Return the work rows of tickets."""
    rows = db.execute(_WORK, {"numbers": list(numbers)})
    return {row.ticket_id: TopicWorkRow(raw_id=row.raw_id, attempts=row.attempts) for row in rows}


def reply_addresses(db: Connection, numbers: Sequence[int]) -> set[str]:
    """Return the addresses that replies of due tickets would go to."""
    rows = db.scalars(
        select(MESSAGE.c.reply_address)
        .join(TOPIC_WORK, TOPIC_WORK.c.raw_id == MESSAGE.c.raw_id)
        .where(TOPIC_WORK.c.ticket_id.in_(numbers))
    )
    return {address for address in rows if address}


def matters_of(db: Connection, numbers: Sequence[int]) -> set[str]:
    """Return the strong identifiers of some tickets: a mail may find its ticket by nothing else."""
    found = db.scalars(
        select(FACT.c.value)
        .distinct()
        .where(FACT.c.ticket_id.in_(numbers), FACT.c.field.in_(STRONG_FIELDS), FACT.c.active)
        .limit(MATTERS_LOCKED)
    )
    return set(found)


def end_topic_work(db: Connection, numbers: Collection[int]) -> None:
    """Note that a queue looked at tickets and is done with them."""
    db.execute(_DONE, {"numbers": list(numbers)})


def fail_topic_work(db: Connection, number: int, error: str, *, give_up: bool) -> None:
    """Note that a queue could not work a ticket: it looks again later, or gives it to the operators."""
    changes: dict[str, object] = {"lease_token": None, "last_error": storable(error)}
    if give_up:
        changes |= {"due_at_utc": None, "lease_until_utc": None}
    db.execute(_CHANGE_WORK, {"number": number, **changes})
    if give_up:
        db.execute(_CHANGE_TICKET, {"number": number, "in_review": True})


def routed_topic(db: Connection, number: int) -> str:
    """Return the topic whose queue works a ticket; "" while an operator has yet to look at it."""
    row = db.execute(_ROUTE, {"number": number}).one()
    return "" if row.in_review else str(row.topic)
