"""The outbox: replies written in the transaction of the decision, sent later (design 10).

A row is unique per inbound mail and kind, so a repeated decision finds its reply there.
Sending is claimed and committed before SMTP starts; a sender that vanished after that
leaves the row in `sending`, which becomes `uncertain` when the lease is over: an automatic
mail is then shown and not sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from models.records import ReplyDraft
from models.store.mails import storable
from models.store.schema import ASKED, OUTBOX
from models.store.ticket_events import note_event

MAX_ATTEMPTS = 12
# Built once: these run for every reply.
_OF_KIND = select(OUTBOX.c.id).where(
    OUTBOX.c.inbound_raw_id == bindparam("raw_id"), OUTBOX.c.kind == bindparam("kind")
)
_QUEUE = insert(OUTBOX).returning(OUTBOX.c.id)
BACKOFF_S = (60, 120, 300, 600, 1800, 3600, 7200, 14400)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """Where a reply goes and what it answers."""

    mail_from: str  # our mailbox, header From
    rcpt_to: str
    message_id: str  # ours, without angle brackets
    in_reply_to: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A reply as it lies in the outbox."""

    outbox_id: int
    ticket: int | None
    kind: str
    automatic: bool
    language: str
    subject: str
    text: str
    address: ReplyAddress
    created_at_utc: datetime
    attempts: int
    inbound_raw_id: int | None = None  # the mail that it answers


def queue_reply(
    db: Connection,
    draft: ReplyDraft,
    address: ReplyAddress,
    *,
    ticket: int | None,
    inbound_raw_id: int,
    status: str,
    now_utc: datetime,
    author: str = "",
) -> int | None:
    """Put a reply into the outbox; None when this inbound mail already has a reply of this kind.

    `author` is the operator who wrote it; without one the mail is automatic (rule A1).
    """
    if db.scalar(_OF_KIND, {"raw_id": inbound_raw_id, "kind": draft.kind}) is not None:
        return None
    values = {
        "ticket_id": ticket,
        "inbound_raw_id": inbound_raw_id,
        "kind": draft.kind,
        "automatic": not author,
        "author": author,
        "status": status,
        "message_id": address.message_id,
        "mail_from": address.mail_from,
        "rcpt_to": address.rcpt_to,
        "language": draft.language,
        "subject": draft.subject,
        "text": draft.text,
        "in_reply_to": address.in_reply_to,
        "references": list(address.references),
        "created_at_utc": now_utc,
        "due_at_utc": now_utc,
    }
    return int(db.execute(_QUEUE, values).scalar_one())


def was_told(db: Connection, kind: str, rcpt_to: str, since_utc: datetime) -> bool:
    """Tell whether an address got, or is about to get, a reply of a kind since a moment."""
    found = (
        select(OUTBOX.c.id)
        .where(
            OUTBOX.c.rcpt_to == rcpt_to,
            OUTBOX.c.kind == kind,
            OUTBOX.c.status.in_(("queued", "sending", "sent", "uncertain")),
            OUTBOX.c.created_at_utc > since_utc,
        )
        .limit(1)
    )
    return db.scalar(found) is not None


def automatic_newest(db: Connection, since_utc: datetime, *, most: int) -> int:
    """Count the automatic mails since a moment among the newest `most`: never more rows are read."""
    newest = (
        select(OUTBOX.c.created_at_utc)
        .where(OUTBOX.c.automatic, OUTBOX.c.status.in_(("queued", "sending", "sent", "uncertain")))
        .order_by(OUTBOX.c.id.desc())
        .limit(most)
        .subquery()
    )
    return db.scalar(select(func.count()).where(newest.c.created_at_utc > since_utc)) or 0


def load_outgoing(db: Connection, ids: tuple[int, ...]) -> list[OutgoingMail]:
    """Load replies by number, oldest first."""
    rows = db.execute(select(OUTBOX).where(OUTBOX.c.id.in_(ids)).order_by(OUTBOX.c.id)).all()
    return [
        OutgoingMail(
            outbox_id=row.id,
            ticket=row.ticket_id,
            kind=row.kind,
            automatic=bool(row.automatic),
            language=row.language,
            subject=row.subject,
            text=row.text,
            address=ReplyAddress(
                mail_from=row.mail_from,
                rcpt_to=row.rcpt_to,
                message_id=row.message_id,
                in_reply_to=row.in_reply_to,
                references=tuple(row.references),
            ),
            created_at_utc=row.created_at_utc,
            attempts=row.attempts,
            inbound_raw_id=row.inbound_raw_id,
        )
        for row in rows
    ]


