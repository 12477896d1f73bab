"""One ticket with everything that its page shows, in as many queries as it has kinds of things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from models.store.review import is_hidden
from models.store.schema import (
    ATTACHMENT,
    AUDIT,
    FACT,
    MESSAGE,
    NOTE,
    OUTBOX,
    PREDICTION,
    STATUS_EVENT,
    TICKET,
    TICKET_LINK,
)
from models.store.ticket_life import ticket_row

SHOWN = 200  # of each kind, the newest; a ticket with more mails than that is a loop
LABELLED = ("topic", "topic_undone", "assign", "escalate", "fact", "bind", "stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One entry of the timeline: a mail, a reply, a note, a change of status or an act."""

    kind: str  # mail, reply, note, status, act
    at_utc: datetime
    row: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage:
    """A ticket, its timeline oldest first, its facts with the superseded ones, and its neighbours."""

    ticket: Any
    timeline: tuple[Moment, ...]
    facts: tuple[Any, ...]  # active first
    attachments: tuple[Any, ...]
    prediction: Any | None  # None while it must stay hidden, or for a ticket without one
    linked: tuple[tuple[str, int, str, str], ...]  # how, number, subject, status
    mail_count: int
    history: tuple[tuple[int, str, str, datetime], ...]  # of the same seller: number, subject, status, opened


def ticket_page(db: Connection, number: int) -> TicketPage:
    """Load a ticket for its page; raises StoreError when there is none."""
    ticket = ticket_row(db, number)
    mails = _rows(db, MESSAGE, MESSAGE.c.ticket_id == number, MESSAGE.c.raw_id)
    raw_ids = [mail.raw_id for mail in mails]
    replies = _rows(db, OUTBOX, OUTBOX.c.ticket_id == number, OUTBOX.c.id)
    notes = _rows(db, NOTE, NOTE.c.ticket_id == number, NOTE.c.id)
    events = _rows(db, STATUS_EVENT, STATUS_EVENT.c.ticket_id == number, STATUS_EVENT.c.id)
    acts = _rows(
        db, AUDIT, (AUDIT.c.subject == f"ticket:{number}") & AUDIT.c.action.in_(LABELLED), AUDIT.c.id
    )
    timeline = [
        *(Moment(kind="mail", at_utc=row.received_at_utc, row=row) for row in mails),
        *(Moment(kind="reply", at_utc=row.sent_at_utc or row.created_at_utc, row=row) for row in replies),
        *(Moment(kind="note", at_utc=row.at_utc, row=row) for row in notes),
        *(Moment(kind="status", at_utc=row.at_utc, row=row) for row in events),
        *(Moment(kind="act", at_utc=row.at_utc, row=row) for row in acts),
    ]
    facts = _rows(db, FACT, FACT.c.ticket_id == number, FACT.c.id)
    return TicketPage(
        ticket=ticket,
        timeline=tuple(sorted(timeline, key=lambda moment: moment.at_utc)),
        facts=tuple(sorted(facts, key=lambda fact: not fact.active)),
        attachments=tuple(_rows(db, ATTACHMENT, ATTACHMENT.c.raw_id.in_(raw_ids), ATTACHMENT.c.id)),
        prediction=_prediction(db, ticket),
        linked=_linked(db, ticket),
        mail_count=len(mails),
        history=_history(db, ticket),
    )


def attachment_of(db: Connection, attachment_id: int) -> Any | None:
    """Return the row of an attachment with the ticket of its mail; None for an unknown one."""
    return db.execute(
        select(ATTACHMENT, MESSAGE.c.ticket_id)
        .join(MESSAGE, MESSAGE.c.raw_id == ATTACHMENT.c.raw_id)
        .where(ATTACHMENT.c.id == attachment_id)
    ).first()


def mail_of(db: Connection, raw_id: int) -> Any | None:
    """Return a mail's ticket and what was taken out of its texts; None for an unknown one."""
    return db.execute(
        select(MESSAGE.c.raw_id, MESSAGE.c.ticket_id, MESSAGE.c.redacted).where(MESSAGE.c.raw_id == raw_id)
    ).first()


def _rows(db: Connection, table: Any, condition: Any, order: Any) -> list[Any]:
    """Return the newest rows of a table, oldest first."""
    newest = db.execute(select(table).where(condition).order_by(order.desc()).limit(SHOWN)).all()
    return list(newest)[::-1]


def _prediction(db: Connection, ticket: Any) -> Any | None:
    raw_id = ticket.opened_by_raw_id
    if raw_id is None or is_hidden(db, raw_id):
        return None
    return db.execute(
        select(PREDICTION).where(PREDICTION.c.raw_id == raw_id).order_by(PREDICTION.c.id.desc()).limit(1)
    ).first()


def _linked(db: Connection, ticket: Any) -> tuple[tuple[str, int, str, str], ...]:
    ways: dict[int, str] = {}
    for other in db.scalars(select(TICKET_LINK.c.other_id).where(TICKET_LINK.c.ticket_id == ticket.id)):
        ways[int(other)] = "related"
    for way in ("claimed_ticket_id", "duplicate_of_id", "merged_into_id"):
        if getattr(ticket, way) is not None:
            ways[int(getattr(ticket, way))] = way.removesuffix("_id")
    rows = db.execute(
        select(TICKET.c.id, TICKET.c.subject, TICKET.c.status).where(TICKET.c.id.in_(list(ways)[:50]))
    )
    return tuple((ways[row.id], row.id, row.subject, row.status) for row in rows)


def _history(db: Connection, ticket: Any) -> tuple[tuple[int, str, str, datetime], ...]:
    theirs = TICKET.c.requester == ticket.requester
    if ticket.seller_id:
        theirs = or_(theirs, TICKET.c.seller_id == ticket.seller_id)
    rows = db.execute(
        select(TICKET.c.id, TICKET.c.subject, TICKET.c.status, TICKET.c.opened_at_utc)
        .where(theirs, TICKET.c.id != ticket.id)
        .order_by(TICKET.c.id.desc())
        .limit(8)
    )
    return tuple((row.id, row.subject, row.status, row.opened_at_utc) for row in rows)
