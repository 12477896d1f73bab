"""Deciding one mail inside the write transaction, and writing what was decided.

The decision itself is pure (`workers.linking`, `workers.disposition`); here it is given what
the database knows at this moment, and its answer is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.decisions import Decision, FactValue
from models.records import Mail, Prediction, RawMail
from models.store import Db
from models.store.facts import load_facts, merge_facts
from models.store.learning import ticket_of_mail
from models.store.link_context import STRONG_FIELDS, load_link_context
from models.store.mails import end_mail, insert_message, insert_prediction
from models.store.outbox import mark_bounced
from models.store.sellers import known_marketplace
from models.store.ticket_life import ticket_row
from models.store.tickets import Opening, extend_ticket, move_status, open_ticket
from models.store.topic_work import make_topic_work_due, routed_topic
from models.topics import Disposition, Status
from workers.audit_share import is_audited, is_routed
from workers.clocks import first_clock, refresh_clock
from workers.corrections import corrected
from workers.disposition import decide
from workers.linking import is_trusted
from workers.mail_reply import put_reply
from workers.service import Service
from workers.tokens import addressed_ticket, bounced_outbox_id


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


def dispose(
    db: Db,
    service: Service,
    raw: RawMail,
    mail: Mail,
    prediction: Prediction,
    facts: Sequence[FactValue],
    mailbox: str,
) -> Touched:
    """Decide one mail and write its end: ticket, facts, prediction, neutral reply, disposition."""
    now = service.now()
    bounced = returned_reply(service, raw)
    if bounced is not None and not mail.suppress_replies:
        mail = replace(mail, suppress_replies="sent to a bounce address")
    context = load_link_context(
        db,
        mail,
        mailbox=mailbox,
        now_utc=now,
        strong_values=[(fact.field, fact.value) for fact in facts],
        bounced_outbox_id=bounced,
        addressed=addressed(service, raw),
    )
    placed = _on_its_marketplace(db, mail, mailbox)
    decision = decide(placed, prediction, context)
    seller_id = context.bound_seller_id if is_trusted(mail) else ""
    number = _ticket_of(db, raw, placed, prediction, decision, mailbox, seller_id, service)
    insert_message(db, raw, mail, mailbox=mailbox, ticket_id=number if _is_part(decision) else None)
    is_drawn = is_routed(decision) and is_audited(raw.raw_id, service.options.signing_key)
    insert_prediction(db, raw.raw_id, prediction, decision.decision, now, audit=is_drawn)
    end_mail(db, raw.raw_id, decision, ticket_id=number, now_utc=now)
    if bounced is not None and mail.bounce is not None and mail.bounce.permanent:
        _came_back(
            db, bounced, f"came back: {mail.bounce.status or 'no status'} {mail.bounce.recipient}", now
        )
    if number is None or decision.disposition not in {Disposition.OPENED, Disposition.APPENDED}:
        return Touched(disposition=decision.disposition, ticket=number)
    is_new = decision.disposition is Disposition.OPENED
    changed = corrected(mail, facts, () if is_new else load_facts(db, number))
    merge_facts(db, number, changed.facts, now, withdrawn=changed.withdrawn, has_none=is_new)
    if not is_new:
        refresh_clock(db, number, now)
    topic = ("" if decision.review else decision.topic) if is_new else routed_topic(db, number)
    if topic:
        make_topic_work_due(db, number, topic, raw.raw_id, now, is_new=is_new)
    replied = decision.reply is not None and put_reply(
        db, service, decision.reply, number=number, raw_id=raw.raw_id, policy="send"
    )
    return Touched(disposition=decision.disposition, ticket=number, topic=topic, reply=replied)


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


def _ticket_of(
    db: Db,
    raw: RawMail,
    mail: Mail,
    prediction: Prediction,
    decision: Decision,
    mailbox: str,
    seller_id: str,
    service: Service,
) -> int | None:
    """Open or extend the ticket of a decided mail and return its number, None without one."""
    now = service.now()
    match decision.disposition:
        case Disposition.OPENED:
            clock = first_clock(db, marketplace=mail.marketplace, topic=decision.topic, now_utc=now)
            opening = Opening(
                raw_id=raw.raw_id,
                mailbox=mailbox,
                seller_id=seller_id,
                sla_phase=clock.phase,
                sla_due_at_utc=clock.due_at_utc,
            )
            return open_ticket(db, mail, decision, prediction, opening, now_utc=now)
        case Disposition.APPENDED:
            extend_ticket(db, decision, mail, now_utc=now)
            return decision.link.ticket
        case Disposition.DUPLICATE if decision.link.duplicate_of is not None:
            return ticket_of_mail(db, decision.link.duplicate_of)
        case _:
            return decision.link.ticket


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
