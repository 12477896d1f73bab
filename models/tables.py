"""Tables of mails and tickets. Every word of the design that is stored has one here or in `tables_desk`.

Table classes are storage, not boundary records: they do not validate. `models.store`
writes them from the frozen records and reads them back into those.

`raw_message` has a metadata of its own because on SQLite it lives in a file of its own
(`intake.db`), which the listener alone writes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.column_types import Blob, Json, UtcDateTime

BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows itself only for INTEGER

raw_metadata = MetaData()
main_metadata = MetaData()


class RawBase(SQLModel, registry=registry(metadata=raw_metadata)):
    """Tables of the intake file."""

    metadata: ClassVar[MetaData] = raw_metadata


class MainBase(SQLModel, registry=registry(metadata=main_metadata)):
    """Tables of the main database."""

    metadata: ClassVar[MetaData] = main_metadata


def moment(*, nullable: bool = True, index: bool = False) -> Any:
    """Column of a moment in UTC."""
    return Field(
        default=None,
        sa_column_kwargs={"nullable": nullable},
        sa_type=UtcDateTime,
        index=index,
        nullable=nullable,
    )


def json_field(kind: type = list) -> Any:
    """Column of JSON; reassign it as a whole, a change inside is not seen."""
    return Field(default_factory=kind, sa_type=Json, nullable=False)


def defaulted(value: str | int) -> Any:
    """Column with a default that the database knows too: the listener inserts without this room's types."""
    return Field(default=value, sa_column_kwargs={"server_default": text(repr(value))})


class RawMessage(RawBase, table=True):
    """Envelope and bytes of one accepted SMTP transaction. Append-only, the source of truth."""

    __tablename__ = "raw_message"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    received_at_utc: datetime = moment(nullable=False)
    peer: str = ""
    helo: str = ""
    tls: bool = False
    mail_from: str = ""
    rcpt_tos: str = "[]"  # JSON array as text: the listener writes it without this room's types
    size_bytes: int = 0
    sha256: str = Field(default="", max_length=64)
    codec: str = ""  # "" plain, "zlib" once upkeep compressed it
    raw: bytes | None = Field(default=None, sa_type=Blob)  # None once purged


class MailState(MainBase, table=True):
    """How far an accepted mail is, and how it ended. One row per raw message."""

    __tablename__ = "mail_state"
    __table_args__ = (
        Index(
            "ix_mail_state_in_flight",
            "raw_id",
            sqlite_where=text("disposition IS NULL"),
            postgresql_where=text("disposition IS NULL"),
        ),
        Index("ix_mail_state_disposition", "disposition", "raw_id"),
    )

    raw_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    received_at_utc: datetime = moment(nullable=False)
    disposition: str | None = None
    disposed_at_utc: datetime | None = moment()
    ticket_id: int | None = Field(default=None, sa_type=BigId, index=True)
    cause: str = defaulted("")  # why held, quarantined or auto
    duplicate_of: int | None = Field(default=None, sa_type=BigId)
    attempts: int = defaulted(0)
    lost_leases: int = defaulted(0)  # a worker vanished with this mail in its hands
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
    last_error: str = defaulted("")


