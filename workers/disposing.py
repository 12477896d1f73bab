"""Deciding mails inside the write transaction, and writing what was decided.

The decision itself is pure (`workers.linking`, `workers.disposition`); here it is given what
the database knows at this moment, and its answer is stored. Mails that share no key (`lock_keys`)
and no ticket are independent of each other, as two workers may decide them side by side: they are
looked up, decided and written together, one statement for all of them (ADR 29).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from models.decisions import Decision, FactValue, LinkContext
from models.records import Mail, Prediction, RawMail
from models.store import Db
from models.store.facts import add_first_facts, load_facts, merge_facts
from models.store.learning import ticket_of_mail
from models.store.link_context import Sought, load_link_contexts
from models.store.mails import WorkedMail, insert_worked
from models.store.outbox import mark_bounced
from models.store.same_matter import STRONG_FIELDS
from models.store.sellers import known_marketplace
from models.store.ticket_life import ticket_row
from models.store.tickets import NewTicket, Opening, extend_ticket, move_status, open_tickets
from models.store.topic_work import add_topic_work, make_topic_work_due, routed_topic
from models.topics import Disposition, Status
from workers.audit_share import is_audited, is_routed
from workers.clocks import first_clock, refresh_clock
from workers.corrections import corrected
from workers.disposition import decide
from workers.linking import is_trusted
from workers.mail_reply import WantedReply, put_replies
from workers.service import Service
from workers.sla import SlaClock
from workers.tokens import addressed_ticket, bounced_outbox_id

_ON_A_TICKET = frozenset({Disposition.OPENED, Disposition.APPENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail that was read and classified and is now to be decided."""

    raw: RawMail
    mail: Mail
    prediction: Prediction
    facts: Sequence[FactValue]
    mailbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """How a mail ended, and whom that concerns: the topic queue to nudge, and whether a reply waits."""

    disposition: str = Disposition.HELD
    ticket: int | None = None
    topic: str = ""
    reply: bool = False


