"""Finding the mails and tickets that a new mail may belong to: the facts behind `workers.linking`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, bindparam, select
from sqlalchemy.engine import Connection

from models.decisions import LinkContext, TicketCard
from models.records import Mail
from models.store.policies import read_policy
from models.store.schema import FACT, MESSAGE, OUTBOX, PARTY, TICKET
from models.store.sellers import bound_seller
from models.topics import Status

STRONG_FIELDS = ("order_ref", "supply_ref", "claim_ref", "tracking_number", "campaign_ref", "feedback_ref")
RESEND_DAYS = 30
RESEND_MIN_CHARS = 20  # "thank you" twice is two mails, not one sent again
REFERENCE_LIMIT = 50
_DUPLICATE = (  # built once, as the next: they run for every mail
    select(MESSAGE.c.raw_id)
    .where(
        MESSAGE.c.message_id == bindparam("message_id"),
        MESSAGE.c.content_sha256 == bindparam("content"),
        MESSAGE.c.mailbox == bindparam("mailbox"),
    )
    .order_by(MESSAGE.c.raw_id)
    .limit(1)
)
_RESEND = (
    select(MESSAGE.c.ticket_id)
    .where(
        MESSAGE.c.from_address == bindparam("sender"),
        MESSAGE.c.text_sha256 == bindparam("text"),
        MESSAGE.c.ticket_id.is_not(None),
        MESSAGE.c.received_at_utc > bindparam("since"),
    )
    .order_by(MESSAGE.c.raw_id)
    .limit(1)
)


def load_link_context(
    db: Connection,
    mail: Mail,
    *,
    mailbox: str,
    now_utc: datetime,
    strong_values: Sequence[tuple[str, str]] = (),
    bounced_outbox_id: int | None = None,
    addressed: int | None = None,
) -> LinkContext:
    """Look up everything that `workers.linking.link` may weigh for one mail; of a duplicate nothing more."""
    duplicate_of = _duplicate(db, mail, mailbox)
    if duplicate_of is not None:
        return LinkContext(now_utc=now_utc, duplicate_of=duplicate_of)
    cited = _references(mail)
    sender = mail.from_.address
    bound = bound_seller(db, sender)
    numbers = {
        "own": _tickets(db, OUTBOX, cited),
        "sender": _tickets(db, MESSAGE, cited, MESSAGE.c.from_address == sender),
    }
    own = _in_order(cited, numbers["own"])
    if addressed is not None:
        own = [addressed, *(number for number in own if number != addressed)]
    by_sender = _in_order(cited, numbers["sender"])
    subject, body = _numbers(mail.subject_tickets), _numbers(mail.body_tickets)
    resend = _resend(db, mail, now_utc)
    matter = _same_matter(db, sender, bound, strong_values)
    bounced = _bounced(db, mail, bounced_outbox_id)
    cards = load_cards(
        db, {*own, *by_sender, *subject, *body, *matter, *(n for n in (resend, bounced) if n is not None)}
    )
    merged = {card.merged_into for card in cards.values() if card.merged_into is not None}
    cards |= load_cards(db, merged - cards.keys())

    def pick(wanted: Iterable[int]) -> tuple[TicketCard, ...]:
        return tuple(cards[number] for number in wanted if number in cards)

    return LinkContext(
        now_utc=now_utc,
        own_references=pick(own),
        sender_references=pick(by_sender),
        subject_cited=pick(subject),
        body_cited=pick(body),
        resend_of=cards.get(resend) if resend is not None else None,
        same_matter=pick(matter),
        bounced=cards.get(bounced) if bounced is not None else None,
        targets=pick(sorted(merged)),
        bound_seller_id=bound,
        appends_same_matter=bool(matter) and read_policy(db, "duplicates").get("same_matter") == "append",
    )


def tickets_cited(
    db: Connection, mails: Sequence[Mail], now_utc: datetime, returned: Sequence[int] = ()
) -> set[int]:
    """Return the tickets that mails point at by Message-IDs or by being sent again: locked beforehand.

    `returned` are the outbox numbers of replies that came back.
    """
    found: set[int] = set()
    if returned:
        found |= {n for n in db.scalars(select(OUTBOX.c.ticket_id).where(OUTBOX.c.id.in_(returned))) if n}
    for mail in mails:
        cited = _references(mail)
        found |= set(_tickets(db, OUTBOX, cited).values())
        found |= set(_tickets(db, MESSAGE, cited).values())
        resend = _resend(db, mail, now_utc)
        found |= {resend} if resend is not None else set()
    named = {number for mail in mails for number in _numbers((*mail.subject_tickets, *mail.body_tickets))}
    return found | _merged_into(db, found | named)


def _merged_into(db: Connection, numbers: set[int]) -> set[int]:
    if not numbers:
        return set()
    merged = select(TICKET.c.merged_into_id).where(
        TICKET.c.id.in_(numbers), TICKET.c.merged_into_id.is_not(None)
    )
    return set(db.scalars(merged))


def load_cards(db: Connection, numbers: set[int]) -> dict[int, TicketCard]:
    """Load tickets with their parties by number; unknown numbers are absent."""
    if not numbers:
        return {}
    parties: dict[int, set[str]] = {}
    for ticket_id, address in db.execute(
        select(PARTY.c.ticket_id, PARTY.c.address).where(PARTY.c.ticket_id.in_(numbers))
    ):
        parties.setdefault(ticket_id, set()).add(address)
    rows = db.execute(
        select(
            TICKET.c.id,
            TICKET.c.status,
            TICKET.c.topic,
            TICKET.c.seller_id,
            TICKET.c.closed_at_utc,
            TICKET.c.merged_into_id,
        ).where(TICKET.c.id.in_(numbers))
    )
    return {
        row.id: TicketCard(
            number=row.id,
            status=Status(row.status),
            topic=row.topic,
            parties=frozenset(parties.get(row.id, ())),
            seller_id=row.seller_id,
            closed_at_utc=row.closed_at_utc,
            merged_into=row.merged_into_id,
        )
        for row in rows
    }


def _references(mail: Mail) -> list[str]:
    """Message-IDs that the mail answers, nearest first."""
    ids = [mail.in_reply_to, *reversed(mail.references)]
    return list(dict.fromkeys(i for i in ids if i))[:REFERENCE_LIMIT]


def _numbers(tags: Iterable[str]) -> list[int]:
    return [
        int(digits) for tag in tags if (digits := tag.rpartition("-")[2]).isdecimal() and len(digits) < 16
    ]


def _tickets(
    db: Connection, table: Table, cited: Sequence[str], condition: ColumnElement[bool] | None = None
) -> dict[str, int]:
    if not cited:
        return {}
    named = select(table.c.message_id, table.c.ticket_id).where(table.c.message_id.in_(cited))
    rows = db.execute(named if condition is None else named.where(condition)).all()
    return {row.message_id: row.ticket_id for row in rows if row.ticket_id is not None}


def _in_order(cited: list[str], found: dict[str, int]) -> list[int]:
    return list(dict.fromkeys(found[message_id] for message_id in cited if message_id in found))


def _duplicate(db: Connection, mail: Mail, mailbox: str) -> int | None:
    given = {"message_id": mail.message_id, "content": mail.content_sha256, "mailbox": mailbox}
    return db.scalar(_DUPLICATE, given)


def _resend(db: Connection, mail: Mail, now_utc: datetime) -> int | None:
    if len(mail.text) < RESEND_MIN_CHARS or not mail.from_.address or not mail.text_sha256:
        return None
    since = now_utc - timedelta(days=RESEND_DAYS)
    return db.scalar(_RESEND, {"sender": mail.from_.address, "text": mail.text_sha256, "since": since})


def _same_matter(
    db: Connection, sender: str, bound: str, strong_values: Sequence[tuple[str, str]]
) -> list[int]:
    values = [value for name, value in strong_values if name in STRONG_FIELDS]
    if not values or not sender:
        return []
    mine = TICKET.c.requester == sender
    if bound:
        mine = mine | (TICKET.c.seller_id == bound)
    return list(
        db.scalars(
            select(TICKET.c.id)
            .distinct()
            .join(FACT, FACT.c.ticket_id == TICKET.c.id)
            .where(
                FACT.c.field.in_(STRONG_FIELDS),
                FACT.c.value.in_(values[:100]),
                FACT.c.active,
                TICKET.c.status != str(Status.CLOSED),
                mine,
            )
            .order_by(TICKET.c.id)
            .limit(20)
        ).all()
    )


def _bounced(db: Connection, mail: Mail, outbox_id: int | None) -> int | None:
    if outbox_id is not None:
        return db.scalar(select(OUTBOX.c.ticket_id).where(OUTBOX.c.id == outbox_id))
    if mail.bounce is None or not mail.bounce.original_message_id:
        return None
    return db.scalar(select(OUTBOX.c.ticket_id).where(OUTBOX.c.message_id == mail.bounce.original_message_id))
