"""What became of each mail, told by mail and not by ticket: the view of whoever just sent some.

In comes the number of the last mail that is not of interest, out come frozen records with the
disposition, what the model said, what was found and which replies the mail called for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.schema import (
    ASKED,
    MAIL_STATE,
    MESSAGE,
    OUTBOX,
    PREDICTION,
    RAW,
    TICKET,
    TICKET_LINK,
    TOPIC_WORK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMade:
    """A reply that a mail called for."""

    kind: str
    language: str
    rcpt_to: str
    subject: str
    text: str
    status: str
    asked: tuple[str, ...] = ()  # fields that it asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOutcome:
    """One accepted mail and what became of it so far."""

    raw_id: int
    sha256: str
    disposition: str | None = None  # None while it is in flight
    cause: str = ""
    ticket: int | None = None
    claimed: int | None = None  # the ticket that a stranger named
    related: tuple[int, ...] = ()
    language: str = "unknown"
    topic: str = ""  # as predicted for this mail
    ticket_topic: str = ""
    confidence: float = 0.0
    decision: str = ""  # route, review, auto, quarantine, hold
    entities: tuple[tuple[str, str], ...] = ()  # type and normalised value
    replies: tuple[ReplyMade, ...] = ()


def newest_raw_id(store: Store) -> int:
    """Return the number of the newest accepted mail, 0 when there is none."""
    with store.read_raw() as raw:
        return raw.scalar(select(func.max(RAW.c.id))) or 0


def mail_outcomes(store: Store, after_raw_id: int) -> list[MailOutcome]:
    """List the mails accepted after a number, oldest first, with what is known of each by now."""
    with store.read_raw() as raw:
        accepted = raw.execute(
            select(RAW.c.id, RAW.c.sha256).where(RAW.c.id > after_raw_id).order_by(RAW.c.id)
        ).all()
    if not accepted:
        return []
    with store.read() as db:
        states = _states(db, after_raw_id)
        replies = _replies(db, after_raw_id)
        related = _related(db, [row.ticket_id for row in states.values() if row.ticket_id])
    return [_outcome(row, states.get(row.id), replies, related) for row in accepted]


def topic_work_due(store: Store, now_utc: datetime) -> int:
    """Count tickets that their topic queue must still look at."""
    with store.read() as db:
        due = select(func.count()).select_from(TOPIC_WORK).where(TOPIC_WORK.c.due_at_utc <= now_utc)
        return db.scalar(due) or 0


def _outcome(
    accepted: Any, state: Any, replies: dict[int, list[ReplyMade]], related: dict[int, list[int]]
) -> MailOutcome:
    if state is None:
        return MailOutcome(raw_id=accepted.id, sha256=accepted.sha256)
    opened = state.opened_by_raw_id == accepted.id
    return MailOutcome(
        raw_id=accepted.id,
        sha256=accepted.sha256,
        disposition=state.disposition,
        cause=state.cause,
        ticket=state.ticket_id,
        claimed=state.claimed_ticket_id if opened else None,
        related=tuple(related.get(state.ticket_id, ())) if opened else (),
        language=state.language or "unknown",
        topic=state.topic or "",
        ticket_topic=state.ticket_topic or "",
        confidence=state.confidence or 0.0,
        decision=state.decision or "",
        entities=tuple((entity["type"], entity["value"]) for entity in state.entities or ()),
        replies=tuple(replies.get(accepted.id, ())),
    )


def _states(db: Connection, after_raw_id: int) -> dict[int, Any]:
    rows = db.execute(
        select(
            MAIL_STATE.c.raw_id,
            MAIL_STATE.c.disposition,
            MAIL_STATE.c.cause,
            MAIL_STATE.c.ticket_id,
            MESSAGE.c.language,
            MESSAGE.c.entities,
            PREDICTION.c.topic,
            PREDICTION.c.confidence,
            PREDICTION.c.decision,
            TICKET.c.topic.label("ticket_topic"),
            TICKET.c.claimed_ticket_id,
            TICKET.c.opened_by_raw_id,
        )
        .outerjoin(MESSAGE, MESSAGE.c.raw_id == MAIL_STATE.c.raw_id)
        .outerjoin(PREDICTION, PREDICTION.c.raw_id == MAIL_STATE.c.raw_id)
        .outerjoin(TICKET, TICKET.c.id == MAIL_STATE.c.ticket_id)
        .where(MAIL_STATE.c.raw_id > after_raw_id)
        .order_by(PREDICTION.c.id)
    )
    return {row.raw_id: row for row in rows}


def _replies(db: Connection, after_raw_id: int) -> dict[int, list[ReplyMade]]:
    asked: dict[int, list[str]] = {}
    for row in db.execute(
        select(ASKED.c.outbox_id, ASKED.c.field)
        .join(OUTBOX, OUTBOX.c.id == ASKED.c.outbox_id)
        .where(OUTBOX.c.inbound_raw_id > after_raw_id)
        .order_by(ASKED.c.field)
    ):
        asked.setdefault(row.outbox_id, []).append(row.field)
    made: dict[int, list[ReplyMade]] = {}
    mails = select(OUTBOX).where(OUTBOX.c.inbound_raw_id > after_raw_id).order_by(OUTBOX.c.id)
    for row in db.execute(mails):
        made.setdefault(row.inbound_raw_id, []).append(
            ReplyMade(
                kind=row.kind,
                language=row.language,
                rcpt_to=row.rcpt_to,
                subject=row.subject,
                text=row.text,
                status=row.status,
                asked=tuple(asked.get(row.id, ())),
            )
        )
    return made


def _related(db: Connection, tickets: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in db.execute(
        select(TICKET_LINK.c.ticket_id, TICKET_LINK.c.other_id)
        .where(TICKET_LINK.c.ticket_id.in_(tickets))
        .order_by(TICKET_LINK.c.other_id)
    ):
        found.setdefault(row.ticket_id, []).append(row.other_id)
    return found
