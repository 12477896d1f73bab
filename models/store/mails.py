"""Writing what was read from a mail and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, true, update
from sqlalchemy.engine import Connection

from models.decisions import Decision
from models.records import Mail, Prediction, RawMail
from models.store.reading_columns import attachment_columns, flat, reading_columns
from models.store.schema import ATTACHMENT, MAIL_STATE, MESSAGE, PREDICTION
from models.store.word_index import indexed_texts, put_entries
from models.topics import Disposition

CAUSE_LIMIT = 500
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedMail:
    """One mail as read and decided, ready to be written."""

    raw: RawMail
    mail: Mail
    mailbox: str
    prediction: Prediction
    decision: Decision
    ticket_id: int | None
    is_part: bool  # of the ticket's timeline
    is_audited: bool = False  # drawn for the audit share


def insert_worked(db: Connection, worked: Sequence[WorkedMail], now_utc: datetime) -> None:
    """Store mails as read, what the classifier said of them, and their one disposition each.

    The lease of a mail ends with its disposition.
    """
    rows = [_message_row(one) for one in worked]
    db.execute(_NEW_MESSAGE, rows)
    texts = [
        indexed_texts(one.mail.subject, one.mail.text, row["entities"])
        for one, row in zip(worked, rows, strict=True)
    ]
    put_entries(db, [(one.raw.raw_id, texts_of) for one, texts_of in zip(worked, texts, strict=True)])
    attachments = [
        {"raw_id": one.raw.raw_id, "position": position, **columns}
        for one in worked
        for position, columns in enumerate(attachment_columns(one.mail))
    ]
    if attachments:
        db.execute(_NEW_ATTACHMENT, attachments)
    db.execute(_NEW_PREDICTION, [_prediction_row(one, now_utc) for one in worked])
    db.execute(_END, [_end_row(one, now_utc) for one in worked])


def _message_row(one: WorkedMail) -> dict[str, Any]:
    raw, mail = one.raw, one.mail
    reply_to = mail.reply_to[0].address if mail.reply_to else mail.from_.address
    return reading_columns(mail) | {
        "raw_id": raw.raw_id,
        "ticket_id": one.ticket_id if one.is_part else None,
        "received_at_utc": raw.envelope.received_at_utc,
        "reply_address": reply_to or raw.envelope.mail_from,
        "mailbox": one.mailbox,
        "authentication": flat(mail.authentication),
    }


def _prediction_row(one: WorkedMail, now_utc: datetime) -> dict[str, Any]:
    prediction = one.prediction
    ranked = sorted(prediction.probabilities.values(), reverse=True)
    return {
        "raw_id": one.raw.raw_id,
        "topic": prediction.topic,
        "confidence": prediction.confidence,
        "sure": prediction.sure,
        "threshold": prediction.threshold,
        "decision": one.decision.decision,
        "probabilities": prediction.probabilities,
        "reasons": [flat(reason) for reason in prediction.reasons],
        "also_topics": list(prediction.also_topics),
        "spam_probability": prediction.spam_probability,
        "model": prediction.model,
        "threshold_set": prediction.threshold_set,
        "margin": ranked[0] - ranked[1] if len(ranked) > 1 else 0.0,
        "audit": one.is_audited,
        "unseen_share": prediction.unseen_share,
        "created_at_utc": now_utc,
    }


def _end_row(one: WorkedMail, now_utc: datetime) -> dict[str, Any]:
    return {
        "number": one.raw.raw_id,
        "disposition": str(one.decision.disposition),
        "disposed_at_utc": now_utc,
        "ticket_id": one.ticket_id,
        "cause": storable(one.decision.cause),
        "duplicate_of": one.decision.link.duplicate_of,
        "lease_token": None,
        "lease_until_utc": None,
        "last_error": "",
        **_KEYLESS,
    }


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
    return [dict(row) for row in rows.mappings()]
