"""Tables of mails; those of tickets stand in `tables_ticket`, those of the desk in `tables_desk`.

Table classes are storage, not boundary records: they do not validate. `models.store`
writes them from the frozen records and reads them back into those.

`raw_message` has a metadata of its own because on SQLite it lives in a file of its own
(`intake.db`), which the listener alone writes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig

from models.column_types import Blob, Json, UtcDateTime

BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows itself only for INTEGER

raw_metadata = MetaData()
main_metadata = MetaData()
_UNVALIDATED: Final = SQLModelConfig(defer_build=True)  # validators that nobody calls cost each start 0.2 s


class RawBase(SQLModel, registry=registry(metadata=raw_metadata)):
    """Tables of the intake file."""

    model_config = _UNVALIDATED
    metadata: ClassVar[MetaData] = raw_metadata


class MainBase(SQLModel, registry=registry(metadata=main_metadata)):
    """Tables of the main database."""

    model_config = _UNVALIDATED
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


def partial(condition: str) -> dict[str, Any]:
    """Return the options of an index over the rows that fulfil a condition, on both engines."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_IN_FLIGHT: Final = partial("disposition IS NULL")
_UNKEYED: Final = partial("disposition IS NULL AND sender_key IS NULL")
LEASED: Final = partial("lease_token IS NOT NULL")  # few rows, and every sweep asks whose they are


class MailState(MainBase, table=True):
    """How far an accepted mail is, and how it ended. One row per raw message."""

    __tablename__ = "mail_state"
    __table_args__ = (
        Index("ix_mail_state_in_flight", "raw_id", **_IN_FLIGHT),
        Index("ix_mail_state_disposition", "disposition", "raw_id"),
        Index("ix_mail_state_received", "received_at_utc", "disposition"),
        Index("ix_mail_state_sender_key", "sender_key", "raw_id", **_IN_FLIGHT),
        Index("ix_mail_state_matter_key", "matter_key", "raw_id", **_IN_FLIGHT),
        Index("ix_mail_state_unkeyed", "raw_id", **_UNKEYED),
        Index("ix_mail_state_leased", "lease_token", "lease_until_utc", **LEASED),
    )

    raw_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    received_at_utc: datetime = moment(nullable=False)
    disposition: str | None = None
    disposed_at_utc: datetime | None = moment()
    ticket_id: int | None = Field(default=None, sa_type=BigId, index=True)
    cause: str = defaulted("")  # why held, quarantined or auto
    duplicate_of: int | None = Field(default=None, sa_type=BigId)
    attempts: int = defaulted(0)  # tries in all, those before a retry too
    held_version: str = defaulted("")  # of Razbor, when it last held this mail
    lost_leases: int = defaulted(0)  # a worker vanished with this mail in its hands
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
    last_error: str = defaulted("")
    raw_purged_at_utc: datetime | None = moment()  # since then its bytes are no longer kept
    envelope_purged_at_utc: datetime | None = moment()  # since then nothing tells who sent it
    sender_key: int | None = Field(default=None, sa_type=BigId)  # in flight: whose mails keep their order
    matter_key: int | None = Field(default=None, sa_type=BigId)  # in flight: the thread or ticket it names


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
    purged_at_utc: datetime | None = moment()  # its words are gone, its dates and numbers stay


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


class Outbox(MainBase, table=True):
    """One outgoing mail. Unique per inbound mail and kind, so that no retry sends it twice (rule A9)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ux_outbox_inbound_kind", "inbound_raw_id", "kind", unique=True),
        Index("ix_outbox_due", "status", "due_at_utc"),
        Index("ix_outbox_leased", "lease_token", "lease_until_utc", **LEASED),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    ticket_id: int | None = Field(default=None, sa_type=BigId, index=True)
    inbound_raw_id: int = Field(sa_type=BigId)
    kind: str = ""
    automatic: bool = True
    status: str = "queued"  # draft, queued, sending, sent, failed, uncertain, muted
    author: str = ""  # login of the operator who wrote or approved it
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
