"""Opening, extending and moving tickets, their facts, and loading one for topic work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from models.decisions import Decision, FactValue, TicketState, TopicDecision
from models.records import Mail, Prediction
from models.store.engine import StoreError
from models.store.link_context import bound_role
from models.store.policies import reply_policy
from models.store.schema import (
    ASKED,
    ATTACHMENT,
    FACT,
    MESSAGE,
    PARTY,
    STATUS_EVENT,
    TICKET,
    TICKET_LINK,
    TOPIC_WORK,
)
from models.topics import LEGAL_MOVES, Status

# A newer value replaces the older one; of all other fields a ticket may hold many.
SINGLE_FIELDS = frozenset({"seller_id", "pvz_ref", "legal_id"})


def open_ticket(
    db: Connection,
    mail: Mail,
    decision: Decision,
    prediction: Prediction,
    *,
    raw_id: int,
    mailbox: str,
    seller_id: str,
    now_utc: datetime,
) -> int:
    """Open a ticket for a mail and return its number; the sender becomes its first party."""
    number = db.execute(
        insert(TICKET)
        .values(
            status=str(Status.NEW),
            topic=decision.topic,
            topic_source="model",
            in_review=decision.review,
            language=mail.language,
            marketplace=mail.marketplace,
            subject=mail.subject,
            mailbox=mailbox,
            requester=mail.from_.address,
            seller_id=seller_id,
            opened_by_raw_id=raw_id,
            opened_at_utc=now_utc,
            updated_at_utc=now_utc,
            status_at_utc=now_utc,
            also_topics=list(prediction.also_topics),
            suppress_replies=decision.suppress_replies,
            claimed_ticket_id=decision.link.claimed,
        )
        .returning(TICKET.c.id)
    ).scalar_one()
    number = int(number)
    add_party(db, number, mail.from_.address)
    db.execute(
        insert(STATUS_EVENT).values(
            ticket_id=number, at_utc=now_utc, to_status=str(Status.NEW), reason="mail received"
        )
    )
    relate(db, number, decision.link.related)
    return number


def add_party(db: Connection, number: int, address: str) -> None:
    """Let an address write into a ticket; nothing happens when it may already."""
    if not address:
        return
    known = db.scalar(select(PARTY.c.address).where(PARTY.c.ticket_id == number, PARTY.c.address == address))
    if known is None:
        db.execute(insert(PARTY).values(ticket_id=number, address=address))


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
    status = Status(db.execute(select(TICKET.c.status).where(TICKET.c.id == number)).scalar_one())
    if decision.link.reopens and status is Status.CLOSED:
        move_status(db, number, Status.IN_PROGRESS, reason="seller wrote again", now_utc=now_utc)
    elif status is Status.WAITING_SELLER:
        move_status(db, number, Status.NEW, reason="seller answered", now_utc=now_utc)
    changes: dict[str, object] = {"updated_at_utc": now_utc}
    if mail.language != "unknown":
        changes["language"] = mail.language  # rule A12: the newest words decide the language of the answer
    db.execute(update(TICKET).where(TICKET.c.id == number).values(changes))
    relate(db, number, decision.link.related)


def move_status(
    db: Connection, number: int, to: Status, *, reason: str, now_utc: datetime, actor: str = "razbor"
) -> bool:
    """Move a ticket and write the event; False when it already is there.

    Raises StoreError for a move that rule R20 does not allow.
    """
    status = Status(db.execute(select(TICKET.c.status).where(TICKET.c.id == number)).scalar_one())
    if status is to:
        return False
    if (status, to) not in LEGAL_MOVES:
        msg = f"RZ-{number} cannot move from {status} to {to}: the legal moves are those of rule R20"
        raise StoreError(msg)
    db.execute(
        update(TICKET)
        .where(TICKET.c.id == number)
        .values(
            status=str(to),
            status_at_utc=now_utc,
            updated_at_utc=now_utc,
            closed_at_utc=now_utc if to is Status.CLOSED else None,
        )
    )
    db.execute(
        insert(STATUS_EVENT).values(
            ticket_id=number,
            at_utc=now_utc,
            from_status=str(status),
            to_status=str(to),
            actor=actor,
            reason=reason,
        )
    )
    return True


def merge_facts(db: Connection, number: int, facts: Sequence[FactValue], now_utc: datetime) -> int:
    """Add new facts to a ticket; return how many were new. A superseded value stays, inactive."""
    known = {
        (row.field, row.value)
        for row in db.execute(
            select(FACT.c.field, FACT.c.value).where(FACT.c.ticket_id == number, FACT.c.active)
        )
    }
    fresh = [fact for fact in dict.fromkeys(facts) if (fact.field, fact.value) not in known]
    for fact in fresh:
        if fact.field in SINGLE_FIELDS:
            db.execute(
                update(FACT)
                .where(FACT.c.ticket_id == number, FACT.c.field == fact.field, FACT.c.active)
                .values(active=False)
            )
        db.execute(
            insert(FACT).values(
                ticket_id=number,
                raw_id=fact.raw_id,
                field=fact.field,
                value=fact.value,
                text=fact.text,
                type=fact.type,
                source=fact.source,
                where=fact.where,
                active=True,
                created_at_utc=now_utc,
            )
        )
    return len(fresh)


def make_topic_work_due(
    db: Connection, number: int, topic: str, raw_id: int | None, now_utc: datetime
) -> None:
    """Ask the topic queue to look at a ticket; asking twice before it looked is asking once."""
    values = {"topic": topic, "raw_id": raw_id, "due_at_utc": now_utc, "attempts": 0}
    if db.scalar(select(TOPIC_WORK.c.ticket_id).where(TOPIC_WORK.c.ticket_id == number)) is None:
        db.execute(insert(TOPIC_WORK).values(ticket_id=number, **values))
    else:
        db.execute(update(TOPIC_WORK).where(TOPIC_WORK.c.ticket_id == number).values(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWorkRow:
    """Why a ticket is due in its topic queue."""

    raw_id: int | None  # the newest mail that made it due
    attempts: int


def topic_work_of(db: Connection, number: int) -> TopicWorkRow:
    """Return the work row of a ticket."""
    row = db.execute(
        select(TOPIC_WORK.c.raw_id, TOPIC_WORK.c.attempts).where(TOPIC_WORK.c.ticket_id == number)
    ).one()
    return TopicWorkRow(raw_id=row.raw_id, attempts=row.attempts)


def end_topic_work(db: Connection, number: int, *, error: str = "", give_up: bool = True) -> None:
    """Note that a queue looked at a ticket; with `give_up=False` it looks again after the lease.

    A ticket that its queue cannot work goes to the operators with the error.
    """
    changes: dict[str, object] = {"lease_token": None, "last_error": error[:500]}
    if give_up:
        changes |= {"due_at_utc": None, "lease_until_utc": None}
    db.execute(update(TOPIC_WORK).where(TOPIC_WORK.c.ticket_id == number).values(changes))
    if error and give_up:
        db.execute(update(TICKET).where(TICKET.c.id == number).values(in_review=True))


def routed_topic(db: Connection, number: int) -> str:
    """Return the topic whose queue works a ticket; "" while an operator has yet to look at it."""
    row = db.execute(select(TICKET.c.topic, TICKET.c.in_review).where(TICKET.c.id == number)).one()
    return "" if row.in_review else str(row.topic)


def load_facts(db: Connection, number: int) -> tuple[FactValue, ...]:
    """Return the active facts of a ticket, oldest first."""
    rows = db.execute(select(FACT).where(FACT.c.ticket_id == number, FACT.c.active).order_by(FACT.c.id)).all()
    return tuple(
        FactValue(
            field=row.field,
            value=row.value,
            text=row.text,
            type=row.type,
            source=row.source,
            raw_id=row.raw_id,
            where=row.where,
        )
        for row in rows
    )


def load_ticket_state(db: Connection, number: int, now_utc: datetime) -> TicketState:
    """Load a ticket with everything that topic work looks at."""
    ticket = db.execute(select(TICKET).where(TICKET.c.id == number)).one()
    mails = db.execute(
        select(MESSAGE.c.raw_id, MESSAGE.c.text, MESSAGE.c.findings, MESSAGE.c.suppress_replies)
        .where(MESSAGE.c.ticket_id == number, MESSAGE.c.kind.in_(("person", "list")))
        .order_by(MESSAGE.c.raw_id)
    ).all()
    kinds = db.scalars(
        select(ATTACHMENT.c.kind).where(ATTACHMENT.c.raw_id.in_([mail.raw_id for mail in mails]))
    ).all()
    asked = db.scalars(select(ASKED.c.field).where(ASKED.c.ticket_id == number)).all()
    return TicketState(
        number=number,
        status=Status(ticket.status),
        topic=ticket.topic,
        language=ticket.language,
        marketplace=ticket.marketplace,
        subject=ticket.subject,
        text="\n\n".join(mail.text for mail in mails if mail.text),
        how_to=ticket.how_to,
        facts=load_facts(db, number),
        asked=frozenset(asked),
        question_count=ticket.question_count,
        acknowledged=ticket.acknowledged,
        bound_seller_id=ticket.seller_id,
        sender_role=bound_role(db, ticket.requester),
        attachment_kinds=tuple(kinds),
        suppress_replies=ticket.suppress_replies or (mails[-1].suppress_replies if mails else ""),
        also_topics=tuple(ticket.also_topics),
        message_count=len(mails),
        findings=tuple((f["type"], f["value"] or f["text"]) for mail in mails for f in mail.findings),
        policy=reply_policy(db, ticket.topic, ticket.mailbox),
        now_utc=now_utc,
    )


def store_topic_decision(
    db: Connection, state: TicketState, decision: TopicDecision, now_utc: datetime
) -> None:
    """Write what topic work found: missing data, priority, status. The reply is queued by the caller."""
    db.execute(
        update(TICKET)
        .where(TICKET.c.id == state.number)
        .values(
            missing=list(decision.missing),
            how_to=decision.how_to,
            subkind=decision.subkind,
            priority=decision.priority,
            priority_parts=decision.priority_parts,
            updated_at_utc=now_utc,
        )
    )
    if decision.status is not None and decision.status is not state.status:
        move_status(db, state.number, decision.status, reason=_reason(decision), now_utc=now_utc)


def note_reply(
    db: Connection, number: int, *, asked: Sequence[str], outbox_id: int, now_utc: datetime
) -> None:
    """Remember that a reply with the number went out, and for which fields the seller was asked."""
    changes: dict[str, object] = {"acknowledged": True}
    if asked:
        changes["question_count"] = TICKET.c.question_count + 1
        db.execute(
            insert(ASKED),
            [
                {"ticket_id": number, "field": name, "outbox_id": outbox_id, "asked_at_utc": now_utc}
                for name in asked
            ],
        )
    db.execute(update(TICKET).where(TICKET.c.id == number).values(changes))


def _reason(decision: TopicDecision) -> str:
    if decision.ask:
        return "asked for " + ", ".join(decision.ask)
    return "data complete" if not decision.missing else "seller answered in part"
