"""What operators and scripts look at: status, journal, tickets. Every number can be opened to its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.facts import load_facts
from models.store.incidents import open_incidents
from models.store.learning import champion, review_count
from models.store.recent import learning_figures
from models.store.schema import MAIL_STATE, MESSAGE, OUTBOX, PREDICTION, RAW, TICKET, TICKET_LINK, TOPIC_WORK
from models.topics import Disposition

JOURNAL_PAGE = 500


def status(store: Store, now_utc: datetime, *, relay: bool) -> dict[str, Any]:
    """Return the counts of `razbor status --json` except the broker's.

    `relay` tells whether replies can leave at all: without one nothing in the outbox is due.

    `accepted` and `in_flight` are counted, not computed from each other: the balance
    `accepted = in_flight + sum(dispositions)` can therefore fail, and would show a loss.
    """
    with store.read() as db:
        counted = dict(_pairs(db, select(MAIL_STATE.c.disposition, func.count()).group_by("disposition")))
        dispositions = {str(name): int(counted.get(str(name), 0)) for name in Disposition}
        newest = db.scalar(select(func.max(MAIL_STATE.c.raw_id))) or 0
        known = int(counted.get(None, 0))
        model = champion(db)
        learning = learning_figures(db, model)
        outbox: dict[str, Any] = dict(_pairs(db, select(OUTBOX.c.status, func.count()).group_by("status")))
        outbox["due"] = _count(db, OUTBOX, _outbox_waits(now_utc)) if relay else 0
        work_due = _count(db, TOPIC_WORK, TOPIC_WORK.c.due_at_utc <= now_utc)
        review = review_count(db)
        incidents = open_incidents(db)
        if not store.is_sqlite:
            accepted, unseen = _accepted(db, newest, sqlite=False)
    if store.is_sqlite:
        with store.read_raw() as raw:
            accepted, unseen = _accepted(raw, newest, sqlite=True)
    return {
        "accepted": accepted,
        "in_flight": known + unseen,
        "dispositions": dispositions,
        "outbox": outbox,
        "review": review,
        "work_due": work_due,
        "incidents": incidents,
        "model": model.name if model else None,
        "learning": learning,
    }


def _outbox_waits(now_utc: datetime) -> ColumnElement[bool]:
    """Accept replies that wait to leave now or are being sent."""
    return ((OUTBOX.c.status == "queued") & (OUTBOX.c.due_at_utc <= now_utc)) | (OUTBOX.c.status == "sending")


def _accepted(raw: Connection, newest: int, *, sqlite: bool) -> tuple[int, int]:
    """Count raw mails, and those that no worker has given a state yet (SQLite only)."""
    accepted = raw.scalar(select(func.count()).select_from(RAW)) or 0
    if not sqlite:
        return accepted, 0
    return accepted, raw.scalar(select(func.count()).select_from(RAW).where(RAW.c.id > newest)) or 0


def _pairs(db: Connection, query: Any) -> list[tuple[Any, int]]:
    return [(row[0], int(row[1])) for row in db.execute(query)]


def _count(db: Connection, table: Any, condition: Any) -> int:
    return db.scalar(select(func.count()).select_from(table).where(condition)) or 0


def journal(store: Store, after_raw_id: int = 0) -> Iterator[dict[str, Any]]:
    """Yield one line per accepted SMTP transaction, oldest first (`razbor export journal`)."""
    last = after_raw_id
    while True:
        with store.read_raw() as raw:
            rows = raw.execute(
                select(RAW.c.id, RAW.c.received_at_utc, RAW.c.mail_from, RAW.c.rcpt_tos, RAW.c.sha256)
                .where(RAW.c.id > last)
                .order_by(RAW.c.id)
                .limit(JOURNAL_PAGE)
            ).all()
        if not rows:
            return
        with store.read() as db:
            ends = _journal_ends(db, rows[0].id, rows[-1].id)
        for row in rows:
            end = ends.get(row.id)
            yield {
                "raw_id": row.id,
                "received_at": row.received_at_utc.isoformat(),
                "message_id": (end.message_id if end else "") or "",
                "mail_from": row.mail_from,
                "rcpt_to": json.loads(row.rcpt_tos),
                "sha256": row.sha256,
                "disposition": end.disposition if end else None,
                "ticket": f"RZ-{end.ticket_id}" if end and end.ticket_id else None,
                "topic": end.topic if end else None,
                "model": end.model if end else None,
            }
        last = rows[-1].id


def _journal_ends(db: Connection, first: int, last: int) -> dict[int, Any]:
    rows = db.execute(
        select(
            MAIL_STATE.c.raw_id,
            MAIL_STATE.c.disposition,
            MAIL_STATE.c.ticket_id,
            MESSAGE.c.message_id,
            PREDICTION.c.topic,
            PREDICTION.c.model,
        )
        .outerjoin(MESSAGE, MESSAGE.c.raw_id == MAIL_STATE.c.raw_id)
        .outerjoin(PREDICTION, PREDICTION.c.raw_id == MAIL_STATE.c.raw_id)
        .where(MAIL_STATE.c.raw_id.between(first, last))
        .order_by(PREDICTION.c.id)
    )
    return {row.raw_id: row for row in rows}


def tickets(
    db: Connection,
    *,
    topic: str | None = None,
    ticket_status: str | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield tickets as `razbor tickets list --json` prints them, oldest first."""
    query = select(TICKET.c.id).order_by(TICKET.c.id).limit(limit)
    if topic is not None:
        query = query.where(TICKET.c.topic == topic)
    if ticket_status is not None:
        query = query.where(TICKET.c.status == ticket_status)
    for number in db.scalars(query).all():
        yield ticket(db, number)


