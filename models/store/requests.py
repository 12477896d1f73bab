"""The journal of requests (rule R32): one row per ticket, for a seller or for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from models.store.schema import FACT, STATUS_EVENT, TICKET

REQUEST_COLUMNS: Final = (
    "ticket",
    "opened",
    "updated",
    "closed",
    "status",
    "topic",
    "resolution",
    "seller_id",
    "requester",
    "subject",
    "identifiers",
    "statuses",
    "merged_into",
)
_IDENTIFIERS: Final = (
    "order_ref",
    "supply_ref",
    "sku_ref",
    "tracking_number",
    "claim_ref",
    "campaign_ref",
    "document_ref",
    "act_ref",
    "feedback_ref",
)
_PAGE: Final = 500


def requests_of(db: Connection, *, seller: str = "") -> Iterator[dict[str, Any]]:
    """Yield tickets oldest first; `seller` is a seller id or an address, "" is everybody."""
    last = 0
    while True:
        query = select(TICKET).where(TICKET.c.id > last).order_by(TICKET.c.id).limit(_PAGE)
        if seller:
            query = query.where(or_(TICKET.c.seller_id == seller, TICKET.c.requester == seller))
        tickets = db.execute(query).all()
        if not tickets:
            return
        numbers = [ticket.id for ticket in tickets]
        facts = _grouped(
            db.execute(
                select(FACT.c.ticket_id, FACT.c.value)
                .where(FACT.c.ticket_id.in_(numbers), FACT.c.active, FACT.c.field.in_(_IDENTIFIERS))
                .order_by(FACT.c.id)
            )
        )
        moves = _grouped(
            (row.ticket_id, f"{row.at_utc:%Y-%m-%dT%H:%MZ} {row.to_status}")
            for row in db.execute(
                select(STATUS_EVENT).where(STATUS_EVENT.c.ticket_id.in_(numbers)).order_by(STATUS_EVENT.c.id)
            )
        )
        for ticket in tickets:
            yield _row(ticket, facts.get(ticket.id, []), moves.get(ticket.id, []))
        last = numbers[-1]


def _grouped(pairs: Any) -> dict[int, list[str]]:
    grouped: dict[int, list[str]] = {}
    for number, value in pairs:
        known = grouped.setdefault(number, [])
        if value not in known:
            known.append(value)
    return grouped


def _row(ticket: Any, identifiers: list[str], moves: list[str]) -> dict[str, Any]:
    closed = ticket.closed_at_utc
    return {
        "ticket": f"RZ-{ticket.id}",
        "opened": ticket.opened_at_utc.isoformat(),
        "updated": ticket.updated_at_utc.isoformat(),
        "closed": closed.isoformat() if closed else None,
        "status": ticket.status,
        "topic": ticket.topic,
        "resolution": ticket.resolution,
        "seller_id": ticket.seller_id,
        "requester": ticket.requester,
        "subject": ticket.subject,
        "identifiers": identifiers,
        "statuses": moves,
        "merged_into": f"RZ-{ticket.merged_into_id}" if ticket.merged_into_id else None,
    }
