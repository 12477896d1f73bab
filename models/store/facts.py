"""Facts of a ticket: typed values with provenance; a superseded one stays, inactive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from models.decisions import FactValue
from models.store.schema import FACT

# A newer value replaces the older one; of all other fields a ticket may hold many.
SINGLE_FIELDS = frozenset({"seller_id", "pvz_ref", "legal_id"})


def merge_facts(db: Connection, number: int, facts: Sequence[FactValue], now_utc: datetime) -> int:
    """Add new facts to a ticket; return how many were new. A superseded value stays, inactive."""
    known = {
        (row.field, row.value)
        for row in db.execute(
            select(FACT.c.field, FACT.c.value).where(FACT.c.ticket_id == number, FACT.c.active)
        )
    }
    fresh = [fact for fact in dict.fromkeys(facts) if (fact.field, fact.value) not in known]
    for fact in fresh:
        if fact.field in SINGLE_FIELDS:
            db.execute(
                update(FACT)
                .where(FACT.c.ticket_id == number, FACT.c.field == fact.field, FACT.c.active)
                .values(active=False)
            )
        db.execute(
            insert(FACT).values(
                ticket_id=number,
                raw_id=fact.raw_id,
                field=fact.field,
                value=fact.value,
                text=fact.text,
                type=fact.type,
                source=fact.source,
                where=fact.where,
                active=True,
                created_at_utc=now_utc,
            )
        )
    return len(fresh)


def load_facts(db: Connection, number: int) -> tuple[FactValue, ...]:
    """Return the active facts of a ticket, oldest first."""
    rows = db.execute(select(FACT).where(FACT.c.ticket_id == number, FACT.c.active).order_by(FACT.c.id)).all()
    return tuple(
        FactValue(
            field=row.field,
            value=row.value,
            text=row.text,
            type=row.type,
            source=row.source,
            raw_id=row.raw_id,
            where=row.where,
        )
        for row in rows
    )
