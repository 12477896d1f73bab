"""Facts of a ticket: typed values with provenance; a superseded one stays, inactive."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from models.decisions import FactValue
from models.store.schema import FACT

# A newer value replaces the older one; of all other fields a ticket may hold many.
SINGLE_FIELDS = frozenset({"seller_id", "pvz_ref", "legal_id"})

# Built once: these run for every mail.
_ACTIVE = (FACT.c.ticket_id == bindparam("number")) & FACT.c.active
_KNOWN = select(FACT.c.field, FACT.c.value).where(_ACTIVE)
_ALL_ACTIVE = (
    select(FACT)
    .where(FACT.c.ticket_id.in_(bindparam("numbers", expanding=True)), FACT.c.active)
    .order_by(FACT.c.id)
)
_ADD = insert(FACT)


def merge_facts(
    db: Connection,
    number: int,
    facts: Sequence[FactValue],
    now_utc: datetime,
    *,
    withdrawn: Collection[str] = (),
) -> int:
    """Add new facts to a ticket; return how many were new. A superseded value stays, inactive.

    `withdrawn` are values that the seller corrected ("not 1250 but 1260", rule R33).
    """
    if not facts and not withdrawn:
        return 0
    if withdrawn:
        db.execute(
            update(FACT)
            .where(FACT.c.ticket_id == number, FACT.c.value.in_(sorted(withdrawn)), FACT.c.active)
            .values(active=False)
        )
    known = {(row.field, row.value) for row in db.execute(_KNOWN, {"number": number})}
    fresh = [fact for fact in dict.fromkeys(facts) if (fact.field, fact.value) not in known]
    superseded = sorted({fact.field for fact in fresh} & SINGLE_FIELDS & {field for field, _value in known})
    if superseded:
        db.execute(
            update(FACT)
            .where(FACT.c.ticket_id == number, FACT.c.field.in_(superseded), FACT.c.active)
            .values(active=False)
        )
    if fresh:
        db.execute(_ADD, _rows(number, fresh, now_utc))
    return len(fresh)


def add_first_facts(
    db: Connection, facts_of: Sequence[tuple[int, Sequence[FactValue]]], now_utc: datetime
) -> None:
    """Give tickets that were opened a moment ago the facts of their first mails."""
    rows = [row for number, facts in facts_of for row in _rows(number, list(dict.fromkeys(facts)), now_utc)]
    if rows:
        db.execute(_ADD, rows)


def _rows(number: int, fresh: Sequence[FactValue], now_utc: datetime) -> list[dict[str, object]]:
    singles = {fact.field: place for place, fact in enumerate(fresh) if fact.field in SINGLE_FIELDS}
    return [
        {
            "ticket_id": number,
            "raw_id": fact.raw_id,
            "field": fact.field,
            "value": fact.value,
            "text": fact.text,
            "type": fact.type,
            "source": fact.source,
            "where": fact.where,
            "active": singles.get(fact.field, place) == place,  # the last of one mail counts
            "created_at_utc": now_utc,
        }
        for place, fact in enumerate(fresh)
    ]


def withdraw_fact(db: Connection, number: int, field: str, value: str) -> bool:
    """Make one value of a ticket inactive; False when it had no such active value."""
    result = db.execute(
        update(FACT)
        .where(FACT.c.ticket_id == number, FACT.c.field == field, FACT.c.value == value, FACT.c.active)
        .values(active=False)
    )
    return bool(result.rowcount)


def load_facts(db: Connection, number: int) -> tuple[FactValue, ...]:
    """Return the active facts of a ticket, oldest first."""
    return load_facts_of(db, [number]).get(number, ())


def load_facts_of(db: Connection, numbers: Sequence[int]) -> dict[int, tuple[FactValue, ...]]:
    """Return the active facts of tickets, oldest first; one without facts is absent."""
    found: dict[int, list[FactValue]] = {}
    for row in db.execute(_ALL_ACTIVE, {"numbers": numbers}):
        fact = FactValue(
            field=row.field,
            value=row.value,
            text=row.text,
            type=row.type,
            source=row.source,
            raw_id=row.raw_id,
            where=row.where,
        )
        found.setdefault(row.ticket_id, []).append(fact)
    return {number: tuple(facts) for number, facts in found.items()}
