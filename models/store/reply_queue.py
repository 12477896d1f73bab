"""Replies of a whole batch: what is known of the mails that they answer, and their rows, a statement each.

In go drafts with their addresses, out come the numbers of their rows in the outbox. A batch of 64
letters asks for as many replies; told one by one they would be half of its statements.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from models.records import ReplyDraft
from models.store.outbox import ReplyAddress
from models.store.schema import ASKED, MESSAGE, OUTBOX, TICKET

# Built once: these run for every batch.
_NUMBERS: Final[BindParameter[int]] = bindparam("numbers", expanding=True)
_ADDRESSES: Final[BindParameter[str]] = bindparam("addresses", expanding=True)
_COORDINATES: Final = select(
    MESSAGE.c.raw_id, MESSAGE.c.mailbox, MESSAGE.c.reply_address, MESSAGE.c.message_id, MESSAGE.c.references
).where(MESSAGE.c.raw_id.in_(_NUMBERS))
_KINDS: Final = select(OUTBOX.c.inbound_raw_id, OUTBOX.c.kind).where(OUTBOX.c.inbound_raw_id.in_(_NUMBERS))
_CAME_BACK: Final = select(OUTBOX.c.ticket_id, OUTBOX.c.rcpt_to, func.max(OUTBOX.c.inbound_raw_id)).where(
    OUTBOX.c.ticket_id.in_(_NUMBERS), OUTBOX.c.status == "failed", OUTBOX.c.last_error.startswith("came back")
)
_AUTOMATIC: Final = select(OUTBOX.c.rcpt_to, func.count()).where(
    OUTBOX.c.rcpt_to.in_(_ADDRESSES),
    OUTBOX.c.automatic,
    OUTBOX.c.status.in_(("queued", "sending", "sent", "uncertain")),
    OUTBOX.c.created_at_utc > bindparam("since"),
)
_QUEUE: Final = insert(OUTBOX)
_QUEUED: Final = select(OUTBOX.c.message_id, OUTBOX.c.id).where(OUTBOX.c.message_id.in_(_ADDRESSES))
_FIELDS_ASKED: Final = select(ASKED.c.ticket_id, ASKED.c.field).where(ASKED.c.ticket_id.in_(_NUMBERS))
_NEW_ASKED: Final = insert(ASKED)
_REPLIED: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_REPLIED_ASKING: Final = _REPLIED.values(question_count=TICKET.c.question_count + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCoordinates:
    """Where an answer to a stored mail goes and what it refers to."""

    mailbox: str
    rcpt_to: str
    message_id: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """An automatic reply that is about to lie in the outbox."""

    draft: ReplyDraft
    address: ReplyAddress
    ticket: int
    inbound_raw_id: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyNote:
    """What a ticket remembers of a reply with its number.

    `is_question=False`: what was asked for is no missing datum and does not use up the one question.
    """

    ticket: int
    asked: Sequence[str]
    outbox_id: int
    is_question: bool = True


def coordinates_of(db: Connection, raw_ids: Collection[int]) -> dict[int, ReplyCoordinates]:
    """Return how to answer stored mails; one that was never read is absent."""
    return {
        row.raw_id: ReplyCoordinates(
            mailbox=row.mailbox,
            rcpt_to=row.reply_address,
            message_id=row.message_id,
            references=tuple(row.references),
        )
        for row in db.execute(_COORDINATES, {"numbers": list(raw_ids)})
    }


def kinds_answered(db: Connection, raw_ids: Collection[int]) -> set[tuple[int, str]]:
    """Return which kinds of replies mails have already, as pairs of mail and kind."""
    return {(raw_id, kind) for raw_id, kind in db.execute(_KINDS, {"numbers": list(raw_ids)})}


def newest_returned(db: Connection, numbers: Collection[int]) -> dict[tuple[int, str], int]:
    """Return for each ticket and address whose mail came back the newest mail that such a reply answered."""
    rows = db.execute(_CAME_BACK.group_by(OUTBOX.c.ticket_id, OUTBOX.c.rcpt_to), {"numbers": list(numbers)})
    return {(ticket, rcpt_to): raw_id for ticket, rcpt_to, raw_id in rows}


def automatic_since(db: Connection, addresses: Collection[str], since_utc: datetime) -> dict[str, int]:
    """Count automatic mails to addresses since a moment: the caps of rule A8 look at it."""
    given = {"addresses": list(addresses), "since": since_utc}
    rows = db.execute(_AUTOMATIC.group_by(OUTBOX.c.rcpt_to), given)
    return {row[0]: row[1] for row in rows}


def queue_replies(db: Connection, replies: Sequence[NewReply], now_utc: datetime) -> list[int]:
    """Put replies into the outbox and return their numbers in the same order."""
    if not replies:
        return []
    db.execute(
        _QUEUE,
        [
            {
                "ticket_id": reply.ticket,
                "inbound_raw_id": reply.inbound_raw_id,
                "kind": reply.draft.kind,
                "automatic": True,
                "status": reply.status,
                "message_id": reply.address.message_id,
                "mail_from": reply.address.mail_from,
                "rcpt_to": reply.address.rcpt_to,
                "language": reply.draft.language,
                "subject": reply.draft.subject,
                "text": reply.draft.text,
                "in_reply_to": reply.address.in_reply_to,
                "references": list(reply.address.references),
                "created_at_utc": now_utc,
                "due_at_utc": now_utc,
            }
            for reply in replies
        ],
    )
    message_ids = [reply.address.message_id for reply in replies]
    numbers = {row[0]: row[1] for row in db.execute(_QUEUED, {"addresses": message_ids})}
    return [numbers[message_id] for message_id in message_ids]


def note_replies(db: Connection, notes: Sequence[ReplyNote], now_utc: datetime) -> None:
    """Remember that replies with the number went out, and for which fields the sellers were asked."""
    asking = [note for note in notes if note.asked]
    if asking:
        rows = db.execute(_FIELDS_ASKED, {"numbers": [note.ticket for note in asking]})
        known = {(row.ticket_id, row.field) for row in rows}  # a reminder repeats fields
        fresh: list[dict[str, object]] = []
        for note in asking:
            for name in note.asked:
                if (note.ticket, name) not in known:
                    known.add((note.ticket, name))
                    row = {"ticket_id": note.ticket, "field": name, "outbox_id": note.outbox_id}
                    fresh.append(row | {"asked_at_utc": now_utc})
        if fresh:
            db.execute(_NEW_ASKED, fresh)
    for statement, counts in ((_REPLIED_ASKING, True), (_REPLIED, False)):
        replied = [note.ticket for note in notes if (bool(note.asked) and note.is_question) is counts]
        if replied:
            db.execute(statement, [{"number": number, "acknowledged": True} for number in replied])
