"""Moving one mail of a ticket into a ticket of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import MESSAGE, STATUS_EVENT, TICKET
from models.store.ticket_life import move_mails, ticket_row
from models.store.tickets import add_party, relate
from models.topics import Status

_TAKEN_OVER: Final = (
    "topic",
    "topic_source",
    "in_review",
    "mailbox",
    "seller_id",
    "confidence",
    "sender_role",
)


def split_off(db: Connection, number: int, raw_id: int, now_utc: datetime) -> int:
    """Open a ticket for a mail of another ticket, with its facts; return the new number.

    Raises StoreError when the mail is not the ticket's, or its only one.
    """
    old = ticket_row(db, number)
    mail = db.execute(
        select(MESSAGE).where(MESSAGE.c.raw_id == raw_id, MESSAGE.c.ticket_id == number)
    ).first()
    others = db.scalar(
        select(func.min(MESSAGE.c.raw_id)).where(MESSAGE.c.ticket_id == number, MESSAGE.c.raw_id != raw_id)
    )
    if mail is None or others is None or old.merged_into_id is not None:
        msg = f"only one of several mails of RZ-{number} can become a ticket of its own"
        raise StoreError(msg)
    fresh = int(
        db.execute(
            insert(TICKET)
            .values(
                **{name: getattr(old, name) for name in _TAKEN_OVER},
                status=str(Status.NEW),
                language=mail.language if mail.language != "unknown" else old.language,
                marketplace=mail.marketplace if mail.marketplace != "unknown" else old.marketplace,
                subject=mail.subject,
                requester=mail.from_address or old.requester,
                suppress_replies=old.suppress_replies,
                opened_by_raw_id=raw_id,
                opened_at_utc=mail.received_at_utc,
                updated_at_utc=now_utc,
                status_at_utc=now_utc,
            )
            .returning(TICKET.c.id)
        ).scalar_one()
    )
    move_mails(db, [raw_id], fresh)
    add_party(db, fresh, mail.from_address)
    relate(db, fresh, [number])
    db.execute(
        insert(STATUS_EVENT).values(
            ticket_id=fresh, at_utc=now_utc, to_status=str(Status.NEW), reason=f"split from RZ-{number}"
        )
    )
    changes = {"updated_at_utc": now_utc}
    if old.opened_by_raw_id == raw_id:
        changes["opened_by_raw_id"] = others
    db.execute(update(TICKET).where(TICKET.c.id == number).values(changes))
    return fresh
