"""What topic work looks at: tickets with their mails, facts, attachments, questions and replies.

In go the numbers of tickets, out come frozen `TicketState` records for `workers.topics`. A batch is
loaded with one statement a table, however many tickets it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from models.decisions import FactValue, TicketState
from models.records import Authentication
from models.store.engine import StoreError
from models.store.facts import load_facts_of
from models.store.policies import read_policy, reply_policy
from models.store.schema import ASKED, ATTACHMENT, MESSAGE, OUTBOX, TICKET, TICKET_LINK
from models.store.sellers import Writer, learn_sellers, role_of_mail
from models.topic_policy import TOPICS, names_of, needs_of
from models.topics import Status

MAILS_LOOKED_AT = 50  # the newest of a ticket; facts of older ones are kept, so nothing is asked again
_NO_DATA: Final = frozenset({"request", "administrator"})  # what `compose` calls a clarification and rule R6
_NUMBERS: Final[BindParameter[int]] = bindparam("numbers", expanding=True)
# Built once: these run for every batch of tickets that are due.
_TICKETS: Final = select(TICKET).where(TICKET.c.id.in_(_NUMBERS))
_NEWEST: Final = (
    select(
        MESSAGE.c.id,
        func.row_number()
        .over(partition_by=MESSAGE.c.ticket_id, order_by=MESSAGE.c.raw_id.desc())
        .label("place"),
    )
    .where(MESSAGE.c.ticket_id.in_(_NUMBERS), MESSAGE.c.kind.in_(("person", "list")))
    .subquery()
)
_MAILS: Final = (
    select(
        MESSAGE.c.ticket_id,
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
    .join(_NEWEST, _NEWEST.c.id == MESSAGE.c.id)
    .where(_NEWEST.c.place <= bindparam("most"))
    .order_by(MESSAGE.c.raw_id)
)
_PARTS: Final = select(ATTACHMENT.c.raw_id, ATTACHMENT.c.kind, ATTACHMENT.c.row_count).where(
    ATTACHMENT.c.raw_id.in_(bindparam("raw_ids", expanding=True)),
    or_(ATTACHMENT.c.kind != "other", ATTACHMENT.c.content_id == ""),  # no logos of signatures
)
_ASKED: Final = (
    select(ASKED.c.ticket_id, ASKED.c.field, OUTBOX.c.inbound_raw_id)
    .outerjoin(OUTBOX, OUTBOX.c.id == ASKED.c.outbox_id)
    .where(ASKED.c.ticket_id.in_(_NUMBERS))
)
_SENT: Final = select(OUTBOX.c.ticket_id, OUTBOX.c.kind).where(OUTBOX.c.ticket_id.in_(_NUMBERS))
_CITED: Final = select(TICKET_LINK.c.ticket_id, TICKET_LINK.c.other_id).where(
    TICKET_LINK.c.ticket_id.in_(_NUMBERS)
)


@dataclass(slots=True)
class _Gathered:
    """The rows of one ticket."""

    mails: list[Any] = field(default_factory=list)  # oldest first
    facts: tuple[FactValue, ...] = ()
    parts: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    sent_kinds: set[str] = field(default_factory=set)
    cited: list[int] = field(default_factory=list)


def load_ticket_state(db: Connection, number: int, now_utc: datetime) -> TicketState:
    """Load a ticket with everything that topic work looks at. Raises StoreError when there is none."""
    found = load_ticket_states(db, [number], now_utc)
    if number not in found:
        msg = f"there is no ticket RZ-{number}: `razbor tickets list` shows all"
        raise StoreError(msg)
    return found[number]


def load_ticket_states(db: Connection, numbers: Iterable[int], now_utc: datetime) -> dict[int, TicketState]:
    """Load tickets by number; unknown numbers are absent. At most a few hundred at once."""
    wanted = sorted(numbers)
    these = {"numbers": wanted}
    gathered: defaultdict[int, _Gathered] = defaultdict(_Gathered)
    of_mail: dict[int, int] = {}
    for mail in db.execute(_MAILS, these | {"most": MAILS_LOOKED_AT}) if wanted else ():
        gathered[mail.ticket_id].mails.append(mail)
        of_mail[mail.raw_id] = mail.ticket_id
    for part in db.execute(_PARTS, {"raw_ids": list(of_mail)}) if of_mail else ():
        gathered[of_mail[part.raw_id]].parts.append(part)
    for row in db.execute(_ASKED, these):
        gathered[row.ticket_id].asked.append(row)
    for sent in db.execute(_SENT, these):
        gathered[sent.ticket_id].sent_kinds.add(sent.kind)
    for link in db.execute(_CITED, these):
        gathered[link.ticket_id].cited.append(link.other_id)
    for number, facts in load_facts_of(db, wanted).items():
        gathered[number].facts = facts
    learn_sellers(db, {seller for rows in gathered.values() for seller in _stated_sellers(rows)})
    tickets = db.execute(_TICKETS, these).all()
    return {ticket.id: _state(db, ticket, gathered[ticket.id], now_utc) for ticket in tickets}


def _state(db: Connection, ticket: Any, rows: _Gathered, now_utc: datetime) -> TicketState:
    mails, asked, own = rows.mails, rows.asked, read_policy(db, TOPICS)
    writer = _writer(mails[-1]) if mails else Writer(address=ticket.requester)  # who gets the next answer
    return TicketState(
        number=ticket.id,
        status=Status(ticket.status),
        topic=ticket.topic,
        language=ticket.language,
        marketplace=ticket.marketplace,
        subject=ticket.subject,
        text="\n\n".join(mail.text for mail in mails if mail.text),
        how_to=ticket.how_to,
        facts=rows.facts,
        asked=frozenset(row.field for row in asked),
        missing_before=tuple(ticket.missing),
        question_raw_id=min((row.inbound_raw_id for row in asked if _is_question(row)), default=None),
        question_count=ticket.question_count,
        acknowledged=ticket.acknowledged,
        bound_seller_id=ticket.seller_id,
        sender_role=role_of_mail(db, writer, _stated_sellers(rows)),
        sent_kinds=frozenset(rows.sent_kinds),
        attachment_kinds=tuple(part.kind for part in rows.parts),
        suppress_replies=ticket.suppress_replies or (mails[-1].suppress_replies if mails else ""),
        also_topics=tuple(ticket.also_topics),
        message_count=len(mails),
        findings=tuple((f["type"], f["value"] or f["text"]) for mail in mails for f in mail.findings),
        secrets=tuple(redaction["type"] for redaction in mails[-1].redacted) if mails else (),
        newest_raw_id=mails[-1].raw_id if mails else None,
        policy=reply_policy(db, ticket.topic, ticket.mailbox),
        now_utc=now_utc,
        newest_text=mails[-1].text if mails else "",
        cited=_cited(ticket.id, rows),
        escalated=bool(ticket.escalated),
        needs=needs_of(own, ticket.topic),
        topic_names=names_of(own, ticket.topic),
        bulk_rows=max((part.row_count or 0 for part in rows.parts), default=0),
    )


def _stated_sellers(rows: _Gathered) -> list[str]:
    return [fact.value for fact in rows.facts if fact.field == "seller_id"]


def _is_question(asked: Any) -> bool:
    """Tell whether a mail was asked for a datum: answers are looked for in what came after it."""
    return asked.inbound_raw_id is not None and asked.field not in _NO_DATA


def _cited(number: int, rows: _Gathered) -> tuple[int, ...]:
    """Return the numbers that a ticket is related to or its mails name, whether they exist or not.

    What was named counts as named: asking again for a number that is not ours would tell a stranger
    which numbers are (rule A16).
    """
    named = [
        int(entity["value"].rpartition("-")[2])
        for mail in rows.mails
        for entity in mail.entities
        if entity["type"] == "ticket_id" and entity["where"] in {"subject", "body"}
    ]
    return tuple(dict.fromkeys(other for other in (*rows.cited, *named) if other != number))


def _writer(mail: Any) -> Writer:
    checks = Authentication(**mail.authentication)
    return Writer(address=mail.from_address, reply_address=mail.reply_address, is_forged=checks.failed)
