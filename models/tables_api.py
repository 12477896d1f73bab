"""Tables of the JSON API: tokens of programs, and which of their requests were done already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field

from models.tables import BigId, MainBase, json_field, moment


class ApiToken(MainBase, table=True):
    """A program that may use the API. It holds the token, this row only its hash."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = Field(default="", unique=True)  # acts are audited under "token:NAME"
    prefix: str = Field(default="", unique=True)  # the beginning of the token, shown in lists
    token_hash: str = Field(default="", max_length=64)  # SHA-256 in hex
    scopes: list[str] = json_field()
    seller_id: str = ""  # sees tickets bound to this seller alone; "" sees all
    created_by: str = ""
    created_at_utc: datetime = moment(nullable=False)
    expires_at_utc: datetime | None = moment()
    used_at_utc: datetime | None = moment()  # last use, to the minute
    revoked_at_utc: datetime | None = moment()


class ApiRequest(MainBase, table=True):
    """A request with an Idempotency-Key, written in the transaction of its act; kept for a day."""

    __tablename__ = "api_request"

    token_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: str = Field(default="", max_length=64)  # SHA-256 of method, path and body
    outcome_id: int | None = Field(default=None, sa_type=BigId)  # what the act made or changed
    at_utc: datetime = moment(nullable=False, index=True)
