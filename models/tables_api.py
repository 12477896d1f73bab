"""Tables of the JSON API: tokens of programs, requests that were done already, webhooks and their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field

from models.tables import LEASED, BigId, MainBase, json_field, moment


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


class Webhook(MainBase, table=True):
    """Where events of tickets are told to another system. Its secret is derived, not stored."""

    __tablename__ = "webhook"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = Field(default="", unique=True)
    url: str = ""
    kinds: list[str] = json_field()
    salt: str = ""  # the secret is an HMAC of it under the key of this installation
    active: bool = True
    created_by: str = ""
    created_at_utc: datetime = moment(nullable=False)


class WebhookDelivery(MainBase, table=True):
    """One event for one webhook, written in the transaction of what happened; told later."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "status", "due_at_utc"),
        Index("ix_webhook_delivery_leased", "lease_token", "lease_until_utc", **LEASED),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    webhook_id: int = Field(sa_type=BigId, index=True)
    event_id: str = ""  # the same at every try: a receiver drops what it knows
    kind: str = ""
    ticket_id: int | None = Field(default=None, sa_type=BigId)
    payload: dict[str, Any] = json_field(dict)
    status: str = "queued"  # queued, sent, dead
    created_at_utc: datetime = moment(nullable=False)
    due_at_utc: datetime | None = moment()
    sent_at_utc: datetime | None = moment()
    attempts: int = 0
    answer: int | None = None  # the last HTTP status
    last_error: str = ""
    lease_token: str | None = None
    lease_until_utc: datetime | None = moment()
