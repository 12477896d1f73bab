"""Writing what was read from a mail and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, true, update
from sqlalchemy.engine import Connection

from models.decisions import Decision
from models.records import Attachment, Mail, Prediction, RawMail
from models.store.schema import ATTACHMENT, MAIL_STATE, MESSAGE, PREDICTION
from models.store.word_index import index_mail, indexed_texts
from models.topics import Disposition

CAUSE_LIMIT = 500
ATTACHMENT_FIELDS: Final = tuple(field.name for field in fields(Attachment))  # its columns in the table too
# Built once: these run for every mail.
_NEW_MESSAGE: Final = insert(MESSAGE)
_NEW_ATTACHMENT: Final = insert(ATTACHMENT)
_NEW_PREDICTION: Final = insert(PREDICTION)
_END: Final = update(MAIL_STATE).where(
    MAIL_STATE.c.raw_id == bindparam("number"), MAIL_STATE.c.disposition.is_(None)
)
_KEYLESS: Final = {"sender_key": None, "matter_key": None}  # only mail in flight keeps its order by keys


def storable(words: str, limit: int = CAUSE_LIMIT) -> str:
    """Make the words of an error fit for any database: no NUL, no lone surrogate, not too long."""
    return words[:limit].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def insert_message(db: Connection, raw: RawMail, mail: Mail, *, mailbox: str, ticket_id: int | None) -> None:
    """Store one mail as read, with its attachments' descriptions."""
    reply_to = mail.reply_to[0].address if mail.reply_to else mail.from_.address
    entities = [asdict(entity) for entity in mail.entities]
    db.execute(
        _NEW_MESSAGE,
        {
            "raw_id": raw.raw_id,
            "ticket_id": ticket_id,
            "received_at_utc": raw.envelope.received_at_utc,
            "date_utc": mail.date_utc,
            "message_id": mail.message_id,
            "in_reply_to": mail.in_reply_to,
            "references": list(mail.references),
            "from_address": mail.from_.address,
            "from_name": mail.from_.name,
            "reply_address": reply_to or raw.envelope.mail_from,
            "mailbox": mailbox,
            "subject": mail.subject,
            "kind": mail.kind,
            "language": mail.language,
            "marketplace": mail.marketplace,
            "text": mail.text,
            "quoted": mail.quoted,
            "signature": mail.signature,
            "entities": entities,
            "findings": [asdict(finding) for finding in mail.findings],
            "redacted": [asdict(redaction) for redaction in mail.redacted],
            "warnings": list(mail.warnings),
            "authentication": asdict(mail.authentication),
            "suppress_replies": mail.suppress_replies,
            "content_sha256": mail.content_sha256,
            "text_sha256": mail.text_sha256,
        },
    )
    index_mail(db, raw.raw_id, indexed_texts(mail.subject, mail.text, entities))
    if mail.attachments:
        db.execute(
            _NEW_ATTACHMENT,
            [
                {"raw_id": raw.raw_id, "position": position, **asdict(attachment)}
                for position, attachment in enumerate(mail.attachments)
            ],
        )


def insert_prediction(
    db: Connection,
    raw_id: int,
    prediction: Prediction,
    decision: str,
    now_utc: datetime,
    *,
    audit: bool = False,
) -> None:
    """Store what the classifier said and what was made of it; `audit`: drawn for the audit share."""
    ranked = sorted(prediction.probabilities.values(), reverse=True)
    db.execute(
        _NEW_PREDICTION,
        {
            "raw_id": raw_id,
            "topic": prediction.topic,
            "confidence": prediction.confidence,
            "sure": prediction.sure,
            "threshold": prediction.threshold,
            "decision": decision,
            "probabilities": prediction.probabilities,
            "reasons": [asdict(reason) for reason in prediction.reasons],
            "also_topics": list(prediction.also_topics),
            "spam_probability": prediction.spam_probability,
            "model": prediction.model,
            "threshold_set": prediction.threshold_set,
            "margin": ranked[0] - ranked[1] if len(ranked) > 1 else 0.0,
            "audit": audit,
            "unseen_share": prediction.unseen_share,
            "created_at_utc": now_utc,
        },
    )


def end_mail(
    db: Connection, raw_id: int, decision: Decision, *, ticket_id: int | None, now_utc: datetime
) -> None:
    """Give a mail its one disposition; the lease ends with it."""
    db.execute(
        _END,
        {
            "number": raw_id,
            "disposition": str(decision.disposition),
            "disposed_at_utc": now_utc,
            "ticket_id": ticket_id,
            "cause": storable(decision.cause),
            "duplicate_of": decision.link.duplicate_of,
            "lease_token": None,
            "lease_until_utc": None,
            "last_error": "",
            **_KEYLESS,
        },
    )


def hold_mail(db: Connection, raw_id: int, cause: str, now_utc: datetime) -> None:
    """Set a mail aside for a person: nothing of it is dropped, `razbor held` shows the cause."""
    db.execute(
        update(MAIL_STATE)
        .where(MAIL_STATE.c.raw_id == raw_id, MAIL_STATE.c.disposition.is_(None))
        .values(
            disposition=str(Disposition.HELD),
            disposed_at_utc=now_utc,
            cause=storable(cause),
            held_version=_running_version(),
            lease_token=None,
            lease_until_utc=None,
            **_KEYLESS,
        )
    )


@cache
def _running_version() -> str:
    return version("razbor")


def retry_held(db: Connection, raw_ids: Sequence[int]) -> int:
    """Make held mails due again (`razbor held retry`); return how many there were.

    One whose raw mail is no longer kept stays held. At most a few hundred numbers at once:
    databases limit the values of one statement.
    """
    result = db.execute(
        update(MAIL_STATE)
        .where(
            MAIL_STATE.c.raw_id.in_(raw_ids),
            MAIL_STATE.c.disposition == str(Disposition.HELD),
            MAIL_STATE.c.raw_purged_at_utc.is_(None),
        )
        .values(disposition=None, disposed_at_utc=None, cause="", lost_leases=0)
    )
    return result.rowcount


def mail_end(db: Connection, raw_id: int) -> Any | None:
    """Return how a mail ended and why, and when its octets went; None for an unknown one."""
    columns = MAIL_STATE.c
    return db.execute(
        select(columns.disposition, columns.cause, columns.raw_purged_at_utc).where(columns.raw_id == raw_id)
    ).first()


def held_mails(db: Connection, *, cause: str = "", limit: int | None = None) -> list[dict[str, Any]]:
    """List held mails, newest first; `cause` keeps those whose cause holds these words."""
    columns = MAIL_STATE.c
    rows = db.execute(
        select(
            columns.raw_id,
            columns.received_at_utc,
            columns.disposed_at_utc.label("held_at_utc"),
            columns.attempts,
            columns.held_version,
            columns.cause,
            columns.raw_purged_at_utc.is_(None).label("raw_kept"),
        )
        .where(
            columns.disposition == str(Disposition.HELD),
            func.lower(columns.cause).contains(cause.lower(), autoescape=True) if cause else true(),
        )
        .order_by(columns.raw_id.desc())
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's documented way to a mapping
