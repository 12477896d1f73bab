"""Legal holds: tickets of which nothing may be deleted, whatever their age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from models.store.schema import LEGAL_HOLD
from models.store.ticket_life import audit, ticket_row


def hold_ticket(db: Connection, number: int, reason: str, author: str, now_utc: datetime) -> bool:
    """Keep everything of a ticket until the hold is lifted; False when it is held already.

    Raises StoreError for an unknown ticket.
    """
    ticket_row(db, number)
    if held_numbers(db, [number]):
        return False
    db.execute(insert(LEGAL_HOLD).values(ticket_id=number, reason=reason, author=author, at_utc=now_utc))
    audit(db, author, "legal_hold", f"ticket:{number}", now_utc, why=reason)
    return True


def lift_hold(db: Connection, number: int, author: str, now_utc: datetime) -> bool:
    """End a hold; False when there is none."""
    if not db.execute(delete(LEGAL_HOLD).where(LEGAL_HOLD.c.ticket_id == number)).rowcount:
        return False
    audit(db, author, "lift_legal_hold", f"ticket:{number}", now_utc)
    return True


def held_numbers(db: Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of these tickets are under a hold."""
    return set(db.scalars(select(LEGAL_HOLD.c.ticket_id).where(LEGAL_HOLD.c.ticket_id.in_(numbers))))


def legal_holds(db: Connection) -> list[dict[str, Any]]:
    """List the holds, oldest first."""
    rows = db.execute(select(LEGAL_HOLD).order_by(LEGAL_HOLD.c.at_utc, LEGAL_HOLD.c.ticket_id))
    return [
        {
            "ticket": f"RZ-{row.ticket_id}",
            "since": row.at_utc.isoformat(),
            "author": row.author,
            "reason": row.reason,
        }
        for row in rows
    ]