def ticket(db: Connection, number: int) -> dict[str, Any]:
    """Return one ticket in the shape of `razbor tickets show --json`; KeyError for an unknown number."""
    row = db.execute(select(TICKET).where(TICKET.c.id == number)).first()
    if row is None:
        raise KeyError(number)
    facts = load_facts(db, number)
    seller = row.seller_id or next((fact.value for fact in facts if fact.field == "seller_id"), "")
    return {
        "number": f"RZ-{number}",
        "status": row.status,
        "topic": row.topic,
        "in_review": bool(row.in_review),
        "language": row.language,
        "marketplace": row.marketplace,
        "seller_id": seller or None,
        "requester": row.requester,
        "subject": row.subject,
        "priority": row.priority,
        "priority_parts": row.priority_parts,
        "how_to": bool(row.how_to),
        "opened_at": row.opened_at_utc.isoformat(),
        "facts": [
            {"field": f.field, "value": f.value, "type": f.type, "source": f.source, "raw_id": f.raw_id}
            for f in facts
        ],
        "missing": list(row.missing),
        "messages": _messages(db, number),
        "replies": _replies(db, number),
        "claimed_ticket": f"RZ-{row.claimed_ticket_id}" if row.claimed_ticket_id else None,
        "related": [
            f"RZ-{other}"
            for other in db.scalars(
                select(TICKET_LINK.c.other_id)
                .where(TICKET_LINK.c.ticket_id == number)
                .order_by(TICKET_LINK.c.other_id)
            )
        ],
    }


def _messages(db: Connection, number: int) -> list[dict[str, Any]]:
    rows = db.execute(
        select(MESSAGE.c.raw_id, MESSAGE.c.message_id, MESSAGE.c.kind, MAIL_STATE.c.disposition)
        .join(MAIL_STATE, MAIL_STATE.c.raw_id == MESSAGE.c.raw_id)
        .where(MESSAGE.c.ticket_id == number)
        .order_by(MESSAGE.c.raw_id)
    ).all()
    inbound = [
        {
            "raw_id": row.raw_id,
            "message_id": row.message_id,
            "direction": "in",
            "kind": row.kind,
            "disposition": row.disposition,
        }
        for row in rows
    ]
    outbound = [
        {
            "raw_id": None,
            "message_id": row.message_id,
            "direction": "out",
            "kind": row.kind,
            "disposition": None,
        }
        for row in db.execute(select(OUTBOX).where(OUTBOX.c.ticket_id == number).order_by(OUTBOX.c.id))
    ]
    return inbound + outbound


def _replies(db: Connection, number: int) -> list[dict[str, Any]]:
    rows = db.execute(select(OUTBOX).where(OUTBOX.c.ticket_id == number).order_by(OUTBOX.c.id))
    return [
        {
            "kind": row.kind,
            "language": row.language,
            "to": row.rcpt_to,
            "subject": row.subject,
            "text": row.text,
            "status": row.status,
            "last_error": row.last_error,
        }
        for row in rows
    ]