class Message(MainBase, table=True):
    """One mail as read; redacted. What operators see and the model learns from."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_resend", "from_address", "text_sha256"),
        Index("ix_message_same", "message_id", "content_sha256"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    raw_id: int = Field(sa_type=BigId, unique=True)
    ticket_id: int | None = Field(default=None, sa_type=BigId, index=True)
    received_at_utc: datetime = moment(nullable=False)
    date_utc: datetime | None = moment()
    message_id: str = ""
    in_reply_to: str = ""
    references: list[str] = json_field()
    from_address: str = ""
    from_name: str = ""
    reply_address: str = ""  # where an answer goes: Reply-To or From
    mailbox: str = ""  # the recipient that made it ours
    subject: str = ""
    kind: str = "person"
    language: str = "unknown"
    marketplace: str = "unknown"
    text: str = ""
    quoted: str = ""
    signature: str = ""
    entities: list[dict[str, Any]] = json_field()
    findings: list[dict[str, Any]] = json_field()
    redacted: list[dict[str, Any]] = json_field()
    warnings: list[str] = json_field()
    authentication: dict[str, Any] = json_field(dict)
    suppress_replies: str = ""
    content_sha256: str = ""
    text_sha256: str = ""


class Attachment(MainBase, table=True):
    """A part of a mail that is not its text; its bytes stay in the raw message."""

    __tablename__ = "attachment"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    raw_id: int = Field(sa_type=BigId, index=True)
    position: int = 0
    name: str = ""
    content_type: str = ""
    size_bytes: int = 0
    kind: str = "other"
    sha256: str = Field(default="", index=True)
    content_id: str = ""
    text: str = ""
    row_count: int | None = None


class Ticket(MainBase, table=True):
    """A seller's matter. Its id is its number: RZ-100042 is 100042."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_queue", "topic", "status", "updated_at_utc"),
        Index(
            "ix_ticket_review",
            "id",
            sqlite_where=text("in_review"),
            postgresql_where=text("in_review"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    status: str = "new"
    topic: str = "other"
    topic_source: str = "model"  # model, operator
    in_review: bool = False
    language: str = "unknown"
    marketplace: str = "unknown"
    subject: str = ""
    mailbox: str = ""
    requester: str = Field(default="", index=True)  # addr-spec of who opened it
    seller_id: str = Field(default="", index=True)  # bound by import or operator
    opened_by_raw_id: int | None = Field(default=None, sa_type=BigId)
    opened_at_utc: datetime = moment(nullable=False)
    updated_at_utc: datetime = moment(nullable=False)
    status_at_utc: datetime = moment(nullable=False)
    closed_at_utc: datetime | None = moment()
    resolution: str = ""  # rule R30, a code per topic
    subkind: str = ""
    how_to: bool | None = None
    also_topics: list[str] = json_field()
    missing: list[str] = json_field()
    priority: str = "normal"
    priority_parts: dict[str, int] = json_field(dict)
    question_count: int = 0
    acknowledged: bool = False
    suppress_replies: str = ""
    claimed_ticket_id: int | None = Field(default=None, sa_type=BigId)  # a stranger named this ticket
    merged_into_id: int | None = Field(default=None, sa_type=BigId)
    escalated: bool = False


class TicketLink(MainBase, table=True):
    """Two tickets that belong together without being one."""

    __tablename__ = "ticket_link"

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    other_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False, index=True))
    kind: str = "related"


class Party(MainBase, table=True):
    """An address that takes part in a ticket and may therefore write into it."""

    __tablename__ = "party"

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    address: str = Field(primary_key=True, index=True)


class Fact(MainBase, table=True):
    """One typed value of a ticket with its provenance. A newer one supersedes, the old stays."""

    __tablename__ = "fact"
    __table_args__ = (Index("ix_fact_value", "field", "value"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    ticket_id: int = Field(sa_type=BigId, index=True)
    raw_id: int | None = Field(default=None, sa_type=BigId)
    field: str = ""
    value: str = ""
    text: str = ""
    type: str = ""
    source: str = "message"
    where: str = ""
    active: bool = True
    created_at_utc: datetime = moment(nullable=False)


class Asked(MainBase, table=True):
    """A field that a seller was asked for: never asked again."""

    __tablename__ = "asked"

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    field: str = Field(primary_key=True)
    outbox_id: int | None = Field(default=None, sa_type=BigId)
    asked_at_utc: datetime = moment(nullable=False)


class StatusEvent(MainBase, table=True):
    """One change of a ticket's status: who, when, from, to, why (rule R21)."""

    __tablename__ = "status_event"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    ticket_id: int = Field(sa_type=BigId, index=True)
    at_utc: datetime = moment(nullable=False)
    from_status: str = ""
    to_status: str = ""
    actor: str = "razbor"
    reason: str = ""


class TopicWork(MainBase, table=True):
    """A ticket that its topic queue must look at. Due when `due_at_utc` is set."""

    __tablename__ = "topic_work"
    __table_args__ = (Index("ix_topic_work_due", "topic", "due_at_utc"),)

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    topic: str = ""
    raw_id: int | None = Field(default=None, sa_type=BigId)  # the newest mail that made it due
    due_at_utc: datetime | None = moment()
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
    attempts: int = 0
    last_error: str = ""


class Outbox(MainBase, table=True):
    """One outgoing mail. Unique per inbound mail and kind, so that no retry sends it twice (rule A9)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ux_outbox_inbound_kind", "inbound_raw_id", "kind", unique=True),
        Index("ix_outbox_due", "status", "due_at_utc"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    ticket_id: int | None = Field(default=None, sa_type=BigId, index=True)
    inbound_raw_id: int = Field(sa_type=BigId)
    kind: str = ""
    automatic: bool = True
    status: str = "queued"  # draft, queued, sending, sent, failed, uncertain, muted
    message_id: str = Field(default="", unique=True)
    mail_from: str = ""  # header From
    rcpt_to: str = Field(default="", index=True)
    language: str = ""
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    references: list[str] = json_field()
    created_at_utc: datetime = moment(nullable=False)
    due_at_utc: datetime | None = moment()
    sent_at_utc: datetime | None = moment()
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
    attempts: int = 0
    last_error: str = ""
