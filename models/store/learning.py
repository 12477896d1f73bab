"""Model versions and labels: what the classifier is made from, and which artefact serves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import LABEL, MAIL_STATE, MESSAGE, MODEL_VERSION, THRESHOLD_SET, TICKET
from models.store.ticket_events import note_event
from models.topics import SPAM

_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A trained model as stored: its bytes with everything that tells where they came from."""

    name: str
    data: bytes
    sha256: str
    data_hash: str
    example_count: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    threshold_set: str = ""
    target: float = 0.98
    thresholds: dict[str, Any] = field(default_factory=dict)


class ServingName(NamedTuple):
    """Which version serves: its name and the checksum of its artefact."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInfo:
    """A model version without its bytes."""

    name: str
    state: str
    sha256: str
    data_hash: str
    example_count: int
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    note: str
    created_at_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledMail:
    """A mail with the topic that a person gave it; text is redacted."""

    raw_id: int
    topic: str
    subject: str
    text: str
    quoted: str
    language: str
    mailbox: str
    marketplace: str
    ticket: int | None
    author: str = ""


def add_version(db: Connection, artefact: Artefact, *, now_utc: datetime) -> None:
    """Store a trained model as a candidate, with its threshold set."""
    db.execute(
        insert(MODEL_VERSION).values(
            name=artefact.name,
            state="candidate",
            artefact=artefact.data,
            sha256=artefact.sha256,
            data_hash=artefact.data_hash,
            example_count=artefact.example_count,
            metrics=artefact.metrics,
            parameters=artefact.parameters,
            environment=artefact.environment,
            created_at_utc=now_utc,
        )
    )
    known = db.scalar(select(THRESHOLD_SET.c.id).where(THRESHOLD_SET.c.name == artefact.threshold_set))
    if known is None:
        db.execute(
            insert(THRESHOLD_SET).values(
                name=artefact.threshold_set,
                model=artefact.name,
                target=artefact.target,
                thresholds=artefact.thresholds,
                created_at_utc=now_utc,
            )
        )


def promote(db: Connection, name: str, note: str, *, now_utc: datetime) -> None:
    """Make a version the champion; the one before retires. Raises StoreError for an unknown name."""
    if db.scalar(select(MODEL_VERSION.c.id).where(MODEL_VERSION.c.name == name)) is None:
        msg = f"there is no model version {name}: `razbor models list` shows the names"
        raise StoreError(msg)
    db.execute(
        update(MODEL_VERSION)
        .where(MODEL_VERSION.c.state == "champion", MODEL_VERSION.c.name != name)
        .values(state="retired")
    )
    db.execute(
        update(MODEL_VERSION)
        .where(MODEL_VERSION.c.name == name)
        .values(state="champion", note=note, promoted_at_utc=now_utc)
    )


def note_version(db: Connection, name: str, note: str) -> None:
    """Write why a candidate was not promoted."""
    db.execute(update(MODEL_VERSION).where(MODEL_VERSION.c.name == name).values(note=note))


def champion(db: Connection) -> VersionInfo | None:
    """Return the serving version, None before the first training."""
    rows = _versions(db, state="champion")
    return rows[0] if rows else None


_SERVING: Final = (
    select(MODEL_VERSION.c.name, MODEL_VERSION.c.sha256)
    .where(MODEL_VERSION.c.state == "champion")
    .order_by(MODEL_VERSION.c.id.desc())
    .limit(1)
)


def serving_name(db: Connection) -> ServingName | None:
    """Return the name of the serving version: what a worker asks every two seconds, without its figures."""
    row = db.execute(_SERVING).first()
    return ServingName(*row) if row is not None else None


def versions(db: Connection) -> list[VersionInfo]:
    """List all versions, newest first."""
    return _versions(db)


def _versions(db: Connection, state: str | None = None) -> list[VersionInfo]:
    query = select(
        MODEL_VERSION.c.name,
        MODEL_VERSION.c.state,
        MODEL_VERSION.c.sha256,
        MODEL_VERSION.c.data_hash,
        MODEL_VERSION.c.example_count,
        MODEL_VERSION.c.metrics,
        MODEL_VERSION.c.parameters,
        MODEL_VERSION.c.note,
        MODEL_VERSION.c.created_at_utc,
    ).order_by(MODEL_VERSION.c.id.desc())
    if state is not None:
        query = query.where(MODEL_VERSION.c.state == state)
    return [VersionInfo(**row) for row in db.execute(query).mappings()]


def artefact_bytes(db: Connection, name: str) -> bytes:
    """Load the artefact of a version; raises StoreError when it is not kept."""
    data = db.scalar(select(MODEL_VERSION.c.artefact).where(MODEL_VERSION.c.name == name))
    if data is None:
        msg = f"the artefact of model version {name} is not kept: run `razbor train`"
        raise StoreError(msg)
    return bytes(data)


def add_label(
    db: Connection, raw_id: int, topic: str, *, author: str, source: str, now_utc: datetime
) -> None:
    """Record that a person gave a mail its topic; an earlier label of the mail is superseded."""
    db.execute(update(LABEL).where(LABEL.c.raw_id == raw_id, LABEL.c.active).values(active=False))
    db.execute(
        insert(LABEL).values(
            raw_id=raw_id, topic=topic, author=author, source=source, active=True, created_at_utc=now_utc
        )
    )


def withdraw_label(db: Connection, raw_id: int) -> None:
    """Take the label of a mail back: a choice was undone. It stays, inactive."""
    db.execute(update(LABEL).where(LABEL.c.raw_id == raw_id, LABEL.c.active).values(active=False))


def labelled_mails(db: Connection) -> list[LabelledMail]:
    """List mails with an active label, as training data.

    A mail whose words were purged or erased teaches nothing any more: its row is the tombstone that
    the next training honours. The digits of phones are zeros (rule R38): their shape stays, nobody's number.
    """
    rows = db.execute(
        select(
            LABEL.c.raw_id,
            LABEL.c.topic,
            MESSAGE.c.subject,
            MESSAGE.c.text,
            MESSAGE.c.quoted,
            MESSAGE.c.language,
            MESSAGE.c.mailbox,
            MESSAGE.c.marketplace,
            MESSAGE.c.ticket_id.label("ticket"),
            LABEL.c.author,
            MESSAGE.c.entities,
        )
        .join(MESSAGE, MESSAGE.c.raw_id == LABEL.c.raw_id)
        .where(LABEL.c.active, MESSAGE.c.purged_at_utc.is_(None))
        .order_by(LABEL.c.raw_id)
    )
    return [_without_phones(dict(row)) for row in rows.mappings()]


def _without_phones(row: dict[str, Any]) -> LabelledMail:
    phones = [entity for entity in row.pop("entities") if entity["type"] == "phone"]
    for column, where in (("subject", "subject"), ("text", "body"), ("quoted", "quoted")):
        for phone in phones:
            if phone["where"] == where:
                text, start, end = row[column], phone["start"], phone["end"]
                row[column] = text[:start] + _DIGIT.sub("0", text[start:end]) + text[end:]
    return LabelledMail(**row)


def set_topic(db: Connection, number: int, topic: str, *, now_utc: datetime) -> None:
    """Give a ticket the topic that an operator chose; it leaves review."""
    db.execute(
        update(TICKET)
        .where(TICKET.c.id == number)
        .values(topic=topic, topic_source="operator", in_review=False, updated_at_utc=now_utc)
    )
    if topic != SPAM:
        note_event(db, "ticket.routed", number, now_utc)


def review_count(db: Connection) -> int:
    """Count tickets that wait for an operator to look at their topic."""
    return db.scalar(select(func.count()).select_from(TICKET).where(TICKET.c.in_review)) or 0


def ticket_of_mail(db: Connection, raw_id: int) -> int | None:
    """Return the ticket that a mail ended in."""
    return db.scalar(select(MAIL_STATE.c.ticket_id).where(MAIL_STATE.c.raw_id == raw_id))