def lock_keys(mail: Mail, facts: Sequence[FactValue]) -> set[str]:
    """Keys of the matters that a mail may touch; mails that share one are decided one after the other."""
    answered = mail.reply_to[0].address if mail.reply_to else mail.from_.address
    keys = {f"from:{address}" for address in (mail.from_.address, answered) if address}
    keys |= {f"content:{mail.content_sha256}"}  # the same mail twice may have no Message-ID
    keys |= {f"ticket:{tag}" for tag in (*mail.subject_tickets, *mail.body_tickets)}
    cited = (mail.message_id, mail.in_reply_to, *mail.references[-5:])
    keys |= {f"mail:{message_id}" for message_id in cited if message_id}  # "" would be everybody's key
    keys |= {f"id:{fact.value}" for fact in facts if fact.field in STRONG_FIELDS}
    return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A mail with what was decided about it."""

    arrival: Arrival
    bounced: int | None  # outbox number of the reply that came back
    decision: Decision
    placed: Mail  # with the marketplace that it is about
    seller_id: str

    @property
    def is_new(self) -> bool:
        return self.decision.disposition is Disposition.OPENED


def dispose(db: Db, service: Service, arrivals: Sequence[Arrival]) -> dict[int, Touched]:
    """Decide mails that share no key, and write their ends; return these by `raw_id`.

    A ticket is concerned by one of them at a time: what comes after the first mail that concerns a
    ticket of an earlier one is left for the next call. The first mail is always worked.
    """
    now = service.now()
    cases = _decided(db, service, arrivals, now)
    tickets = _tickets_of(db, cases, now)
    insert_worked(
        db, [_worked(service, case, number) for case, number in zip(cases, tickets, strict=True)], now
    )
    for case in cases:
        bounce = case.arrival.mail.bounce
        if case.bounced is not None and bounce is not None and bounce.permanent:
            error = f"came back: {bounce.status or 'no status'} {bounce.recipient}"
            _came_back(db, case.bounced, error, now)
    placed = [
        (case, number)
        for case, number in zip(cases, tickets, strict=True)
        if number is not None and case.decision.disposition in _ON_A_TICKET
    ]
    topics = _take_facts(db, placed, now)
    leaving = _acknowledge(db, service, placed)
    return {
        case.arrival.raw.raw_id: Touched(
            disposition=case.decision.disposition,
            ticket=number,
            topic=topics.get(case.arrival.raw.raw_id, ""),
            reply=case.decision.reply is not None and number in leaving,
        )
        for case, number in zip(cases, tickets, strict=True)
    }


def _decided(db: Db, service: Service, arrivals: Sequence[Arrival], now: datetime) -> list[_Case]:
    """Decide the mails up to the first that concerns a ticket of an earlier one."""
    returned = [returned_reply(service, arrival.raw) for arrival in arrivals]
    seen = [
        arrival
        if bounced is None or arrival.mail.suppress_replies
        else replace(arrival, mail=replace(arrival.mail, suppress_replies="sent to a bounce address"))
        for arrival, bounced in zip(arrivals, returned, strict=True)
    ]
    sought = [
        Sought(
            mail=arrival.mail,
            mailbox=arrival.mailbox,
            strong_values=[(fact.field, fact.value) for fact in arrival.facts],
            bounced_outbox_id=bounced,
            addressed=addressed(service, arrival.raw),
        )
        for arrival, bounced in zip(seen, returned, strict=True)
    ]
    cases: list[_Case] = []
    concerned: set[int] = set()
    contexts = load_link_contexts(db, sought, now)
    for arrival, bounced, context in zip(seen, returned, contexts, strict=True):
        if concerned & context.tickets:
            break
        concerned |= context.tickets
        cases.append(_decide_one(db, arrival, bounced, context))
    return cases


def _decide_one(db: Db, arrival: Arrival, bounced: int | None, context: LinkContext) -> _Case:
    placed = _on_its_marketplace(db, arrival.mail, arrival.mailbox)
    return _Case(
        arrival=arrival,
        bounced=bounced,
        decision=decide(placed, arrival.prediction, context),
        placed=placed,
        seller_id=context.bound_seller_id if is_trusted(arrival.mail) else "",
    )


def _worked(service: Service, case: _Case, number: int | None) -> WorkedMail:
    arrival, decision = case.arrival, case.decision
    return WorkedMail(
        raw=arrival.raw,
        mail=arrival.mail,
        mailbox=arrival.mailbox,
        prediction=arrival.prediction,
        decision=decision,
        ticket_id=number,
        is_part=_is_part(decision),
        is_audited=is_routed(decision) and is_audited(arrival.raw.raw_id, service.options.signing_key),
    )


def _take_facts(db: Db, placed: Sequence[tuple[_Case, int]], now: datetime) -> dict[int, str]:
    """Give tickets the facts of their mails and make their topic queues look; return the topics by mail."""
    first = [(case, number) for case, number in placed if case.is_new]
    facts = [(number, corrected(case.arrival.mail, case.arrival.facts, ()).facts) for case, number in first]
    add_first_facts(db, facts, now)
    topics = {case.arrival.raw.raw_id: case.decision.topic for case, _ in first if not case.decision.review}
    due = [
        (number, topics[raw_id], raw_id)
        for case, number in first
        if (raw_id := case.arrival.raw.raw_id) in topics
    ]
    add_topic_work(db, due, now)
    for case, number in placed:
        if not case.is_new:
            topics[case.arrival.raw.raw_id] = _follow_up(db, case.arrival, number, now)
    return topics


def _follow_up(db: Db, arrival: Arrival, number: int, now: datetime) -> str:
    """Give a ticket the facts of a later mail; return the topic whose queue looks at it again."""
    changed = corrected(arrival.mail, arrival.facts, load_facts(db, number))
    merge_facts(db, number, changed.facts, now, withdrawn=changed.withdrawn)
    refresh_clock(db, number, now)
    topic = routed_topic(db, number)
    if topic:
        make_topic_work_due(db, number, topic, arrival.raw.raw_id, now)
    return topic


def _acknowledge(db: Db, service: Service, placed: Sequence[tuple[_Case, int]]) -> set[int]:
    """Queue the replies of the read stage itself; return the tickets of which one waits to leave."""
    wanted = [
        WantedReply(draft=case.decision.reply, number=number, raw_id=case.arrival.raw.raw_id, policy="send")
        for case, number in placed
        if case.decision.reply is not None
    ]
    return put_replies(db, service, wanted)


def _on_its_marketplace(db: Db, mail: Mail, mailbox: str) -> Mail:
    """Take the marketplace of the sender's binding or the mailbox (rule R13) where the words name none."""
    if mail.marketplace != "unknown":
        return mail
    address = mail.from_.address if is_trusted(mail) else ""
    return replace(mail, marketplace=known_marketplace(db, address, mailbox))


