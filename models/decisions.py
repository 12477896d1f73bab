"""Records on the ticket's side: what a decision is told and what it answers.

`models.store` fills the first kind from the database, the pure functions of `workers`
return the second kind, `models.store` writes those back in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.records import Prediction, ReplyDraft
from models.topic_policy import Needs
from models.topics import Disposition, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class FactValue:
    """One typed value of a ticket with its provenance; `field` is a name of domain section 2.1."""

    field: str
    value: str
    text: str = ""  # as written
    type: str = ""  # the entity or finding type it came from
    source: str = "message"  # message, quoted, attachment, operator, binding, answer
    raw_id: int | None = None  # the mail it came from
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCard:
    """What linking needs to know of a ticket."""

    number: int  # RZ-100042 is 100042
    status: Status
    topic: str = ""
    parties: frozenset[str] = frozenset()  # addr-specs, lower-cased
    seller_id: str = ""  # bound by import or operator, never a mail's own words
    closed_at_utc: datetime | None = None
    merged_into: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """What is known about the mails and tickets that a new mail may belong to."""

    now_utc: datetime
    duplicate_of: int | None = None  # raw_id: same Message-ID, recipient and content
    own_references: tuple[
        TicketCard, ...
    ] = ()  # its own signed address, then our Message-IDs in In-Reply-To/References, nearest first
    sender_references: tuple[TicketCard, ...] = ()  # stored mails of the same From address in References
    subject_cited: tuple[TicketCard, ...] = ()  # existing tickets tagged in the subject
    body_cited: tuple[TicketCard, ...] = ()
    resend_of: TicketCard | None = None  # same From, same content under another Message-ID
    same_matter: tuple[
        TicketCard, ...
    ] = ()  # same address or bound seller, same strong identifier, still open
    bounced: TicketCard | None = None  # the ticket whose reply came back
    targets: tuple[TicketCard, ...] = ()  # what merged ones of the above were merged into
    bound_seller_id: str = ""  # seller to whom the From address is bound
    reopen_days: int = 30
    appends_same_matter: bool = False  # policy `duplicates`: append a likely duplicate, else only show it

    @property
    def tickets(self) -> set[int]:
        """Numbers of all tickets that the mail may concern, with those that they were merged into."""
        cards: tuple[TicketCard | None, ...] = (
            *self.own_references,
            *self.sender_references,
            *self.subject_cited,
            *self.body_cited,
            self.resend_of,
            *self.same_matter,
            self.bounced,
            *self.targets,
        )
        numbers = {number for card in cards if card for number in (card.number, card.merged_into)}
        return {number for number in numbers if number is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a mail belongs. `ticket` is None when it opens one of its own."""

    ticket: int | None = None
    evidence: str = (
        "none"  # reference, sender_reference, subject_tag, resend, escalation, same_matter, bounce, none
    )
    related: tuple[int, ...] = ()  # numbers in the body, closed predecessors, same matter
    claimed: int | None = None  # a stranger named this ticket
    reopens: bool = False
    duplicate_of: int | None = None  # raw_id
    twin: int | None = None  # an open ticket of the same seller, topic and identifier (rule R3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one mail: the answer of `workers.disposition.decide`."""

    disposition: Disposition
    decision: str  # route, review, auto, quarantine, hold
    topic: str  # one of the slugs, also for auto and quarantine
    link: Link
    cause: str = ""  # why held, quarantined or auto, in words for an operator
    review: bool = False  # an operator should look at the topic
    suppress_replies: str = ""  # why nothing is sent automatically; "" when it may
    reply: ReplyDraft | None = None  # sent from the read stage itself (neutral acknowledgement, redirect)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMove:
    """One dated change of a ticket's status (rule R21)."""

    at_utc: datetime
    to: Status
    actor: str = "razbor"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A seller's demand to raise the matter (rule R26), and what it still lacks."""

    missing: tuple[str, ...] = ()  # ticket_ref, risk, chronology

    @property
    def is_complete(self) -> bool:
        """True when it states ticket, risk and a chronology: it goes to the lead's queue."""
        return not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketState:
    """A ticket with everything that topic work looks at."""

    number: int
    status: Status
    topic: str
    language: str
    marketplace: str = "unknown"
    subject: str = ""
    text: str = ""  # new text of all seller mails, oldest first
    how_to: bool | None = None  # as decided earlier or by an operator; None: decide
    facts: tuple[FactValue, ...] = ()  # active ones
    asked: frozenset[str] = frozenset()  # fields asked for before
    question_count: int = 0  # missing-data questions sent so far
    missing_before: tuple[str, ...] = ()  # what it lacked when it was last looked at
    question_raw_id: int | None = None  # the mail that the first of them was about; None: not asked yet
    acknowledged: bool = False  # a reply with the number went out already
    bound_seller_id: str = ""
    sender_role: str = "unknown"  # of the newest mail's sender: admin, employee, agency, unknown
    attachment_kinds: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # kinds of secrets found in the newest mail (rule R54)
    suppress_replies: str = ""
    also_topics: tuple[str, ...] = ()
    message_count: int = 1
    newest_raw_id: int | None = None  # the mail that made it due: may have completed the data
    findings: tuple[
        tuple[str, str], ...
    ] = ()  # (type, value): deadline, risk, preferred_channel, warehouse, ...
    policy: str = "send"  # send, draft, off: for this topic and mailbox
    now_utc: datetime | None = None
    newest_text: str = ""  # new words of the newest seller mail
    cited: tuple[int, ...] = ()  # tickets that this one is related to or names
    escalated: bool = False
    bulk_rows: int = 0  # rows of attached tables (rule R36)
    sent_kinds: frozenset[str] = frozenset()  # kinds of the replies that the ticket has
    needs: Needs = field(default_factory=dict)  # what the desk requires otherwise than shipped for this topic
    topic_names: Mapping[str, str] = field(default_factory=dict)  # what the desk calls it, by language


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDecision:
    """The answer of `workers.topics.decide_topic`."""

    missing: tuple[str, ...] = ()  # fields of domain 2.1, OR groups joined by "|", strict list
    ask: tuple[str, ...] = ()  # what the question leaves after subkind and earlier questions
    how_to: bool = False
    subkind: str = ""
    priority: str = "normal"  # low, normal, high, urgent
    priority_parts: dict[str, int] = field(
        default_factory=dict
    )  # rule R24: criticality, identifiers, evidence, history
    reply: ReplyDraft | None = None
    status: Status | None = None  # the move to make, None: stays
    escalation: Escalation | None = None  # None: nobody asked for it
    stated: dict[str, str] = field(
        default_factory=dict
    )  # what the seller stated: deadline, business_risk, seller_priority, preferred_channel, sender_role
    is_bulk: bool = False
    adopted: tuple[FactValue, ...] = ()  # numbers that the question gave a meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageResult:
    """A dry run of the whole decision for one new mail (`razbor triage`)."""

    decision: Decision
    prediction: Prediction
    topic: TopicDecision
    reply: ReplyDraft | None
