"""Reading again what is stored: which mails can be, what is stored of them, and storing the new reading.

Only what was derived from a mail's octets is replaced: the message, its attachments, and the
facts that stand under its number. What people decided stays: topics, statuses, facts of
operators, values that were superseded or withdrawn. What was asked of the network on the day
of arrival stays too (ADR 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, true, update
from sqlalchemy.engine import Connection

from models.decisions import FactValue
from models.records import Mail
from models.store.facts import SINGLE_FIELDS
from models.store.reading_columns import ATTACHMENT_FIELDS, reading_columns
from models.store.schema import ATTACHMENT, FACT, MAIL_STATE, MESSAGE, PREDICTION, TICKET
from models.store.word_index import index_mails
from models.topics import Disposition

SENDER_WARNINGS = ("sender:", "authentication:")  # of the checks at arrival, which are not repeated
BOUNCE_ADDRESS = "sent to a bounce address"  # said by the envelope, not by the mail
READ_SOURCES = ("message", "quoted", "attachment")  # not: answer, operator, binding
_GIVING = (str(Disposition.OPENED), str(Disposition.APPENDED))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFilter:
    """Which stored mails are wanted; None or "" leaves a side open."""

    since_utc: datetime | None = None  # received at or after
    until_utc: datetime | None = None  # received before
    topic: str = ""  # of the ticket
    ticket: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """What is stored of one mail."""

    raw_id: int
    ticket: int | None
    columns: dict[str, Any]  # of the message, under the names of `reading_columns`
    attachments: tuple[dict[str, Any], ...]
    gives_facts: bool  # it opened or extended its ticket
    facts: tuple[Any, ...]  # rows of `fact` that this mail gave, also those that no longer count
    predicted: str  # topic, "" without a prediction


def replayable(db: Connection, wanted: ReplayFilter, *, after: int, limit: int) -> list[int]:
    """List stored mails by number, oldest first, beginning behind `after`; purged ones are left out."""
    statement = select(MESSAGE.c.raw_id).where(MESSAGE.c.raw_id > after, _condition(wanted))
    return list(db.scalars(statement.order_by(MESSAGE.c.raw_id).limit(limit)).all())


def count_replayable(db: Connection, wanted: ReplayFilter) -> int:
    """Count the mails that `replayable` would list."""
    return db.scalar(select(func.count()).select_from(MESSAGE).where(_condition(wanted))) or 0


def _condition(wanted: ReplayFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [MESSAGE.c.purged_at_utc.is_(None)]
    if wanted.since_utc is not None:
        conditions.append(MESSAGE.c.received_at_utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        conditions.append(MESSAGE.c.received_at_utc < wanted.until_utc)
    if wanted.ticket is not None:
        conditions.append(MESSAGE.c.ticket_id == wanted.ticket)
    if wanted.topic:
        conditions.append(MESSAGE.c.ticket_id.in_(select(TICKET.c.id).where(TICKET.c.topic == wanted.topic)))
    return and_(true(), *conditions)


def stored_readings(db: Connection, raw_ids: Sequence[int]) -> dict[int, StoredReading]:
    """Load what is stored of mails, by number; one that was purged meanwhile is absent."""
    names = [*reading_columns(Mail())]
    mine = MESSAGE.c.raw_id.in_(raw_ids)
    messages = db.execute(select(MESSAGE).where(mine, MESSAGE.c.purged_at_utc.is_(None))).mappings().all()
    attachments: dict[int, list[dict[str, Any]]] = {}
    parts = select(ATTACHMENT).where(ATTACHMENT.c.raw_id.in_(raw_ids))
    for row in db.execute(parts.order_by(ATTACHMENT.c.raw_id, ATTACHMENT.c.position)).mappings():
        attachments.setdefault(row["raw_id"], []).append({name: row[name] for name in ATTACHMENT_FIELDS})
    facts: dict[int, list[Any]] = {}
    for fact in db.execute(select(FACT).where(FACT.c.raw_id.in_(raw_ids)).order_by(FACT.c.id)):
        facts.setdefault(fact.raw_id, []).append(fact)
    ended = select(MAIL_STATE.c.raw_id, MAIL_STATE.c.disposition).where(MAIL_STATE.c.raw_id.in_(raw_ids))
    ends = {row.raw_id: row.disposition for row in db.execute(ended)}
    said = select(PREDICTION.c.raw_id, PREDICTION.c.topic).where(PREDICTION.c.raw_id.in_(raw_ids))
    predicted = {row.raw_id: row.topic for row in db.execute(said.order_by(PREDICTION.c.id))}
    return {
        row["raw_id"]: StoredReading(
            raw_id=row["raw_id"],
            ticket=row["ticket_id"],
            columns={name: row[name] for name in names},
            attachments=tuple(attachments.get(row["raw_id"], ())),
            gives_facts=ends.get(row["raw_id"]) in _GIVING,
            facts=tuple(facts.get(row["raw_id"], ())),
            predicted=predicted.get(row["raw_id"], ""),
        )
        for row in messages
    }


def store_reading(
    db: Connection,
    stored: StoredReading,
    columns: dict[str, Any],
    attachments: Sequence[dict[str, Any]],
    facts: Sequence[FactValue],
    now_utc: datetime,
) -> None:
    """Replace what was derived from one mail. Call it inside a transaction that holds the mail's keys.

    What the mail never said is deleted, not kept as superseded: it may be a secret that older code
    did not know. The subject of its ticket follows unless somebody changed it.
    """
    db.execute(
        update(TICKET)
        .where(
            TICKET.c.id == stored.ticket,
            TICKET.c.opened_by_raw_id == stored.raw_id,
            TICKET.c.subject == stored.columns["subject"],
        )
        .values(subject=columns["subject"])
    )
    db.execute(update(MESSAGE).where(MESSAGE.c.raw_id == stored.raw_id).values(columns))
    index_mails(db, [stored.raw_id])
    if list(attachments) != list(stored.attachments):
        db.execute(delete(ATTACHMENT).where(ATTACHMENT.c.raw_id == stored.raw_id))
        rows = [{"raw_id": stored.raw_id, "position": at, **part} for at, part in enumerate(attachments)]
        if rows:
            db.execute(insert(ATTACHMENT), rows)
    gone, fresh = fact_changes(db, stored, facts)
    if gone:
        db.execute(delete(FACT).where(FACT.c.id.in_([row.id for row in gone])))
    for fact in fresh:
        if stored.ticket is not None:
            _insert_fact(db, stored.ticket, stored.raw_id, fact, now_utc)


def fact_changes(
    db: Connection, stored: StoredReading, facts: Sequence[FactValue]
) -> tuple[list[Any], list[FactValue]]:
    """Tell which facts of a mail no longer stand in it, and which it gives that its ticket never had.

    A value that stands inactive was superseded or withdrawn by somebody and is not revived. One
    that another mail of the ticket says too stays.
    """
    if stored.ticket is None or not stored.gives_facts:
        return [], []
    today = {(fact.field, fact.value) for fact in facts}
    known = {
        (row.field, row.value)
        for row in db.execute(select(FACT.c.field, FACT.c.value).where(FACT.c.ticket_id == stored.ticket))
    }
    elsewhere = _values_elsewhere(db, stored) if stored.facts else set()
    gone = [
        row
        for row in stored.facts
        if row.ticket_id == stored.ticket
        and row.source in READ_SOURCES
        and (row.field, row.value) not in today
        and row.value not in elsewhere
    ]
    fresh = {key: fact for fact in facts if (key := (fact.field, fact.value)) not in known}
    return gone, list(fresh.values())


def _values_elsewhere(db: Connection, stored: StoredReading) -> set[str]:
    others = select(MESSAGE.c.entities).where(
        MESSAGE.c.ticket_id == stored.ticket, MESSAGE.c.raw_id != stored.raw_id
    )
    return {entity["value"] for row in db.execute(others) for entity in row.entities if entity["value"]}


def _insert_fact(db: Connection, ticket: int, raw_id: int, fact: FactValue, now_utc: datetime) -> None:
    """Add a fact; one of a field that holds a single value yields to operators and to later mails."""
    active = True
    if fact.field in SINGLE_FIELDS:
        same = and_(FACT.c.ticket_id == ticket, FACT.c.field == fact.field, FACT.c.active)
        rivals = db.execute(select(FACT.c.id, FACT.c.raw_id, FACT.c.source).where(same)).all()
        active = all(
            rival.source != "operator" and rival.raw_id is not None and rival.raw_id <= raw_id
            for rival in rivals
        )
        if active:
            db.execute(update(FACT).where(same).values(active=False))
    db.execute(
        insert(FACT).values(
            ticket_id=ticket,
            raw_id=raw_id,
            field=fact.field,
            value=fact.value,
            text=fact.text,
            type=fact.type,
            source=fact.source,
            where=fact.where,
            active=active,
            created_at_utc=now_utc,
        )
    )
