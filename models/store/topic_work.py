"""What a topic queue does with a ticket: why it is due, what it looks at, what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, case, insert, or_, select, update
from sqlalchemy.engine import Connection

from models.decisions import TicketState, TopicDecision
from models.records import Authentication
from models.store.facts import load_facts
from models.store.link_context import STRONG_FIELDS
from models.store.mails import storable
from models.store.policies import read_policy, reply_policy
from models.store.schema import ASKED, ATTACHMENT, FACT, MESSAGE, OUTBOX, TICKET, TICKET_LINK, TOPIC_WORK
from models.store.sellers import Writer, role_of_mail
from models.store.ticket_events import note_event
from models.store.tickets import move_status
from models.topic_policy import TOPICS, names_of, needs_of
from models.topics import Status

MATTERS_LOCKED = 500
MAILS_LOOKED_AT = 50  # the newest of a ticket; facts of older ones are kept, so nothing is asked again
# Built once: these run for every ticket that is due.
_OF_TICKET: Final = TOPIC_WORK.c.ticket_id == bindparam("number")
_IS_KNOWN: Final = select(TOPIC_WORK.c.ticket_id).where(_OF_TICKET)
_NEW_WORK: Final = insert(TOPIC_WORK)
_CHANGE_WORK: Final = update(TOPIC_WORK).where(_OF_TICKET)
_WORK: Final = select(TOPIC_WORK.c.raw_id, TOPIC_WORK.c.attempts).where(_OF_TICKET)
_TICKET: Final = select(TICKET).where(TICKET.c.id == bindparam("number"))
_CHANGE_TICKET: Final = update(TICKET).where(TICKET.c.id == bindparam("number"))
_IS_WORKED_OUT: Final = TICKET.c.priority_by == ""  # what an operator set by hand stays
_DECIDED: Final = _CHANGE_TICKET.values(
    priority=case((_IS_WORKED_OUT, bindparam("priority_found")), else_=TICKET.c.priority),
    score=case((_IS_WORKED_OUT, bindparam("score_found")), else_=TICKET.c.score),
)
_REPLIED_ASKING: Final = _CHANGE_TICKET.values(question_count=TICKET.c.question_count + 1)
_ROUTE: Final = select(TICKET.c.topic, TICKET.c.in_review).where(TICKET.c.id == bindparam("number"))
_MAILS: Final = (
    select(
        MESSAGE.c.raw_id,
        MESSAGE.c.from_address,
        MESSAGE.c.reply_address,
        MESSAGE.c.authentication,
        MESSAGE.c.text,
        MESSAGE.c.findings,
        MESSAGE.c.redacted,
        MESSAGE.c.suppress_replies,
        MESSAGE.c.entities,
    )
    .where(MESSAGE.c.ticket_id == bindparam("number"), MESSAGE.c.kind.in_(("person", "list")))
    .order_by(MESSAGE.c.raw_id.desc())
    .limit(bindparam("most"))
)
_PARTS: Final = select(ATTACHMENT.c.kind, ATTACHMENT.c.row_count).where(
    ATTACHMENT.c.raw_id.in_(bindparam("raw_ids", expanding=True)),
    or_(ATTACHMENT.c.kind != "other", ATTACHMENT.c.content_id == ""),  # no logos of signatures
)
_ASKED: Final = (
    select(ASKED.c.field, OUTBOX.c.inbound_raw_id)
    .outerjoin(OUTBOX, OUTBOX.c.id == ASKED.c.outbox_id)
    .where(ASKED.c.ticket_id == bindparam("number"))
)
_SENT_KINDS: Final = select(OUTBOX.c.kind).where(OUTBOX.c.ticket_id == bindparam("number"))
_NO_DATA: Final = frozenset({"request", "administrator"})  # what `compose` calls a clarification and rule R6
_CITED: Final = select(TICKET_LINK.c.other_id).where(TICKET_LINK.c.ticket_id == bindparam("number"))
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


def load_ticket_state(db: Connection, number: int, now_utc: datetime) -> TicketState:
    """Load a ticket with everything that topic work looks at."""
    this = {"number": number}
    ticket = db.execute(_TICKET, this).one()
    mails = db.execute(_MAILS, this | {"most": MAILS_LOOKED_AT}).all()[::-1]
    parts = db.execute(_PARTS, {"raw_ids": [mail.raw_id for mail in mails]}).all()
    asked = db.execute(_ASKED, this).all()
    facts, own = load_facts(db, number), read_policy(db, TOPICS)
    writer = _writer(mails[-1]) if mails else Writer(address=ticket.requester)  # who gets the next answer
    stated = [fact.value for fact in facts if fact.field == "seller_id"]
    return TicketState(
        number=number,
        status=Status(ticket.status),
        topic=ticket.topic,
        language=ticket.language,
        marketplace=ticket.marketplace,
        subject=ticket.subject,
        text="\n\n".join(mail.text for mail in mails if mail.text),
        how_to=ticket.how_to,
        facts=facts,
        asked=frozenset(row.field for row in asked),
        missing_before=tuple(ticket.missing),
        question_raw_id=min((row.inbound_raw_id for row in asked if _is_question(row)), default=None),
        question_count=ticket.question_count,
        acknowledged=ticket.acknowledged,
        bound_seller_id=ticket.seller_id,
        sender_role=role_of_mail(db, writer, stated),
        sent_kinds=frozenset(db.scalars(_SENT_KINDS, this)),
        attachment_kinds=tuple(part.kind for part in parts),
        suppress_replies=ticket.suppress_replies or (mails[-1].suppress_replies if mails else ""),
        also_topics=tuple(ticket.also_topics),
        message_count=len(mails),
        findings=tuple((f["type"], f["value"] or f["text"]) for mail in mails for f in mail.findings),
        secrets=tuple(redaction["type"] for redaction in mails[-1].redacted) if mails else (),
        newest_raw_id=mails[-1].raw_id if mails else None,
        policy=reply_policy(db, ticket.topic, ticket.mailbox),
        now_utc=now_utc,
        newest_text=mails[-1].text if mails else "",
        cited=_cited(db, number, mails),
        escalated=bool(ticket.escalated),
        needs=needs_of(own, ticket.topic),
        topic_names=names_of(own, ticket.topic),
        bulk_rows=max((part.row_count or 0 for part in parts), default=0),
    )


def _is_question(asked: Any) -> bool:
    """Tell whether a mail was asked for a datum: answers are looked for in what came after it."""
    return asked.inbound_raw_id is not None and asked.field not in _NO_DATA


def _cited(db: Connection, number: int, mails: Sequence[Any]) -> tuple[int, ...]:
    """Return the numbers that a ticket is related to or its mails name, whether they exist or not.

    What was named counts as named: asking again for a number that is not ours would tell a stranger
    which numbers are (rule A16).
    """
    named = [
        int(entity["value"].rpartition("-")[2])
        for mail in mails
        for entity in mail.entities
        if entity["type"] == "ticket_id" and entity["where"] in {"subject", "body"}
    ]
    related = db.scalars(_CITED, {"number": number})
    return tuple(dict.fromkeys(other for other in (*related, *named) if other != number))


def _writer(mail: Any) -> Writer:
    checks = Authentication(**mail.authentication)
    return Writer(address=mail.from_address, reply_address=mail.reply_address, is_forged=checks.failed)


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
