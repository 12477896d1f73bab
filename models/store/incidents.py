"""Mass incidents: one fault that several sellers report within a short time (domain 2.1, api_technical)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from models.store.schema import FACT, INCIDENT, TICKET

SELLERS: Final = 3
WITHIN: Final = timedelta(minutes=30)
QUIET: Final = timedelta(hours=6)  # a fault that nobody reported for so long is over
FAULT_FIELDS: Final = ("error_ref",)


def note_incident(db: Connection, number: int, now_utc: datetime) -> str:
    """Join a ticket to the incident of its fault, opening it when enough sellers report it.

    Returns the fault when this ticket opened its incident, so that somebody is told; "" otherwise.
    Call it under a lock on `incident` so that two workers do not open the same one twice.
    """
    values = db.scalars(
        select(FACT.c.value).where(FACT.c.ticket_id == number, FACT.c.field.in_(FAULT_FIELDS), FACT.c.active)
    ).all()
    for signature in dict.fromkeys(value.casefold() for value in values if value):
        known = db.execute(
            select(INCIDENT.c.id).where(
                INCIDENT.c.signature == signature,
                INCIDENT.c.state == "open",
                INCIDENT.c.last_at_utc > now_utc - QUIET,
            )
        ).scalar()
        tickets = _reports(db, signature, now_utc - WITHIN)
        sellers = {row.seller_id or row.requester for row in tickets}
        if known is None and len(sellers) < SELLERS:
            continue
        incident = int(known) if known is not None else _open(db, signature, tickets, now_utc)
        db.execute(
            update(TICKET)
            .where(TICKET.c.id.in_([row.id for row in tickets] + [number]), TICKET.c.incident_id.is_(None))
            .values(incident_id=incident)
        )
        _recount(db, incident, now_utc)
        return "" if known is not None else signature
    return ""


def close_quiet_incidents(db: Connection, now_utc: datetime) -> int:
    """Close incidents that nobody reported for a while; return how many."""
    result = db.execute(
        update(INCIDENT)
        .where(INCIDENT.c.state == "open", INCIDENT.c.last_at_utc <= now_utc - QUIET)
        .values(state="closed", closed_at_utc=now_utc)
    )
    return int(result.rowcount)


def open_incidents(db: Connection) -> list[dict[str, Any]]:
    """List the open incidents, newest first, as `razbor status --json` prints them."""
    rows = db.execute(select(INCIDENT).where(INCIDENT.c.state == "open").order_by(INCIDENT.c.id.desc()))
    return [
        {
            "incident": row.id,
            "fault": row.signature,
            "since": row.first_at_utc.isoformat(),
            "last": row.last_at_utc.isoformat(),
            "sellers": row.seller_count,
            "tickets": row.ticket_count,
        }
        for row in rows
    ]


def _reports(db: Connection, signature: str, since_utc: datetime) -> list[Any]:
    # Compared here: the lower() of SQLite leaves Cyrillic letters as they are.
    rows = db.execute(
        select(TICKET.c.id, TICKET.c.requester, TICKET.c.seller_id, TICKET.c.opened_at_utc, FACT.c.value)
        .join(FACT, FACT.c.ticket_id == TICKET.c.id)
        .where(
            FACT.c.field.in_(FAULT_FIELDS),
            FACT.c.active,
            TICKET.c.opened_at_utc > since_utc,
        )
    )
    return list({row.id: row for row in rows if row.value.casefold() == signature}.values())


def _open(db: Connection, signature: str, tickets: list[Any], now_utc: datetime) -> int:
    return int(
        db.execute(
            insert(INCIDENT)
            .values(
                signature=signature,
                state="open",
                first_at_utc=min(row.opened_at_utc for row in tickets),
                last_at_utc=now_utc,
                seller_count=0,
                ticket_count=0,
            )
            .returning(INCIDENT.c.id)
        ).scalar_one()
    )


def _recount(db: Connection, incident: int, now_utc: datetime) -> None:
    rows = db.execute(
        select(TICKET.c.requester, TICKET.c.seller_id).where(TICKET.c.incident_id == incident)
    ).all()
    db.execute(
        update(INCIDENT)
        .where(INCIDENT.c.id == incident)
        .values(
            last_at_utc=now_utc,
            ticket_count=len(rows),
            seller_count=len({row.seller_id or row.requester for row in rows}),
        )
    )
