"""What happens to a ticket besides its mails: notes, clocks, reminders, merging, the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    String,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from models.decisions import StatusMove
from models.store.engine import StoreError
from models.store.facts import SINGLE_FIELDS
from models.store.schema import (
    ASKED,
    AUDIT,
    FACT,
    LEGAL_HOLD,
    MAIL_STATE,
    MESSAGE,
    NOTE,
    OUTBOX,
    PARTY,
    STATUS_EVENT,
    TICKET,
    TOPIC_WORK,
)
from models.store.tickets import add_party, relate
from models.topics import Status

REPEAT_WINDOW: Final = timedelta(days=30)
REPEATED_FROM: Final = 3  # so many earlier tickets earn the badge "repeat"
_NUMBERS: Final[BindParameter[int]] = bindparam("numbers", expanding=True)
_ROW: Final = select(TICKET).where(TICKET.c.id == bindparam("number"))  # built once: run for every mail
_SET: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_MOVES: Final = (
    select(
        STATUS_EVENT.c.ticket_id,
        STATUS_EVENT.c.at_utc,
        STATUS_EVENT.c.to_status,
        STATUS_EVENT.c.actor,
        STATUS_EVENT.c.reason,
    )
    .where(STATUS_EVENT.c.ticket_id.in_(_NUMBERS))
    .order_by(STATUS_EVENT.c.id)
)
_OTHER: Final = TICKET.alias("earlier")
_EARLIER: Final = (
    select(func.count())
    .select_from(_OTHER)
    .where(
        _OTHER.c.topic == TICKET.c.topic,
        _OTHER.c.id < TICKET.c.id,
        _OTHER.c.opened_at_utc > bindparam("since"),
        _OTHER.c.merged_into_id.is_(None),
    )
    .correlate(TICKET)
)
_SENT_BY: Final = _OTHER.c.requester == TICKET.c.requester
# Two statements, so that each goes by an index: one ticket is bound to a seller, the other is not.
_REPEATS: Final = select(TICKET.c.id, _EARLIER.where(_SENT_BY).scalar_subquery()).where(
    TICKET.c.id.in_(_NUMBERS), TICKET.c.seller_id == ""
)
_REPEATS_OF_SELLER: Final = select(
    TICKET.c.id,
    _EARLIER.where(or_(_SENT_BY, _OTHER.c.seller_id == TICKET.c.seller_id)).scalar_subquery(),
).where(TICKET.c.id.in_(_NUMBERS), TICKET.c.seller_id != "")


def audit(db: Connection, actor: str, action: str, subject: str, now_utc: datetime, **detail: object) -> None:
    """Note who did what to which thing; never deleted, never changed."""
    db.execute(
        insert(AUDIT).values(at_utc=now_utc, actor=actor, action=action, subject=subject, detail=detail)
    )


def status_moves(db: Connection, number: int) -> tuple[StatusMove, ...]:
    """Return the dated status moves of a ticket, oldest first (rule R21)."""
    return status_moves_of(db, [number]).get(number, ())


def status_moves_of(db: Connection, numbers: Collection[int]) -> dict[int, tuple[StatusMove, ...]]:
    """Return the dated status moves of tickets, oldest first."""
    found: dict[int, list[StatusMove]] = {}
    for row in db.execute(_MOVES, {"numbers": list(numbers)}):
        move = StatusMove(at_utc=row.at_utc, to=Status(row.to_status), actor=row.actor, reason=row.reason)
        found.setdefault(row.ticket_id, []).append(move)
    return {number: tuple(moves) for number, moves in found.items()}


def ticket_row(db: Connection, number: int) -> Any:
    """Return the row of a ticket; raises StoreError when there is none."""
    row = db.execute(_ROW, {"number": number}).first()
    if row is None:
        msg = f"there is no ticket RZ-{number}: `razbor tickets list` shows all"
        raise StoreError(msg)
    return row


def set_ticket(db: Connection, number: int, now_utc: datetime, **values: object) -> None:
    """Change columns of a ticket and its date of change."""
    db.execute(update(TICKET).where(TICKET.c.id == number).values(updated_at_utc=now_utc, **values))


def set_clock(db: Connection, number: int, *, phase: str, due_at_utc: datetime | None) -> None:
    """Write when a ticket's running term is over; None while it is paused or stopped."""
    db.execute(_SET, {"number": number, "sla_phase": phase, "sla_due_at_utc": due_at_utc})


