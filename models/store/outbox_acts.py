"""What an operator may do with a row of the outbox: let a draft leave, drop it, send a mail again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from models.store.mails import storable
from models.store.schema import OUTBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A draft that may leave now."""

    ticket: int | None
    kind: str


def release_draft(
    db: Connection, outbox_id: int, *, author: str, text: str | None, now_utc: datetime
) -> Released | None:
    """Let a draft leave, with other words if given; None when it is no draft any more.

    Changed words are a person's and no longer an automatic mail (rule A1).
    """
    changes: dict[str, object] = {"text": text, "automatic": False} if text is not None else {}
    row = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id, OUTBOX.c.status == "draft", OUTBOX.c.text != "")
        .values(status="queued", author=author, due_at_utc=now_utc, created_at_utc=now_utc, **changes)
        .returning(OUTBOX.c.ticket_id, OUTBOX.c.kind)
    ).first()
    return Released(ticket=row.ticket_id, kind=row.kind) if row is not None else None


def ticket_of_reply(db: Connection, outbox_id: int) -> int | None:
    """Return the ticket that a row of the outbox belongs to; None without one."""
    number = db.scalar(select(OUTBOX.c.ticket_id).where(OUTBOX.c.id == outbox_id))
    return int(number) if number is not None else None


def discard_draft(db: Connection, outbox_id: int, reason: str) -> bool:
    """Keep a draft from ever leaving; False when it is no draft any more."""
    result = db.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == outbox_id, OUTBOX.c.status == "draft")
        .values(status="muted", last_error=storable(reason))
    )
    return bool(result.rowcount)


def send_again(db: Connection, outbox_id: int, now_utc: datetime) -> bool:
    """Make a failed, doubtful or muted mail due once more, with its Message-ID and words as they were.

    One whose words and address were purged cannot be sent.
    """
    result = db.execute(
        update(OUTBOX)
        .where(
            OUTBOX.c.id == outbox_id,
            OUTBOX.c.text != "",
            OUTBOX.c.status.in_(("failed", "uncertain", "muted")),
        )
        .values(status="queued", due_at_utc=now_utc, attempts=0, lease_token=None, lease_until_utc=None)
    )
    return bool(result.rowcount)
