"""Tables of tickets: the matter itself, who takes part, what is known, what happened, what is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from models.tables import LEASED, BigId, MainBase, defaulted, json_field, moment, partial

_COUNTED = "topic assignee status in_review escalated sla_due_at_utc merged_into_id"
_FILTERED = (
    "topic status assignee in_review escalated sla_due_at_utc language marketplace priority missing "
    "confidence deadline merged_into_id"
)
_ORDERS = {
    "due": "sla_due_at_utc",
    "priority": "score",
    "newest": "updated_at_utc",
    "oldest": "opened_at_utc",
}
_OPEN = "status <> 'closed' AND merged_into_id IS NULL"
_KEPT = "merged_into_id IS NULL"


def _partial(name: str, columns: str, condition: str) -> Index:
    where = text(condition)
    return Index(name, *columns.split(), sqlite_where=where, postgresql_where=where)


def _in_order() -> list[Index]:
    """Index the lists in each of their orders, with every column of a filter: a page needs no sorting.

    The list of all goes by whole indexes, so that SQLite takes the smaller one for open tickets.
    """
    found = []
    for order, column in _ORDERS.items():
        columns = [column, "id", *(name for name in _FILTERED.split() if name != column)]
        found.append(Index(f"ix_ticket_all_{order}", *columns))
        found.append(_partial(f"ix_ticket_open_{order}", " ".join(columns), _OPEN))
    return found


_OPENED = "opened_at_utc topic language marketplace first_reaction_in_time repeats"
_CLOSED = "closed_at_utc topic language marketplace cycle_s question_count reopened resolution"


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
        _partial("ix_ticket_board", _COUNTED, _OPEN),  # the counts of the rail
        *_in_order(),
        # the dashboard's figures of what was opened and of what was closed in a span of time
        _partial("ix_ticket_opened", _OPENED, _KEPT),
        _partial("ix_ticket_closed", _CLOSED, f"{_KEPT} AND closed_at_utc IS NOT NULL"),
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
    opened_by_raw_id: int | None = Field(default=None, sa_type=BigId, index=True)
    opened_at_utc: datetime = moment(nullable=False)
    updated_at_utc: datetime = moment(nullable=False)
    status_at_utc: datetime = moment(nullable=False)
    closed_at_utc: datetime | None = moment()
    resolution: str = ""  # rule R30, a code per topic
    subkind: str = ""
    how_to: bool | None = None
    confidence: float | None = None  # of the newest prediction of the mail that opened it; for filters
    also_topics: list[str] = json_field()
    missing: list[str] = json_field()
    priority: str = "normal"
    priority_by: str = defaulted("")  # who set it by hand; "" is worked out from `priority_parts`
    priority_parts: dict[str, int] = json_field(dict)
    question_count: int = 0
    acknowledged: bool = False
    suppress_replies: str = ""
    claimed_ticket_id: int | None = Field(default=None, sa_type=BigId)  # a stranger named this ticket
    merged_into_id: int | None = Field(default=None, sa_type=BigId)
    duplicate_of_id: int | None = Field(default=None, sa_type=BigId)  # likely the same matter (rule R3)
    incident_id: int | None = Field(default=None, sa_type=BigId, index=True)
    assignee: str = Field(default="", index=True)  # login of the operator who works on it
    stage: str = ""  # rule R27, only in progress
    score: int = 0  # sum of priority_parts, for sorting
    deadline: str = ""  # ISO date that the seller gave (rule R25)
    business_risk: str = ""  # the seller's words
    seller_priority: str = ""  # rule R61
    preferred_channel: str = ""  # rule R8
    sender_role: str = "unknown"
    bulk: bool = False  # a list of goods or orders came as a file (rule R36)
    repeats: int = 0  # earlier tickets of the same seller and topic within the repeat window (rule R32)
    escalated: bool = False
    escalated_at_utc: datetime | None = moment()
    first_reaction_at_utc: datetime | None = moment()
    first_reaction_in_time: bool | None = None  # None: nobody reacted yet (rule R29)
    cycle_s: int | None = None  # working seconds from opening to the last close (rule R29)
    reopened: int = 0
    sla_phase: str = ""  # first_reaction, resolution; "" when no clock runs
    sla_due_at_utc: datetime | None = moment()  # None while paused or closed
    remind_at_utc: datetime | None = moment(index=True)
    reminded_at_utc: datetime | None = moment()
    purged_at_utc: datetime | None = moment()


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
    __table_args__ = (
        Index("ix_fact_value", "field", "value"),
        Index("ix_fact_found", "value", postgresql_ops={"value": "text_pattern_ops"}),
    )

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
    outbox_id: int | None = Field(default=None, sa_type=BigId, index=True)
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
    __table_args__ = (
        Index("ix_topic_work_due", "topic", "due_at_utc", **partial("due_at_utc IS NOT NULL")),
        Index("ix_topic_work_leased", "lease_token", "lease_until_utc", **LEASED),
    )

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    topic: str = ""
    raw_id: int | None = Field(default=None, sa_type=BigId)  # the newest mail that made it due
    due_at_utc: datetime | None = moment()
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
    attempts: int = 0
    last_error: str = ""


class Note(MainBase, table=True):
    """What one operator tells the others about a ticket; it never leaves the desk."""

    __tablename__ = "note"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    ticket_id: int = Field(sa_type=BigId, index=True)
    at_utc: datetime = moment(nullable=False)
    author: str = ""
    text: str = ""


class Incident(MainBase, table=True):
    """The same fault reported by several sellers within a short time (domain 2.1, api_technical)."""

    __tablename__ = "incident"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    signature: str = Field(default="", index=True)  # topic and the normalised fault
    state: str = "open"  # open, closed
    first_at_utc: datetime = moment(nullable=False)
    last_at_utc: datetime = moment(nullable=False)
    closed_at_utc: datetime | None = moment()
    seller_count: int = 0
    ticket_count: int = 0
