"""Tables of the console: who is logged in, and what operators decided in review.

People themselves are `person` in `tables_desk`; what they did stands in `audit_entry`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index
from sqlmodel import Field

from models.tables import BigId, MainBase, defaulted, moment


class ConsoleSession(MainBase, table=True):
    """One login of one person. The browser holds the token, this row only its hash."""

    __tablename__ = "console_session"

    token_hash: str = Field(primary_key=True, max_length=64)  # SHA-256 in hex
    person_id: int = Field(sa_type=BigId, index=True)
    csrf_token: str = ""
    created_at_utc: datetime = moment(nullable=False)
    seen_at_utc: datetime = moment(nullable=False)
    ended_at_utc: datetime | None = moment()  # logged out, or taken away


class ReviewChoice(MainBase, table=True):
    """One decision of a person in review: what was shown, what was chosen, how long it took."""

    __tablename__ = "review_choice"
    __table_args__ = (Index("ix_review_choice_actor", "actor", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    actor: str = ""
    raw_id: int = Field(sa_type=BigId)
    ticket_id: int = Field(sa_type=BigId, index=True)
    topic: str = ""
    predicted: str = ""
    is_audit: bool = False  # the prediction was hidden until the choice
    duration_ms: int = 0
    status_before: str = defaulted("")
    topic_before: str = defaulted("")
    was_in_review: bool = True
    at_utc: datetime = moment(nullable=False)
    undone_at_utc: datetime | None = moment()


class SavedView(MainBase, table=True):
    """A list that a person keeps under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ux_saved_view_name", "owner", "name", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    owner: str = ""
    name: str = ""
    query: str = ""  # the filter as in the address of a list
    is_shared: bool = False
    at_utc: datetime = moment(nullable=False)
