"""What a topic queue does with a ticket: why it is due, what it answers (`ticket_states`: what it sees)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case, insert, select, update
from sqlalchemy.engine import Connection

from models.decisions import TicketState, TopicDecision
from models.store.link_context import STRONG_FIELDS
from models.store.mails import storable
from models.store.schema import ASKED, FACT, MESSAGE, TICKET, TOPIC_WORK
from models.store.ticket_events import note_event
from models.store.tickets import move_status

MATTERS_LOCKED = 500
# Built once: these run for every ticket that is due.
_OF_TICKET: Final = TOPIC_WORK.c.ticket_id == bindparam("number")
_IS_KNOWN: Final = select(TOPIC_WORK.c.ticket_id).where(_OF_TICKET)
_NEW_WORK: Final = insert(TOPIC_WORK)
_CHANGE_WORK: Final = update(TOPIC_WORK).where(_OF_TICKET)
_WORK: Final = select(TOPIC_WORK.c.raw_id, TOPIC_WORK.c.attempts).where(_OF_TICKET)
_CHANGE_TICKET: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_IS_WORKED_OUT: Final = TICKET.c.priority_by == ""  # what an operator set by hand stays
_DECIDED: Final = _CHANGE_TICKET.values(
    priority=case((_IS_WORKED_OUT, bindparam("priority_found")), else_=TICKET.c.priority),
    score=case((_IS_WORKED_OUT, bindparam("score_found")), else_=TICKET.c.score),
)
_REPLIED_ASKING: Final = _CHANGE_TICKET.values(question_count=TICKET.c.question_count + 1)
_ROUTE: Final = select(TICKET.c.topic, TICKET.c.in_review).where(TICKET.c.id == bindparam("number"))
_FIELDS_ASKED: Final = select(ASKED.c.field).where(ASKED.c.ticket_id == bindparam("number"))
_NEW_ASKED: Final = insert(ASKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWorkRow:
    """Why a ticket is due in its topic queue."""

    raw_id: int | None  # the newest mail that made it due
    attempts: int


def make_topic_work_due(
    db: Connection,
    number: int,
    topic: str,
    raw_id: int | None,
    now_utc: datetime,
    *,
    is_new: bool = False,
) -> None:
    """Ask the topic queue to look at a ticket; asking twice before it looked is asking once.

    `is_new`: the ticket was opened a moment ago.
    """
    values = {"topic": topic, "raw_id": raw_id, "due_at_utc": now_utc, "attempts": 0}
    if is_new or db.scalar(_IS_KNOWN, {"number": number}) is None:
        db.execute(_NEW_WORK, {"ticket_id": number, **values})
    else:
        db.execute(_CHANGE_WORK, {"number": number, **values})


def cancel_topic_work(db: Connection, number: int) -> None:
    """Let no queue look at a ticket until it becomes due anew."""
    db.execute(_CHANGE_WORK, {"number": number, "due_at_utc": None})


def topic_work_of(db: Connection, number: int) -> TopicWorkRow:
    """Return the work row of a ticket."""
    row = db.execute(_WORK, {"number": number}).one()
    return TopicWorkRow(raw_id=row.raw_id, attempts=row.attempts)


def reply_addresses(db: Connection, numbers: Sequence[int]) -> set[str]:
    """Return the addresses that replies of due tickets would go to."""
    rows = db.scalars(
        select(MESSAGE.c.reply_address)
        .join(TOPIC_WORK, TOPIC_WORK.c.raw_id == MESSAGE.c.raw_id)
        .where(TOPIC_WORK.c.ticket_id.in_(numbers))
    )
    return {address for address in rows if address}


def matters_of(db: Connection, numbers: Sequence[int]) -> set[str]:
    """Return the strong identifiers of some tickets: a mail may find its ticket by nothing else."""
    found = db.scalars(
        select(FACT.c.value)
        .distinct()
        .where(FACT.c.ticket_id.in_(numbers), FACT.c.field.in_(STRONG_FIELDS), FACT.c.active)
        .limit(MATTERS_LOCKED)
    )
    return set(found)


def end_topic_work(db: Connection, number: int, *, error: str = "", give_up: bool = True) -> None:
    """Note that a queue looked at a ticket; with `give_up=False` it looks again after the lease.

    A ticket that its queue cannot work goes to the operators with the error.
    """
    changes: dict[str, object] = {"lease_token": None, "last_error": storable(error)}
    if give_up:
        changes |= {"due_at_utc": None, "lease_until_utc": None}
    db.execute(_CHANGE_WORK, {"number": number, **changes})
    if error and give_up:
        db.execute(_CHANGE_TICKET, {"number": number, "in_review": True})


def routed_topic(db: Connection, number: int) -> str:
    """Return the topic whose queue works a ticket; "" while an operator has yet to look at it."""
    row = db.execute(_ROUTE, {"number": number}).one()
    return "" if row.in_review else str(row.topic)


def store_topic_decision(
    db: Connection, state: TicketState, decision: TopicDecision, now_utc: datetime
) -> None:
    """Write what topic work found: missing data, priority, status. The reply is queued by the caller."""
    changes = {
        "number": state.number,
        "missing": list(decision.missing),
        "how_to": decision.how_to,
        "subkind": decision.subkind,
        "priority_found": decision.priority,
        "priority_parts": decision.priority_parts,
        "score_found": sum(decision.priority_parts.values()),
        "bulk": decision.is_bulk,
        "updated_at_utc": now_utc,
    }
    db.execute(_DECIDED, changes | decision.stated | _escalated(state, decision, now_utc))
    if _escalated(state, decision, now_utc):
        note_event(db, "ticket.escalated", state.number, now_utc)
    if decision.status is not None and decision.status is not state.status:
        move_status(db, state.number, decision.status, reason=_reason(decision), now_utc=now_utc)


def note_reply(
    db: Connection,
    number: int,
    *,
    asked: Sequence[str],
    outbox_id: int,
    now_utc: datetime,
    is_question: bool = True,
) -> None:
    """Remember that a reply with the number went out, and for which fields the seller was asked.

    `is_question=False`: what was asked for is no missing datum and does not use up the one question.
    """
    if asked:
        known = set(db.scalars(_FIELDS_ASKED, {"number": number}))
        fresh = [
            {"ticket_id": number, "field": name, "outbox_id": outbox_id, "asked_at_utc": now_utc}
            for name in dict.fromkeys(asked)
            if name not in known  # a reminder repeats fields
        ]
        if fresh:
            db.execute(_NEW_ASKED, fresh)
    replied = _REPLIED_ASKING if asked and is_question else _CHANGE_TICKET
    db.execute(replied, {"number": number, "acknowledged": True})


def _escalated(state: TicketState, decision: TopicDecision, now_utc: datetime) -> dict[str, object]:
    """Raise a ticket whose seller asked for it completely (rule R26); once raised it stays so."""
    asked = decision.escalation
    if asked is None or not asked.is_complete or state.escalated:
        return {}
    return {"escalated": True, "escalated_at_utc": now_utc}


def _reason(decision: TopicDecision) -> str:
    if decision.reply is not None and decision.reply.kind == "admin_only":
        return "sender_not_admin"  # rule R6
    if decision.reply is not None and decision.reply.kind in {"clarify", "escalation"}:
        return "asked for " + ", ".join(decision.reply.asked)
    if decision.ask:
        return "asked for " + ", ".join(decision.ask)
    return "data complete" if not decision.missing else "seller answered in part"