def fields_asked(db: Connection, outbox_id: int) -> frozenset[str]:
    """Return the fields that a reply asks for."""
    return frozenset(db.scalars(select(ASKED.c.field).where(ASKED.c.outbox_id == outbox_id)))


def mark_sending(db: Connection, mail: OutgoingMail, token: str, until_utc: datetime) -> bool:
    """Note, before any SMTP, that a reply is about to leave; False when the claim is no longer ours.

    The lease is renewed until `until_utc`: those sent before it may have used up the first one.
    """
    result = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == mail.outbox_id, OUTBOX.c.lease_token == token, OUTBOX.c.status == "queued")
        .values(status="sending", lease_until_utc=until_utc)
    )
    return result.rowcount == 1


def mark_withdrawn(db: Connection, outbox_id: int, reason: str) -> None:
    """Keep a queued reply from leaving; it stays visible with the reason."""
    _mark(db, outbox_id, status="muted", last_error=storable(reason))


def mark_uncertain(db: Connection, outbox_id: int, error: str) -> None:
    """Note that it is unknown whether the relay took the mail; an automatic one is not sent again."""
    _mark(db, outbox_id, status="uncertain", last_error=storable(error))


def mark_bounced(db: Connection, outbox_id: int, error: str) -> int | None:
    """Note that a sent reply came back; what else waits for that address on the ticket stays here.

    Returns the ticket, None when the reply is not one that left.
    """
    left = OUTBOX.c.status.in_(("sending", "sent", "uncertain"))
    row = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id, left)
        .values(status="failed", last_error=storable(error), lease_token=None, lease_until_utc=None)
        .returning(OUTBOX.c.ticket_id, OUTBOX.c.rcpt_to)
    ).first()
    if row is None:
        return None
    db.execute(
        update(OUTBOX)
        .where(
            OUTBOX.c.ticket_id == row.ticket_id,
            OUTBOX.c.rcpt_to == row.rcpt_to,
            OUTBOX.c.status == "queued",
            OUTBOX.c.automatic,
        )
        .values(status="muted", last_error="an earlier reply to this address came back")
    )
    return int(row.ticket_id) if row.ticket_id is not None else None


def mark_sent(db: Connection, outbox_id: int, now_utc: datetime) -> None:
    """Note that the relay answered 250; a bounce that was quicker than this note stands."""
    row = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id, OUTBOX.c.status.in_(("sending", "uncertain")))
        .values(status="sent", sent_at_utc=now_utc, last_error="", lease_token=None, lease_until_utc=None)
        .returning(OUTBOX.c.ticket_id, OUTBOX.c.automatic)
    ).first()
    if row is not None and row.ticket_id is not None:
        told = {"reply": outbox_id, "automatic": bool(row.automatic)}
        note_event(db, "ticket.answered", row.ticket_id, now_utc, **told)


def mark_failed(db: Connection, outbox_id: int, error: str) -> None:
    """Note that the relay refused for good; the ticket shows it."""
    _mark(db, outbox_id, status="failed", last_error=storable(error))


def mark_deferred(db: Connection, mail: OutgoingMail, error: str, now_utc: datetime) -> None:
    """Put a reply off that the relay could not take now, until the attempts are used up."""
    if mail.attempts >= MAX_ATTEMPTS:
        mark_failed(db, mail.outbox_id, f"gave up after {mail.attempts} attempts: {error}")
        return
    pause_s = BACKOFF_S[min(max(mail.attempts - 1, 0), len(BACKOFF_S) - 1)]
    _mark(
        db,
        mail.outbox_id,
        status="queued",
        due_at_utc=now_utc + timedelta(seconds=pause_s),
        last_error=storable(error),
    )


def mark_lost_senders(db: Connection, now_utc: datetime) -> int:
    """Mark rows whose sender vanished after claiming: they are shown as uncertain, not sent again."""
    result = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.status == "sending", _lease_over(now_utc))
        .values(
            status="uncertain",
            lease_token=None,
            lease_until_utc=None,
            last_error="the sending process vanished: it is not known whether the relay took the mail",
        )
    )
    return result.rowcount


def _lease_over(now_utc: datetime) -> ColumnElement[bool]:
    return or_(OUTBOX.c.lease_until_utc.is_(None), OUTBOX.c.lease_until_utc < now_utc)


def _mark(db: Connection, outbox_id: int, **values: object) -> None:
    db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id)
        .values(lease_token=None, lease_until_utc=None, **values)
    )