def _came_back(db: Db, outbox_id: int, error: str, now: datetime) -> None:
    """Show a reply that came back; a ticket that waits for a seller who was never reached is the desk's."""
    number = mark_bounced(db, outbox_id, error)
    if number is not None and ticket_row(db, number).status == Status.WAITING_SELLER:
        move_status(db, number, Status.NEW, reason="our mail came back", now_utc=now)
        refresh_clock(db, number, now)


def _tickets_of(db: Db, cases: Sequence[_Case], now: datetime) -> list[int | None]:
    """Open or extend the tickets of decided mails and return their numbers, None for a mail without one."""

    @cache
    def clock(marketplace: str, topic: str) -> SlaClock:
        return first_clock(db, marketplace=marketplace, topic=topic, now_utc=now)

    wanted: dict[int, NewTicket] = {}
    for case in cases:
        if case.is_new:
            starts = clock(case.placed.marketplace, case.decision.topic)
            opening = Opening(
                raw_id=case.arrival.raw.raw_id,
                mailbox=case.arrival.mailbox,
                seller_id=case.seller_id,
                sla_phase=starts.phase,
                sla_due_at_utc=starts.due_at_utc,
            )
            wanted[case.arrival.raw.raw_id] = NewTicket(
                mail=case.placed,
                decision=case.decision,
                prediction=case.arrival.prediction,
                opening=opening,
            )
    opened = dict(zip(wanted, open_tickets(db, list(wanted.values()), now), strict=True))
    return [_ticket_of(db, case, opened, now) for case in cases]


def _ticket_of(db: Db, case: _Case, opened: Mapping[int, int], now: datetime) -> int | None:
    link = case.decision.link
    match case.decision.disposition:
        case Disposition.OPENED:
            return opened[case.arrival.raw.raw_id]
        case Disposition.APPENDED:
            extend_ticket(db, case.decision, case.placed, now_utc=now)
            return link.ticket
        case Disposition.DUPLICATE if link.duplicate_of is not None:
            return ticket_of_mail(db, link.duplicate_of)
        case _:
            return link.ticket


def _is_part(decision: Decision) -> bool:
    """Tell whether a mail stands on a timeline: a duplicate is counted, but shown nowhere."""
    return decision.disposition in {Disposition.OPENED, Disposition.APPENDED, Disposition.AUTO}


def addressed(service: Service, raw: RawMail) -> int | None:
    """Return the ticket whose own address a mail came to."""
    for address in raw.envelope.rcpt_tos:
        number = addressed_ticket(address, service.options.signing_key)
        if number is not None:
            return number
    return None


def returned_reply(service: Service, raw: RawMail) -> int | None:
    """Return the outbox number when a mail came to one of our signed bounce addresses."""
    for address in raw.envelope.rcpt_tos:
        number = bounced_outbox_id(address, service.options.signing_key)
        if number is not None:
            return number
    return None
