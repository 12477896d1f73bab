"""Opening, extending, relating and moving tickets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.engine import Connection

from models.decisions import Decision
from models.records import Mail, Prediction
from models.store.engine import StoreError
from models.store.schema import (
    PARTY,
    STATUS_EVENT,
    TICKET,
    TICKET_LINK,
)
from models.store.ticket_events import note_event
from models.topics import LEGAL_MOVES, Status

# Built once, as in the other modules of this room: a statement that is built anew for every mail costs
# as much as running it.
_OPEN: Final = insert(TICKET)
_OPENED: Final = (  # a mail that was split off opened an older one before
    select(TICKET.c.opened_by_raw_id, func.max(TICKET.c.id))
    .where(TICKET.c.opened_by_raw_id.in_(bindparam("raw_ids", expanding=True)))
    .group_by(TICKET.c.opened_by_raw_id)
)
_NEW_PARTY: Final = insert(PARTY)
_NEW_EVENT: Final = insert(STATUS_EVENT)
_PARTY: Final = select(PARTY.c.address).where(
    PARTY.c.ticket_id == bindparam("number"), PARTY.c.address == bindparam("address")
)
_STATUS: Final = select(TICKET.c.status).where(TICKET.c.id == bindparam("number"))
_MOVE: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_REOPEN: Final = _MOVE.values(reopened=TICKET.c.reopened + 1)

_LANGUAGE_LETTERS: Final = 12  # "ID: 3345120" is in no language
_TOLD_MOVES: Final = {Status.WAITING_SELLER: "ticket.waiting", Status.CLOSED: "ticket.closed"}
REMIND_AFTER: Final = timedelta(hours=72)  # design 9: one reminder of an open question


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a ticket starts with besides its mail: where that is stored, mailbox, seller, the first clock."""

    raw_id: int
    mailbox: str
    seller_id: str  # "" when the sender is bound to none
    sla_phase: str = ""
    sla_due_at_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A ticket that is about to be opened: its first mail, what was decided, what it starts with."""

    mail: Mail
    decision: Decision
    prediction: Prediction
    opening: Opening


def open_tickets(db: Connection, wanted: Sequence[NewTicket], now_utc: datetime) -> list[int]:
    """Open tickets for mails, in their order, and return their numbers; a sender becomes the first party."""
    if not wanted:
        return []
    db.execute(_OPEN, [_first_values(new, now_utc) for new in wanted])
    raw_ids = [new.opening.raw_id for new in wanted]
    opened = {row[0]: row[1] for row in db.execute(_OPENED, {"raw_ids": raw_ids})}
    numbers = [int(opened[raw_id]) for raw_id in raw_ids]
    told = list(zip(numbers, wanted, strict=True))
    parties = [
        {"ticket_id": number, "address": new.mail.from_.address}
        for number, new in told
        if new.mail.from_.address
    ]
    if parties:
        db.execute(_NEW_PARTY, parties)
    event = {"at_utc": now_utc, "to_status": str(Status.NEW), "reason": "mail received"}
    db.execute(_NEW_EVENT, [{"ticket_id": number, **event} for number in numbers])
    for number, new in told:
        relate(db, number, new.decision.link.related)
        note_event(db, "ticket.opened", number, now_utc)
        if not new.decision.review:
            note_event(db, "ticket.routed", number, now_utc)
    return numbers


def _first_values(new: NewTicket, now_utc: datetime) -> dict[str, object]:
    mail, decision, opening = new.mail, new.decision, new.opening
    return {
        "status": str(Status.NEW),
        "topic": decision.topic,
        "topic_source": "model",
        "in_review": decision.review,
        "language": mail.language,
        "marketplace": mail.marketplace,
        "subject": mail.subject,
        "mailbox": opening.mailbox,
        "requester": mail.from_.address,
        "seller_id": opening.seller_id,
        "opened_by_raw_id": opening.raw_id,
        "opened_at_utc": now_utc,
        "updated_at_utc": now_utc,
        "status_at_utc": now_utc,
        "confidence": new.prediction.confidence,
        "also_topics": list(new.prediction.also_topics),
        "suppress_replies": decision.suppress_replies,
        "claimed_ticket_id": decision.link.claimed,
        "duplicate_of_id": decision.link.twin,
        "sla_phase": opening.sla_phase,
        "sla_due_at_utc": opening.sla_due_at_utc,
    }


def add_party(db: Connection, number: int, address: str) -> None:
    """Let an address write into a ticket; nothing happens when it may already."""
    if not address:
        return
    if db.scalar(_PARTY, {"number": number, "address": address}) is None:
        db.execute(_NEW_PARTY, {"ticket_id": number, "address": address})


def relate(db: Connection, number: int, others: Iterable[int]) -> None:
    """Note that tickets belong together; noted once in each direction."""
    for other in others:
        if other == number:
            continue
        for left, right in ((number, other), (other, number)):
            known = db.scalar(
                select(TICKET_LINK.c.kind).where(
                    TICKET_LINK.c.ticket_id == left, TICKET_LINK.c.other_id == right
                )
            )
            if known is None:
                db.execute(insert(TICKET_LINK).values(ticket_id=left, other_id=right, kind="related"))


def extend_ticket(db: Connection, decision: Decision, mail: Mail, *, now_utc: datetime) -> None:
    """Note a follow-up on its ticket: reopened if closed, back to the operators if it waited."""
    number = decision.link.ticket
    if number is None:
        msg = "a follow-up needs a ticket: workers.linking gave none"
        raise StoreError(msg)
    row = db.execute(select(TICKET.c.status, TICKET.c.marketplace).where(TICKET.c.id == number)).one()
    status = Status(row.status)
    if decision.link.reopens and status is Status.CLOSED:
        move_status(db, number, Status.IN_PROGRESS, reason="seller wrote again", now_utc=now_utc)
    elif status is Status.WAITING_SELLER and decision.link.evidence != "resend":  # it answers nothing
        move_status(db, number, Status.NEW, reason="seller answered", now_utc=now_utc)
    changes: dict[str, object] = {"updated_at_utc": now_utc}
    if mail.language != "unknown" and _letters(mail.text) >= _LANGUAGE_LETTERS:
        changes["language"] = mail.language  # rule A12: the newest words decide the language of the answer
    if row.marketplace == "unknown":
        changes["marketplace"] = mail.marketplace
    db.execute(update(TICKET).where(TICKET.c.id == number).values(changes))
    relate(db, number, decision.link.related)
    note_event(db, "ticket.appended", number, now_utc)


def _letters(text: str) -> int:
    """Count letters; a Chinese character weighs as much as three."""
    return sum(3 if "\u4e00" <= char <= "\u9fff" else 1 for char in text[:500] if char.isalpha())


def move_status(
    db: Connection, number: int, to: Status, *, reason: str, now_utc: datetime, actor: str = "razbor"
) -> bool:
    """Move a ticket and write the event; False when it already is there.

    Raises StoreError for a move that rule R20 does not allow.
    """
    status = Status(db.execute(_STATUS, {"number": number}).scalar_one())
    if status is to:
        return False
    check_move(number, status, to)
    changes = {"number": number, "updated_at_utc": now_utc, **moved(to, now_utc)}
    db.execute(_REOPEN if status is Status.CLOSED else _MOVE, changes)
    note_moves(db, [(number, status, to, reason)], now_utc, actor=actor)
    return True


def check_move(number: int, status: Status, to: Status) -> None:
    """Raise StoreError for a move that rule R20 does not allow."""
    if (status, to) not in LEGAL_MOVES:
        msg = f"RZ-{number} cannot move from {status} to {to}: the legal moves are those of rule R20"
        raise StoreError(msg)


def moved(to: Status, now_utc: datetime) -> dict[str, object]:
    """Return the columns of a ticket that change with its status."""
    return {
        "status": str(to),
        "status_at_utc": now_utc,
        "closed_at_utc": now_utc if to is Status.CLOSED else None,
        "remind_at_utc": now_utc + REMIND_AFTER if to is Status.WAITING_SELLER else None,
        "stage": "",
    }


def note_moves(
    db: Connection,
    moves: Sequence[tuple[int, Status, Status, str]],
    now_utc: datetime,
    *,
    actor: str = "razbor",
) -> None:
    """Write the events of moves that were made: number, from, to, reason; webhooks are told."""
    if not moves:
        return
    db.execute(
        _NEW_EVENT,
        [
            {
                "ticket_id": number,
                "at_utc": now_utc,
                "from_status": str(status),
                "to_status": str(to),
                "actor": actor,
                "reason": reason,
            }
            for number, status, to, reason in moves
        ],
    )
    for number, _status, to, _reason in moves:
        if to in _TOLD_MOVES:
            note_event(db, _TOLD_MOVES[to], number, now_utc)
