"""The frozen records that pass between the stages of a mail's life.

In goes what one stage found out, out comes what the next one may rely on. No record
knows the database, the clock or the network. Text in a record is already redacted
unless its name starts with `raw`; offsets (`start`, `end`) count characters of the
field that `where` names: "subject", "body" (the new text), "quoted", "signature" or
"attachment:NAME".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP said about a mail, apart from its header."""

    mail_from: str  # "" is the null reverse-path of a bounce
    rcpt_tos: tuple[str, ...]
    peer: str  # IP address of the client
    helo: str = ""
    tls: bool = False
    received_at_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """One accepted SMTP transaction: envelope and the bytes after DATA, unchanged."""

    raw_id: int
    envelope: Envelope
    raw: bytes
    sha256: str  # of `raw`


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of a header: display name and addr-spec (lower-cased domain)."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One identifier, date or amount. Types and value forms: classifier/corpus/README.md."""

    type: str
    text: str  # as written; "" for a secret
    value: str  # normalised; "" for a secret
    where: str
    start: int
    end: int
    subtype: str = ""  # e.g. posting, srid, waybill, act, invoice
    role: str = ""  # e.g. old, new
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a decision needs that is no entity of the corpus: link, warehouse, deadline, ..."""

    type: str
    text: str
    value: str
    where: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redaction:
    """A secret that was taken out before anything was stored: only its kind stays."""

    type: str
    where: str = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part of the mail that is not its text. `text` is what could be read from it, redacted and capped."""

    name: str
    content_type: str
    size_bytes: int
    kind: str  # evidence kind of rule R35: screenshot, photo, act, waybill, table, ...
    sha256: str = ""
    content_id: str = ""
    text: str = ""
    row_count: int | None = None  # of a table


@dataclass(frozen=True, slots=True)
class Authentication:
    """Sender authentication results (RFC 8601 words); "none" where nothing is known."""

    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    source: str = ""  # front: a trusted Authentication-Results; own: checked here; "": nobody checked
    policy: str = ""  # what the domain asks for when DMARC fails: none, quarantine, reject
    denied: bool = False  # no DMARC record, but the From domain's own SPF refuses the client

    @property
    def failed(self) -> bool:
        """True when the From header must not be believed.

        Where its domain wants forgeries refused, a voucher that could not be fetched is none:
        a forger may point at a dead corner of that domain.
        """
        if self.dmarc == "temperror":
            return self.policy in {"quarantine", "reject"}
        return self.dmarc == "fail" or self.denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a delivery report is about (RFC 3464)."""

    original_message_id: str = ""
    recipient: str = ""
    status: str = ""  # enhanced status code, e.g. 5.1.1
    permanent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as read. The record that `intake.read_mail` returns and everything later works on."""

    message_id: str = ""  # without angle brackets; "" when the mail has none
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    date_utc: datetime | None = None
    from_: Address = Address()
    sender: Address = Address()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    kind: str = "person"  # person, auto_reply, out_of_office, bounce, list, own
    suppress_replies: str = ""  # why no automatic reply may go out (rules A3-A7), "" when it may
    language: str = "unknown"  # ru, zh, en, unknown: of the newest unquoted text
    text: str = ""
    quoted: str = ""
    signature: str = ""
    marketplace: str = "unknown"  # ozon, wb, unknown
    attachments: tuple[Attachment, ...] = ()
    subject_tickets: tuple[str, ...] = ()  # RZ-100042 in the subject
    body_tickets: tuple[str, ...] = ()  # in the new text
    entities: tuple[Entity, ...] = ()
    findings: tuple[Finding, ...] = ()
    redacted: tuple[Redaction, ...] = ()
    authentication: Authentication = Authentication()
    bounce: Bounce | None = None
    warnings: tuple[str, ...] = ()
    content_sha256: str = ""  # of header fields without trace fields, and the body: equal for a redelivery
    text_sha256: str = ""  # of subject without prefixes, new text and attachment hashes: equal for a re-send


@dataclass(frozen=True, slots=True)
class Reason:
    """A word or phrase of the mail and how strongly it pulled towards `topic` (log-odds)."""

    text: str
    weight: float
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the classifier says of one mail. Stored as it was, never recomputed for display."""

    topic: str
    confidence: float  # calibrated probability that `topic` is right
    sure: bool  # confidence reaches the threshold in force for this topic and language
    threshold: float
    probabilities: dict[str, float] = field(default_factory=dict)  # over the 14 slugs, sums to 1
    reasons: tuple[Reason, ...] = ()  # for the top three topics
    also_topics: tuple[str, ...] = ()
    spam_probability: float = 0.0
    model: str = ""  # name of the model version
    threshold_set: str = ""
    unseen_share: float = 0.0  # of the words, how many the model does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """One outgoing mail before it has addresses and a Message-ID."""

    kind: str  # acknowledgement, missing_data, received_neutral, completed, clarify, redirect
    language: str
    subject: str
    text: str
    asked: tuple[str, ...] = ()  # the fields it asks for, OR groups joined by "|"
