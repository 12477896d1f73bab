"""Erasing a person: words, names and addresses go, dates and counts stay.

Every function takes the open write transaction and can be repeated without harm. The order
matters, because each step finds its rows by what a later step removes: tickets, mails, replies,
then the places where the address itself stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, literal, select, update
from sqlalchemy.engine import Connection

from models.store.blanking import (
    blank_attachments,
    blank_messages,
    blank_replies,
    blank_words_of_acts,
)
from models.store.engine import Store
from models.store.raw_orders import drop_envelopes, drop_raw
from models.store.read_once import forget
from models.store.schema import (
    ATTACHMENT,
    FACT,
    MAIL_STATE,
    MESSAGE,
    NOTE,
    OUTBOX,
    PARTY,
    PREDICTION,
    SELLER_ADDRESS,
    TICKET,
)
from models.store.word_index import index_mails

ERASED = "the person was erased"  # why nothing is sent any more
_QUOTED = "quoted"


def erase_from_tickets(
    db: Connection, opened: Sequence[int], joined: Sequence[int], raw_ids: Sequence[int]
) -> None:
    """Take a person's words out of tickets, except their mails: subjects, notes, what others quoted.

    `raw_ids` are the person's mails: they have their own step. What others wrote themselves stays.
    """
    ticket = {"subject": "", "business_risk": "", "suppress_replies": ERASED, "remind_at_utc": None}
    db.execute(update(TICKET).where(TICKET.c.id.in_(opened)).values(ticket))
    db.execute(update(NOTE).where(NOTE.c.ticket_id.in_(opened)).values(text=""))
    by_operator = FACT.c.ticket_id.in_(opened) & FACT.c.raw_id.is_(None)
    db.execute(update(FACT).where(by_operator).values(value="", text="", active=False))
    blank_words_of_acts(db, opened)
    db.execute(update(OUTBOX).where(OUTBOX.c.ticket_id.in_(opened)).values(subject=_subject()))
    tickets = [*opened, *joined]
    quoted = FACT.c.ticket_id.in_(tickets) & (FACT.c.source == _QUOTED)
    db.execute(update(FACT).where(quoted).values(value="", text="", active=False))
    others = select(MESSAGE.c.id, MESSAGE.c.raw_id, MESSAGE.c.entities, MESSAGE.c.findings)
    for row in db.execute(others.where(MESSAGE.c.ticket_id.in_(tickets), MESSAGE.c.quoted != "")).all():
        if row.raw_id in raw_ids:
            continue
        values: dict[str, Any] = {"quoted": ""}
        values |= {
            name: [item for item in getattr(row, name) if item.get("where") != _QUOTED]
            for name in ("entities", "findings")
        }
        db.execute(update(MESSAGE).where(MESSAGE.c.id == row.id).values(values))
        index_mails(db, [row.raw_id])
        db.execute(update(PREDICTION).where(PREDICTION.c.raw_id == row.raw_id).values(reasons=[]))


def _subject() -> Any:
    """Leave of a reply's subject the number of its ticket."""
    return literal("[RZ-").concat(func.coalesce(cast(OUTBOX.c.ticket_id, Text), "")).concat("]")


def erase_mails(
    store: Store, db: Connection, raw_ids: Sequence[int], pseudonym: str, now_utc: datetime
) -> None:
    """Erase mails: words, names, facts, files, raw bytes, sender; their labels teach nothing any more."""
    blank_messages(db, raw_ids, now_utc)
    mine = MESSAGE.c.raw_id.in_(raw_ids)
    values = {
        "from_address": pseudonym,
        "message_id": "",
        "in_reply_to": "",
        "references": [],
        "content_sha256": "",
        "text_sha256": "",
    }
    db.execute(update(MESSAGE).where(mine).values(values))
    blank_attachments(db, list(db.scalars(select(ATTACHMENT.c.id).where(ATTACHMENT.c.raw_id.in_(raw_ids)))))
    facts = FACT.c.raw_id.in_(raw_ids)
    db.execute(update(FACT).where(facts).values(value="", text="", where="", active=False))
    db.execute(update(MAIL_STATE).where(MAIL_STATE.c.raw_id.in_(raw_ids)).values(last_error=""))
    drop_raw(store, db, raw_ids, now_utc)
    drop_envelopes(store, db, dict.fromkeys(raw_ids, pseudonym), now_utc)


def erase_replies(db: Connection, ids: Sequence[int], pseudonym: str) -> None:
    """Erase our mails to the person; what has not left stays here."""
    waiting = OUTBOX.c.id.in_(ids) & OUTBOX.c.status.in_(("queued", "draft"))
    db.execute(update(OUTBOX).where(waiting).values(status="muted", lease_token=None, lease_until_utc=None))
    blank_replies(db, ids)
    db.execute(update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(rcpt_to=pseudonym))


def erase_address(db: Connection, address: str, pseudonym: str) -> None:
    """Take the address off tickets, parties and sellers."""
    same = address.lower()
    db.execute(update(TICKET).where(func.lower(TICKET.c.requester) == same).values(requester=pseudonym))
    db.execute(delete(PARTY).where(func.lower(PARTY.c.address) == same))
    db.execute(delete(SELLER_ADDRESS).where(func.lower(SELLER_ADDRESS.c.address) == same))
    forget(db)
