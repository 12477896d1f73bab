"""Finding the mails and tickets that a new mail may belong to: the facts behind `workers.linking`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.engine import Connection

from models.decisions import LinkContext, TicketCard
from models.records import Mail
from models.store.policies import read_policy
from models.store.same_matter import senders_with_a_matter, tickets_about_it
from models.store.schema import MESSAGE, OUTBOX, PARTY, TICKET
from models.store.sellers import bound_seller
from models.topics import Status

RESEND_DAYS = 30
RESEND_MIN_CHARS = 20  # "thank you" twice is two mails, not one sent again
REFERENCE_LIMIT = 50
# Built once: these run for every batch of mails. Pairs are matched here, since SQLite looks for a pair in
# a list of pairs without an index.
_DUPLICATES = (
    select(MESSAGE.c.message_id, MESSAGE.c.content_sha256, MESSAGE.c.mailbox, func.min(MESSAGE.c.raw_id))
    .where(
        MESSAGE.c.message_id.in_(bindparam("message_ids", expanding=True)),
        MESSAGE.c.content_sha256.in_(bindparam("contents", expanding=True)),
    )
    .group_by(MESSAGE.c.message_id, MESSAGE.c.content_sha256, MESSAGE.c.mailbox)
)
_RESENDS = (
    select(MESSAGE.c.from_address, MESSAGE.c.text_sha256, func.min(MESSAGE.c.raw_id))
    .where(
        MESSAGE.c.from_address.in_(bindparam("senders", expanding=True)),
        MESSAGE.c.text_sha256.in_(bindparam("texts", expanding=True)),
        MESSAGE.c.ticket_id.is_not(None),
        MESSAGE.c.received_at_utc > bindparam("since"),
    )
    .group_by(MESSAGE.c.from_address, MESSAGE.c.text_sha256)
)
_TICKETS_OF = select(MESSAGE.c.raw_id, MESSAGE.c.ticket_id).where(
    MESSAGE.c.raw_id.in_(bindparam("raw_ids", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A mail whose relations are looked up, and what its envelope and words say about them."""

    mail: Mail
    mailbox: str
    strong_values: Sequence[tuple[str, str]] = ()
    bounced_outbox_id: int | None = None
    addressed: int | None = None


@dataclass(slots=True)
class _Found:
    """What one mail leads to, before the tickets themselves are loaded."""

    bound: str
    own: list[int]
    by_sender: list[int]
    subject: list[int]
    body: list[int]
    resend: int | None
    matter: list[int]
    bounced: int | None

    def numbers(self) -> set[int]:
        single = {number for number in (self.resend, self.bounced) if number is not None}
        return {*self.own, *self.by_sender, *self.subject, *self.body, *self.matter, *single}


def load_link_contexts(db: Connection, sought: Sequence[Sought], now_utc: datetime) -> list[LinkContext]:
    """Look up everything that `workers.linking.link` may weigh; of a duplicate nothing more.

    All mails are looked up as of now: none of them may depend on what becomes of another one.
    """
    duplicates = _duplicates(db, sought)
    fresh = [one for one, duplicate in zip(sought, duplicates, strict=True) if duplicate is None]
    found = iter(_leads(db, fresh, now_utc))
    leads = [next(found) if duplicate is None else None for duplicate in duplicates]
    cards = load_cards(db, {number for lead in leads if lead for number in lead.numbers()})
    merged = {card.merged_into for card in cards.values() if card.merged_into is not None}
    cards |= load_cards(db, merged - cards.keys())
    return [
        LinkContext(now_utc=now_utc, duplicate_of=duplicate)
        if lead is None
        else _context(db, lead, cards, now_utc)
        for lead, duplicate in zip(leads, duplicates, strict=True)
    ]


def _context(db: Connection, lead: _Found, cards: Mapping[int, TicketCard], now_utc: datetime) -> LinkContext:
    def pick(wanted: Iterable[int]) -> tuple[TicketCard, ...]:
        return tuple(cards[number] for number in wanted if number in cards)

    mine = pick(lead.numbers())
    merged = {card.merged_into for card in mine if card.merged_into is not None}
    return LinkContext(
        now_utc=now_utc,
        own_references=pick(lead.own),
        sender_references=pick(lead.by_sender),
        subject_cited=pick(lead.subject),
        body_cited=pick(lead.body),
        resend_of=cards.get(lead.resend) if lead.resend is not None else None,
        same_matter=pick(lead.matter),
        bounced=cards.get(lead.bounced) if lead.bounced is not None else None,
        targets=pick(sorted(merged)),
        bound_seller_id=lead.bound,
        appends_same_matter=bool(lead.matter)
        and read_policy(db, "duplicates").get("same_matter") == "append",
    )