def add_note(db: Connection, number: int, author: str, text: str, now_utc: datetime) -> int:
    """Write a note for the other operators; return its number."""
    return int(
        db.execute(
            insert(NOTE)
            .values(ticket_id=number, at_utc=now_utc, author=author, text=text)
            .returning(NOTE.c.id)
        ).scalar_one()
    )


def newest_raw_id(db: Connection, number: int) -> int | None:
    """Return the newest mail of a person on a ticket: what an operator's reply answers."""
    newest = db.scalar(
        select(func.max(MESSAGE.c.raw_id)).where(
            MESSAGE.c.ticket_id == number, MESSAGE.c.kind.in_(("person", "list"))
        )
    )
    return int(newest) if newest is not None else None


def reminders_due(db: Connection, now_utc: datetime, limit: int) -> list[int]:
    """Return tickets that wait for their seller and whose one reminder is due."""
    return list(
        db.scalars(
            select(TICKET.c.id)
            .where(
                TICKET.c.remind_at_utc <= now_utc,
                TICKET.c.reminded_at_utc.is_(None),
                TICKET.c.status == str(Status.WAITING_SELLER),
            )
            .order_by(TICKET.c.remind_at_utc)
            .limit(limit)
        )
    )


def overdue_tickets(
    db: Connection, now_utc: datetime, rules: Mapping[str, Sequence[str]], *, actor: str, limit: int
) -> dict[int, str]:
    """Return tickets over their term, with the term: whose priority `rules` name for it, not escalated yet.

    One that `actor` escalated before is left out, whoever took it back.
    """
    counts = or_(*(and_(TICKET.c.sla_phase == p, TICKET.c.priority.in_(names)) for p, names in rules.items()))
    before = exists().where(
        AUDIT.c.subject == literal("ticket:") + cast(TICKET.c.id, String),
        AUDIT.c.action == "escalate",
        AUDIT.c.actor == actor,
    )
    rows = db.execute(
        select(TICKET.c.id, TICKET.c.sla_phase)
        .where(TICKET.c.sla_due_at_utc < now_utc, TICKET.c.escalated.is_(False), counts, ~before)
        .where(TICKET.c.merged_into_id.is_(None), TICKET.c.status != str(Status.CLOSED))
        .order_by(TICKET.c.sla_due_at_utc)
        .limit(limit)
    )
    return {row.id: row.sla_phase for row in rows}


def merge_tickets(db: Connection, number: int, into: int, now_utc: datetime) -> None:
    """Move everything of a ticket to another one; its number goes on leading there.

    Raises StoreError for a ticket merged with itself or with one that was merged away.
    """
    target = ticket_row(db, into)
    if (
        number == into
        or target.merged_into_id is not None
        or ticket_row(db, number).merged_into_id is not None
    ):
        msg = f"RZ-{number} cannot be merged into RZ-{into}: choose two tickets that stand on their own"
        raise StoreError(msg)
    source = ticket_row(db, number)
    if source.seller_id and target.seller_id and source.seller_id != target.seller_id:
        msg = f"RZ-{number} and RZ-{into} are of two sellers: each would read the other's matter"
        raise StoreError(msg)
    for table in (MESSAGE, FACT, OUTBOX, NOTE):
        db.execute(update(table).where(table.c.ticket_id == number).values(ticket_id=into))
    db.execute(update(MAIL_STATE).where(MAIL_STATE.c.ticket_id == number).values(ticket_id=into))
    _carry_questions_and_hold(db, number, into)
    for address in db.scalars(select(PARTY.c.address).where(PARTY.c.ticket_id == number)).all():
        add_party(db, into, address)
    db.execute(delete(TOPIC_WORK).where(TOPIC_WORK.c.ticket_id == number))
    db.execute(update(TICKET).where(TICKET.c.merged_into_id == number).values(merged_into_id=into))
    set_ticket(db, number, now_utc, merged_into_id=into, in_review=False, remind_at_utc=None)
    set_ticket(db, into, now_utc, **_taken_over(source, target))
    relate(db, number, [into])
    _keep_one_value(db, into)


