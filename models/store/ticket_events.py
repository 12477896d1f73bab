"""Events of tickets for webhooks, written in the transaction of what happened (transactional outbox).

What is told is thin on purpose: numbers and codes, never words, names or addresses. Who wants more asks
the API with a token of its own. Without a webhook that wants an event nothing is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from models.store.read_once import read_once
from models.store.schema import TICKET, WEBHOOK, WEBHOOK_DELIVERY

EVENT_KINDS: Final = (
    "ticket.opened",
    "ticket.appended",
    "ticket.routed",
    "ticket.waiting",
    "ticket.answered",
    "ticket.escalated",
    "ticket.closed",
)
PING: Final = "ping"  # what `razbor webhooks test` sends
_ACTIVE: Final = select(WEBHOOK.c.id, WEBHOOK.c.kinds).where(WEBHOOK.c.active)  # built once
_TOLD: Final = ("status", "topic", "in_review", "priority", "language", "marketplace", "seller_id")


def note_event(db: Connection, kind: str, number: int, now_utc: datetime, **detail: object) -> None:
    """Queue an event of a ticket for every webhook that wants it; `detail` holds codes, no words."""
    # Only that there are none is kept: one that is removed meanwhile must not get an event.
    if not read_once(db, "webhooks", lambda: db.execute(_ACTIVE).first() is not None):
        return
    wanting = [row.id for row in db.execute(_ACTIVE) if kind in row.kinds]
    if not wanting:
        return
    ticket = db.execute(select(TICKET).where(TICKET.c.id == number)).one()
    payload = event_payload(
        kind,
        now_utc,
        {"ticket": number, **{name: getattr(ticket, name) for name in _TOLD}, **detail},
    )
    event_id = new_event_id()
    db.execute(
        insert(WEBHOOK_DELIVERY),
        [
            {
                "webhook_id": webhook_id,
                "event_id": event_id,
                "kind": kind,
                "ticket_id": number,
                "payload": payload,
                "created_at_utc": now_utc,
                "due_at_utc": now_utc,
            }
            for webhook_id in wanting
        ],
    )


def event_payload(kind: str, now_utc: datetime, data: dict[str, object]) -> dict[str, Any]:
    """Return the body of an event, in the shape of Standard Webhooks: type, timestamp, data."""
    return {"type": kind, "timestamp": now_utc.isoformat().replace("+00:00", "Z"), "data": data}


def new_event_id() -> str:
    """Make the id of an event; it stays the same at every try."""
    return f"evt_{uuid4().hex}"
