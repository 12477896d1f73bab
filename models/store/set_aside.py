"""Quarantined mails: listing them, and giving one back as a mail that a ticket is opened for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from models.records import Address, Attachment, Authentication, Entity, Finding, Mail
from models.store.engine import StoreError
from models.store.reading_columns import ATTACHMENT_FIELDS
from models.store.schema import ATTACHMENT, LABEL, MAIL_STATE, MESSAGE
from models.topics import SPAM, Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedMail:
    """A mail that was set aside as spam or forgery; its text is redacted."""

    raw_id: int
    received_at_utc: datetime
    from_name: str
    from_address: str
    subject: str
    text: str
    cause: str
    warnings: tuple[str, ...]
    confirmed_by: str  # "" while nobody looked at it


def quarantined_mails(db: Connection, *, before: int | None = None, limit: int = 50) -> list[QuarantinedMail]:
    """List quarantined mails, newest first; `before` is the number of the last one of the page before."""
    query = (
        select(
            MAIL_STATE.c.raw_id,
            MAIL_STATE.c.received_at_utc,
            MAIL_STATE.c.cause,
            MESSAGE.c.from_name,
            MESSAGE.c.from_address,
            MESSAGE.c.subject,
            MESSAGE.c.text,
            MESSAGE.c.warnings,
            LABEL.c.author,
        )
        .join(MESSAGE, MESSAGE.c.raw_id == MAIL_STATE.c.raw_id)
        .outerjoin(LABEL, (LABEL.c.raw_id == MAIL_STATE.c.raw_id) & LABEL.c.active)
        .where(MAIL_STATE.c.disposition == str(Disposition.QUARANTINED))
        .order_by(MAIL_STATE.c.raw_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(MAIL_STATE.c.raw_id < before)
    return [
        QuarantinedMail(
            raw_id=row.raw_id,
            received_at_utc=row.received_at_utc,
            from_name=row.from_name,
            from_address=row.from_address,
            subject=row.subject,
            text=row.text,
            cause=row.cause,
            warnings=tuple(row.warnings),
            confirmed_by=row.author or "",
        )
        for row in db.execute(query)
    ]


def quarantined_mail(db: Connection, raw_id: int) -> tuple[Mail, str]:
    """Return a quarantined mail as it was read, with its mailbox; raises StoreError when it is none."""
    row = db.execute(
        select(MESSAGE, MAIL_STATE.c.disposition)
        .join(MAIL_STATE, MAIL_STATE.c.raw_id == MESSAGE.c.raw_id)
        .where(MESSAGE.c.raw_id == raw_id)
    ).first()
    if row is None or row.disposition != Disposition.QUARANTINED:
        msg = f"mail {raw_id} is not quarantined: somebody released it, or it never was"
        raise StoreError(msg)
    if row.purged_at_utc is not None:
        msg = f"mail {raw_id} is no longer kept: its time in quarantine is over"
        raise StoreError(msg)
    return _mail(row, _attachments(db, raw_id)), row.mailbox


def release_mail(db: Connection, raw_id: int, ticket: int) -> None:
    """Note that a quarantined mail opened a ticket after all; the books still balance."""
    db.execute(
        update(MAIL_STATE)
        .where(MAIL_STATE.c.raw_id == raw_id)
        .values(disposition=str(Disposition.OPENED), ticket_id=ticket)
    )
    db.execute(update(MESSAGE).where(MESSAGE.c.raw_id == raw_id).values(ticket_id=ticket))
    spam_label = (LABEL.c.raw_id == raw_id) & (LABEL.c.topic == SPAM)
    db.execute(update(LABEL).where(spam_label).values(active=False))


def _attachments(db: Connection, raw_id: int) -> tuple[Attachment, ...]:
    rows = db.execute(select(ATTACHMENT).where(ATTACHMENT.c.raw_id == raw_id).order_by(ATTACHMENT.c.position))
    return tuple(Attachment(**{name: getattr(row, name) for name in ATTACHMENT_FIELDS}) for row in rows)


def _mail(row: Any, attachments: tuple[Attachment, ...]) -> Mail:
    return Mail(
        message_id=row.message_id,
        date_utc=row.date_utc,
        from_=Address(row.from_name, row.from_address),
        subject=row.subject,
        kind=row.kind,
        suppress_replies=row.suppress_replies,
        language=row.language,
        text=row.text,
        quoted=row.quoted,
        signature=row.signature,
        marketplace=row.marketplace,
        attachments=attachments,
        entities=tuple(Entity(**{**entity, "reasons": tuple(entity["reasons"])}) for entity in row.entities),
        findings=tuple(Finding(**finding) for finding in row.findings),
        authentication=Authentication(**row.authentication),
        warnings=tuple(row.warnings),
    )