def _taken_over(source: Any, target: Any) -> dict[str, object]:
    """Return what the target knows from now on: rule A8 counts the questions and reminders of both."""
    changes: dict[str, object] = {
        "question_count": target.question_count + source.question_count,
        "acknowledged": bool(target.acknowledged or source.acknowledged),
        "seller_id": target.seller_id or source.seller_id,
    }
    for name in ("reminded_at_utc", "incident_id"):
        if getattr(target, name) is None:
            changes[name] = getattr(source, name)
    if source.escalated and not target.escalated:  # the lead who has it in the queue keeps it
        changes |= {"escalated": True, "escalated_at_utc": source.escalated_at_utc}
    return changes


def _carry_questions_and_hold(db: Connection, number: int, into: int) -> None:
    """Take along what was asked, so that it is not asked again, and the legal hold of the mails."""
    known = select(ASKED.c.field).where(ASKED.c.ticket_id == into)
    fresh = (ASKED.c.ticket_id == number) & ASKED.c.field.not_in(db.scalars(known).all())
    db.execute(update(ASKED).where(fresh).values(ticket_id=into))
    if db.scalar(select(LEGAL_HOLD.c.ticket_id).where(LEGAL_HOLD.c.ticket_id == into)) is None:
        hold = select(literal(into), LEGAL_HOLD.c.reason, LEGAL_HOLD.c.author, LEGAL_HOLD.c.at_utc).where(
            LEGAL_HOLD.c.ticket_id == number
        )
        db.execute(insert(LEGAL_HOLD).from_select(["ticket_id", "reason", "author", "at_utc"], hold))


def _keep_one_value(db: Connection, number: int) -> None:
    """Make the older of equal active facts inactive, and of a field with one value the older value."""
    seen: set[tuple[str, str]] = set()
    for row in db.execute(
        select(FACT.c.id, FACT.c.field, FACT.c.value)
        .where(FACT.c.ticket_id == number, FACT.c.active)
        .order_by(FACT.c.id.desc())
    ).all():
        key = (row.field, "" if row.field in SINGLE_FIELDS else row.value)
        if key in seen:
            db.execute(update(FACT).where(FACT.c.id == row.id).values(active=False))
        seen.add(key)


def move_mails(db: Connection, raw_ids: Sequence[int], to: int) -> None:
    """Move mails and the facts that they brought to another ticket."""
    for table in (MESSAGE, FACT, MAIL_STATE):
        db.execute(update(table).where(table.c.raw_id.in_(raw_ids)).values(ticket_id=to))
    db.execute(update(OUTBOX).where(OUTBOX.c.inbound_raw_id.in_(raw_ids)).values(ticket_id=to))


def repeats_of(db: Connection, numbers: Collection[int], now_utc: datetime) -> dict[int, int]:
    """Count, for tickets, the seller's earlier ones of the same topic within the window (rule R32)."""
    given = {"numbers": list(numbers), "since": now_utc - REPEAT_WINDOW}
    found: dict[int, int] = {}
    for query in (_REPEATS, _REPEATS_OF_SELLER):
        found |= {row[0]: row[1] for row in db.execute(query, given)}
    return found