def _leads(db: Connection, sought: Sequence[Sought], now_utc: datetime) -> list[_Found]:
    if not sought:
        return []
    cited = list(dict.fromkeys(message_id for one in sought for message_id in _references(one.mail)))
    own, stored = _tickets(db, OUTBOX, cited), _tickets_by_sender(db, cited)
    resends = _resends(db, [one.mail for one in sought], now_utc)
    known = senders_with_a_matter(db, [(one.mail.from_.address, one.strong_values) for one in sought])
    leads: list[_Found] = []
    for one, resend in zip(sought, resends, strict=True):
        mail, sender = one.mail, one.mail.from_.address
        references, bound = _references(mail), bound_seller(db, sender)
        answered = _in_order(references, own)
        if one.addressed is not None:
            answered = [one.addressed, *(number for number in answered if number != one.addressed)]
        by_sender = {name: stored[name, sender] for name in references if (name, sender) in stored}
        leads.append(
            _Found(
                bound=bound,
                own=answered,
                by_sender=_in_order(references, by_sender),
                subject=_numbers(mail.subject_tickets),
                body=_numbers(mail.body_tickets),
                resend=resend,
                matter=tickets_about_it(db, sender, bound, one.strong_values)
                if bound or sender in known
                else [],
                bounced=_bounced(db, mail, one.bounced_outbox_id),
            )
        )
    return leads


def tickets_cited(
    db: Connection, mails: Sequence[Mail], now_utc: datetime, returned: Sequence[int] = ()
) -> set[int]:
    """Return the tickets that mails point at by Message-IDs or by being sent again: locked beforehand.

    `returned` are the outbox numbers of replies that came back.
    """
    found: set[int] = set()
    if returned:
        found |= {n for n in db.scalars(select(OUTBOX.c.ticket_id).where(OUTBOX.c.id.in_(returned))) if n}
    cited = list(dict.fromkeys(message_id for mail in mails for message_id in _references(mail)))
    found |= set(_tickets(db, OUTBOX, cited).values())
    found |= set(_tickets(db, MESSAGE, cited).values())
    found |= {number for number in _resends(db, mails, now_utc) if number is not None}
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


def _tickets(db: Connection, table: Table, cited: Sequence[str]) -> dict[str, int]:
    if not cited:
        return {}
    named = select(table.c.message_id, table.c.ticket_id).where(table.c.message_id.in_(cited))
    return {row.message_id: row.ticket_id for row in db.execute(named) if row.ticket_id is not None}


def _tickets_by_sender(db: Connection, cited: Sequence[str]) -> dict[tuple[str, str], int]:
    if not cited:
        return {}
    named = select(MESSAGE.c.message_id, MESSAGE.c.from_address, MESSAGE.c.ticket_id).where(
        MESSAGE.c.message_id.in_(cited), MESSAGE.c.ticket_id.is_not(None)
    )
    return {(row.message_id, row.from_address): row.ticket_id for row in db.execute(named)}


def _in_order(cited: list[str], found: Mapping[str, int]) -> list[int]:
    return list(dict.fromkeys(found[message_id] for message_id in cited if message_id in found))


def _duplicates(db: Connection, sought: Sequence[Sought]) -> list[int | None]:
    """Return for each mail the first that is the same one, accepted for the same mailbox."""
    given = {
        "message_ids": sorted({one.mail.message_id for one in sought}),
        "contents": sorted({one.mail.content_sha256 for one in sought}),
    }
    known = {(row[0], row[1], row[2]): int(row[3]) for row in db.execute(_DUPLICATES, given)}
    return [known.get((one.mail.message_id, one.mail.content_sha256, one.mailbox)) for one in sought]


def _resends(db: Connection, mails: Sequence[Mail], now_utc: datetime) -> list[int | None]:
    """Return for each mail the ticket to which its sender wrote the same words before."""
    pairs = [
        (mail.from_.address, mail.text_sha256)
        if len(mail.text) >= RESEND_MIN_CHARS and mail.from_.address and mail.text_sha256
        else None
        for mail in mails
    ]
    asked = {pair for pair in pairs if pair is not None}
    if not asked:
        return [None] * len(mails)
    given = {"senders": sorted({sender for sender, _ in asked}), "texts": sorted({text for _, text in asked})}
    rows = db.execute(_RESENDS, given | {"since": now_utc - timedelta(days=RESEND_DAYS)})
    first = {(row[0], row[1]): int(row[2]) for row in rows if (row[0], row[1]) in asked}
    tickets = (
        {row[0]: row[1] for row in db.execute(_TICKETS_OF, {"raw_ids": list(first.values())})}
        if first
        else {}
    )
    return [tickets.get(first[pair]) if pair in first else None for pair in pairs]


def _bounced(db: Connection, mail: Mail, outbox_id: int | None) -> int | None:
    if outbox_id is not None:
        return db.scalar(select(OUTBOX.c.ticket_id).where(OUTBOX.c.id == outbox_id))
    if mail.bounce is None or not mail.bounce.original_message_id:
        return None
    return db.scalar(select(OUTBOX.c.ticket_id).where(OUTBOX.c.message_id == mail.bounce.original_message_id))
