"""Tables of learning (predictions, labels, model versions) and of the desk (mailboxes, sellers, jobs)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from models.column_types import Blob, Json, UtcDateTime
from models.tables import BigId, MainBase, defaulted, json_field, moment


class PredictionRow(MainBase, table=True):
    """What the classifier said of a mail, with the versions it said it by. Never recomputed for display."""

    __tablename__ = "prediction"
    __table_args__ = (
        Index(
            "ix_prediction_audit",
            "raw_id",
            sqlite_where=text("audit"),
            postgresql_where=text("audit"),
        ),
        Index("ix_prediction_created", "created_at_utc", "raw_id", "decision"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    raw_id: int = Field(sa_type=BigId, index=True)
    topic: str = ""
    confidence: float = 0.0
    sure: bool = False
    threshold: float = 1.0
    decision: str = "review"
    probabilities: dict[str, float] = json_field(dict)
    reasons: list[dict[str, Any]] = json_field()
    also_topics: list[str] = json_field()
    spam_probability: float = 0.0
    model: str = ""
    threshold_set: str = ""
    margin: float = 0.0  # of the first topic's probability over the second: small ones teach most
    unseen_share: float = 0.0
    audit: bool = False  # drawn at random among the routed: labelled without sight of the prediction
    created_at_utc: datetime = moment(nullable=False)


class Label(MainBase, table=True):
    """A topic given or confirmed by a person: training data with its time and author."""

    __tablename__ = "label"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    raw_id: int = Field(sa_type=BigId, index=True)
    topic: str = ""
    author: str = ""
    source: str = "review"  # review, audit, import
    active: bool = True  # a newer label of the same mail supersedes
    created_at_utc: datetime = moment(nullable=False)


class ModelVersion(MainBase, table=True):
    """An immutable artefact with what it was made from and how good it is."""

    __tablename__ = "model_version"
    __table_args__ = (
        Index(
            "ux_model_version_champion",
            "state",
            unique=True,
            sqlite_where=text("state = 'champion'"),
            postgresql_where=text("state = 'champion'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = Field(default="", unique=True)
    state: str = "candidate"  # candidate, champion, retired
    artefact: bytes | None = Field(default=None, sa_type=Blob)
    sha256: str = ""
    data_hash: str = ""
    example_count: int = 0
    metrics: dict[str, Any] = json_field(dict)
    parameters: dict[str, Any] = json_field(dict)
    environment: dict[str, Any] = json_field(dict)
    note: str = ""  # why promoted or refused
    report: str = ""  # self-contained HTML
    created_at_utc: datetime = moment(nullable=False)
    promoted_at_utc: datetime | None = moment()


class ThresholdSetRow(MainBase, table=True):
    """Routing thresholds per language and topic, chosen for a precision target."""

    __tablename__ = "threshold_set"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = Field(default="", unique=True)
    model: str = ""
    target: float = 0.98
    thresholds: dict[str, Any] = json_field(dict)
    created_at_utc: datetime = moment(nullable=False)


class Mailbox(MainBase, table=True):
    """An address that receives mail, with what is known of it beforehand (rules R11-R13)."""

    __tablename__ = "mailbox"

    address: str = Field(primary_key=True)
    marketplace: str = "unknown"
    topic_prior: str = ""
    active: bool = True


class Topic(MainBase, table=True):
    """A topic in force: shipped ones are seeded, a desk may add its own."""

    __tablename__ = "topic"

    slug: str = Field(primary_key=True)
    name_ru: str = ""
    name_zh: str = ""
    name_en: str = ""
    active: bool = True


class Policy(MainBase, table=True):
    """One version of a named policy (reply policy, required data, calendars); the newest is in force."""

    __tablename__ = "policy"
    __table_args__ = (Index("ux_policy_version", "name", "version", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str = ""
    version: int = 1
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json, nullable=False)
    author: str = "razbor"
    created_at_utc: datetime = moment(nullable=False)


class SellerAddress(MainBase, table=True):
    """An address or domain bound to a seller by import or by an operator."""

    __tablename__ = "seller_address"

    address: str = Field(primary_key=True)  # addr-spec, or @domain
    seller_id: str = Field(default="", index=True)
    marketplace: str = "unknown"
    role: str = "unknown"  # admin, employee, agency


class Person(MainBase, table=True):
    """An operator who may log in (rule R57)."""

    __tablename__ = "person"
    __table_args__ = (
        Index(
            "ux_person_oidc_subject",
            "oidc_subject",
            unique=True,
            sqlite_where=text("oidc_subject <> ''"),
            postgresql_where=text("oidc_subject <> ''"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    login: str = Field(default="", unique=True)
    name: str = ""
    role: str = "operator"  # viewer, operator, lead, admin
    password_hash: str = ""
    language: str = "ru"
    active: bool = True
    timezone: str = defaulted("")  # "" is that of the desk
    theme: str = defaulted("")  # light, dark; "" follows the system
    totp_secret: str = defaulted("")  # base32 (RFC 6238); "" asks for no code
    totp_last_step: int = defaulted(0)  # a code counts once
    oidc_subject: str = defaulted(
        ""
    )  # issuer and subject of a provider that says who it is; "" has a password


class AuditEntry(MainBase, table=True):
    """Who did what to which thing. Append-only."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_actor", "actor", "id"),
        Index("ix_audit_entry_action", "action", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    at_utc: datetime = moment(nullable=False)
    actor: str = ""
    action: str = ""
    subject: str = Field(default="", index=True)  # e.g. ticket:100042, raw:17
    detail: dict[str, Any] = json_field(dict)


class JobRun(MainBase, table=True):
    """A nightly job that ran or runs: unique by name and due time, so two schedulers start it once."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True)
    due_at_utc: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    started_at_utc: datetime = moment(nullable=False)
    finished_at_utc: datetime | None = moment()
    result: str = ""


class TrainingRun(MainBase, table=True):
    """A training that a person ordered: how far it is, how it ended. One at a time waits or runs."""

    __tablename__ = "training_run"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    asked_by: str = ""
    asked_at_utc: datetime = moment(nullable=False)
    started_at_utc: datetime | None = moment()
    finished_at_utc: datetime | None = moment()
    share: float = 0.0  # of the work that is done, 0 to 1
    outcome: str = ""  # promoted, kept, unchanged, busy, failed, lost
    model: str = ""
    note: str = ""


class Lease(MainBase, table=True):
    """A duty that one process at a time has, such as sweeping."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str = ""
    until_utc: datetime | None = moment()
