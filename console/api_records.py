"""What the JSON API says: its records, and how they are made from rows.

These shapes are the contract of `/api/v1`: fields are added, never renamed or removed. Moments are
RFC 3339 in UTC, amounts and identifiers are strings as they were read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
Made = TypeVar("Made", bound="ApiRecord")


class ApiRecord(BaseModel):
    """A record that goes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(ApiRecord, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Ticket(ApiRecord):
    """A seller's matter."""

    number: int
    reference: str = Field(description="As it stands in subjects: RZ-100042.")
    status: str
    stage: str
    topic: str
    topic_source: str = Field(description="Who gave the topic: model or operator.")
    also_topics: list[str]
    in_review: bool = Field(description="True while a person has yet to look at the topic.")
    language: str
    marketplace: str
    subject: str
    mailbox: str
    requester: str = Field(description="Address of whoever opened it; a pseudonym once erased.")
    seller_id: str = Field(description="Bound by an import or an operator, never by a mail's own words.")
    assignee: str
    priority: str
    priority_by: str = Field(description="Who set the priority by hand; empty: it is worked out.")
    priority_parts: dict[str, int]
    missing: list[str] = Field(description="What the seller still owes; `a|b` are alternatives.")
    deadline: str
    escalated: bool
    repeats: int
    resolution: str
    sla_phase: str
    sla_due_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    merged_into: int | None
    duplicate_of: int | None
    related: list[int]


class Attachment(ApiRecord):
    """A file of a mail; its bytes are not handed out."""

    name: str
    content_type: str
    size_bytes: int
    kind: str
    row_count: int | None


class Message(ApiRecord):
    """One mail as read; passwords, keys and card numbers are taken out before it is stored."""

    id: int
    ticket: int | None
    received_at: datetime
    sent_at: datetime | None
    message_id: str
    sender: str
    sender_name: str
    mailbox: str
    subject: str
    kind: str
    language: str
    marketplace: str
    text: str
    quoted: str
    signature: str
    entities: list[dict[str, Any]]
    redacted: list[str] = Field(description="Types of what was taken out.")
    warnings: list[str]
    authentication: dict[str, Any]
    attachments: list[Attachment]
    purged_at: datetime | None


class Fact(ApiRecord):
    """One typed value of a ticket with where it comes from."""

    id: int
    field: str
    value: str
    text: str
    type: str
    source: str = Field(description="message, attachment, subject, operator, ...")
    message: int | None
    active: bool = Field(description="False for what was superseded or withdrawn.")
    created_at: datetime


class Label(ApiRecord):
    """A topic that a person or a program gave to a mail."""

    id: int
    ticket: int | None
    message: int
    topic: str
    author: str
    source: str
    active: bool
    created_at: datetime


class Reply(ApiRecord):
    """A mail that leaves, or a draft of one."""

    id: int
    ticket: int | None
    kind: str
    status: str
    automatic: bool
    author: str
    to: str
    language: str
    subject: str
    text: str
    message_id: str
    created_at: datetime
    sent_at: datetime | None
    last_error: str


class Balance(ApiRecord):
    """Where the accepted mails are: accepted = in_flight + the sum of dispositions, always."""

    accepted: int
    in_flight: int
    dispositions: dict[str, int]
    outbox: dict[str, int]
    review: int
    work_due: int
    model: str | None


def ticket_of(row: Any, related: Sequence[int]) -> Ticket:
    """Make a ticket of its row."""
    return _made(
        Ticket,
        row,
        number=row.id,
        reference=f"RZ-{row.id}",
        merged_into=row.merged_into_id,
        duplicate_of=row.duplicate_of_id,
        related=list(related),
    )


def etag_of(record: ApiRecord) -> str:
    """Return the strong entity tag of a record: it changes with every field (RFC 9110 8.8.3)."""
    return f'"{hashlib.sha256(record.model_dump_json().encode()).hexdigest()[:32]}"'


def message_of(row: Any, attachments: Sequence[Any]) -> Message:
    """Make a mail of its row."""
    return _made(
        Message,
        row,
        id=row.raw_id,
        ticket=row.ticket_id,
        sent_at=row.date_utc,
        sender=row.from_address,
        sender_name=row.from_name,
        redacted=[str(item["type"]) for item in row.redacted],
        attachments=[_made(Attachment, part) for part in attachments],
    )


def fact_of(row: Any) -> Fact:
    """Make a fact of its row."""
    return _made(Fact, row, message=row.raw_id)


def label_of(row: Any) -> Label:
    """Make a label of its row."""
    return _made(Label, row, ticket=row.ticket_id, message=row.raw_id)


def reply_of(row: Any) -> Reply:
    """Make a reply of its row."""
    return _made(Reply, row, ticket=row.ticket_id, to=row.rcpt_to)


def _made(kind: type[Made], row: Any, **given: Any) -> Made:
    """Make a record of the columns of the same name (a moment ends in `_at` here, in `_at_utc` there)."""
    columns = {name: f"{name}_utc" if name.endswith("_at") else name for name in kind.model_fields}
    same = {name: getattr(row, column) for name, column in columns.items() if hasattr(row, column)}
    return kind(**(same | given))
