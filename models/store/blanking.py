"""Taking the words out of rows that stay: their dates, numbers and counts are kept.

Every function takes the open write transaction and at most a few hundred numbers. Doing it twice
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from models.contact_masking import masked_attachment, masked_columns
from models.store.schema import (
    ATTACHMENT,
    AUDIT,
    FACT,
    MESSAGE,
    NOTE,
    OUTBOX,
    PARTY,
    PREDICTION,
    STATUS_EVENT,
    TICKET,
)
from models.store.word_index import index_mails, index_openers

# Numbers of things, kept for the journal of requests (rule R32). Articles, campaigns and documents
# are often words that a seller chose: they go.
KEPT_FIELDS: Final = ("order_ref", "supply_ref", "tracking_number", "claim_ref", "feedback_ref")
WITHOUT_SENDER: Final[dict[str, Any]] = {
    "from_address": "",
    "from_name": "",
    "reply_address": "",
    "signature": "",
    "entities": [],
    "findings": [],
    "warnings": [],
}
WITHOUT_WORDS: Final[dict[str, Any]] = {**WITHOUT_SENDER, "subject": "", "text": "", "quoted": ""}
_WORDS_OF_ACTS: Final = frozenset({"value", "was", "reason"})  # in the detail of an audit entry


def blank_messages(db: Connection, raw_ids: Sequence[int], now_utc: datetime) -> None:
    """Take everything that a person wrote out of mails; who sent them too. They teach nothing any more."""
    mine = MESSAGE.c.raw_id.in_(raw_ids)
    db.execute(update(MESSAGE).where(mine).values(**WITHOUT_WORDS, purged_at_utc=now_utc))
    db.execute(update(PREDICTION).where(PREDICTION.c.raw_id.in_(raw_ids)).values(reasons=[]))


def blank_senders(db: Connection, raw_ids: Sequence[int]) -> None:
    """Leave of labelled mails what the classifier learns from, and nobody's name."""
    db.execute(update(MESSAGE).where(MESSAGE.c.raw_id.in_(raw_ids)).values(**WITHOUT_SENDER))
    index_mails(db, raw_ids)


def blank_attachments(db: Connection, ids: Sequence[int]) -> None:
    """Take names and texts out of attachments; type, size and checksum stay."""
    db.execute(update(ATTACHMENT).where(ATTACHMENT.c.id.in_(ids)).values(name="", text="", content_id=""))


def blank_replies(db: Connection, ids: Sequence[int]) -> None:
    """Take words and address out of replies; a draft or failed one can no longer leave."""
    db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id.in_(ids))
        .values(subject="", text="", rcpt_to="", in_reply_to="", references=[], last_error="")
    )
    drafts = OUTBOX.c.id.in_(ids) & (OUTBOX.c.status == "draft")
    db.execute(update(OUTBOX).where(drafts).values(status="muted"))


def blank_notes(db: Connection, ids: Sequence[int]) -> None:
    """Take the words out of operators' notes; who wrote when stays."""
    db.execute(update(NOTE).where(NOTE.c.id.in_(ids)).values(text=""))


def blank_contacts(db: Connection, fact_ids: Sequence[int]) -> None:
    """Delete telephone numbers and addresses: the facts' values, and where they stand in their mails."""
    mine = FACT.c.id.in_(fact_ids)
    raw_ids = set(db.scalars(select(FACT.c.raw_id).where(mine, FACT.c.raw_id.is_not(None))))
    numbers = set(db.scalars(select(FACT.c.ticket_id).where(mine)))
    db.execute(update(FACT).where(mine).values(value="", text="", active=False))
    for row in db.execute(select(MESSAGE).where(MESSAGE.c.raw_id.in_(raw_ids))).mappings().all():
        message = dict(row)
        changed = masked_columns(message)
        if not changed:
            continue
        parts = select(ATTACHMENT.c.id, ATTACHMENT.c.name, ATTACHMENT.c.text).where(
            ATTACHMENT.c.raw_id == message["raw_id"], ATTACHMENT.c.text != ""
        )
        for part in db.execute(parts).all():
            text = masked_attachment(message, part.name, part.text)
            if text != part.text:
                db.execute(update(ATTACHMENT).where(ATTACHMENT.c.id == part.id).values(text=text))
        db.execute(update(MESSAGE).where(MESSAGE.c.id == message["id"]).values(changed))
    index_mails(db, sorted(raw_ids))
    index_openers(db, sorted(numbers))


def blank_tickets(db: Connection, numbers: Sequence[int], now_utc: datetime, *, requester: str = "") -> None:
    """Leave of tickets their key figures, dates and the numbers of things (rules R29, R30, R32).

    `requester` is what stands in place of who opened them; nobody may write into them any more.
    """
    mine = TICKET.c.id.in_(numbers)
    values = {"subject": "", "business_risk": "", "requester": requester, "purged_at_utc": now_utc}
    db.execute(update(TICKET).where(mine).values(values))
    db.execute(delete(PARTY).where(PARTY.c.ticket_id.in_(numbers)))
    theirs = FACT.c.ticket_id.in_(numbers)
    db.execute(update(FACT).where(theirs).values(text="", where=""))  # `where` may name an attached file
    db.execute(update(FACT).where(theirs, FACT.c.field.not_in(KEPT_FIELDS)).values(value="", active=False))
    index_openers(db, numbers)
    blank_words_of_acts(db, numbers)


def blank_words_of_acts(db: Connection, numbers: Sequence[int]) -> None:
    """Take the words out of what people did with tickets; who did what when stays for ever."""
    by_people = STATUS_EVENT.c.actor != "razbor"
    theirs = STATUS_EVENT.c.ticket_id.in_(numbers)
    db.execute(update(STATUS_EVENT).where(theirs, by_people).values(reason=""))
    entries = select(AUDIT.c.id, AUDIT.c.detail).where(
        AUDIT.c.subject.in_([f"ticket:{number}" for number in numbers])
    )
    for entry in db.execute(entries).all():
        kept = {name: "" if name in _WORDS_OF_ACTS else value for name, value in entry.detail.items()}
        if kept != entry.detail:
            db.execute(update(AUDIT).where(AUDIT.c.id == entry.id).values(detail=kept))
