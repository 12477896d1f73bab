"""Webhooks and their deliveries: subscribing, what is due, what became of each try."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.mails import storable
from models.store.read_once import forget
from models.store.schema import WEBHOOK, WEBHOOK_DELIVERY
from models.store.ticket_events import EVENT_KINDS

BACKOFF_S: Final = (10, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)  # some three days in all
MAX_ATTEMPTS: Final = len(BACKOFF_S) + 1
KEPT: Final = timedelta(days=30)  # what was told, or given up
MOST_WEBHOOKS: Final = 50
SHOWN: Final = 100
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCard:
    """A webhook with how its deliveries stand."""

    id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    salt: str
    active: bool
    created_by: str
    created_at_utc: datetime
    waiting: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event that is to be told now."""

    id: int
    webhook: WebhookCard
    event_id: str
    kind: str
    payload: dict[str, Any]
    attempts: int


def add_webhook(
    db: Connection, name: str, url: str, kinds: Sequence[str], *, created_by: str, now_utc: datetime
) -> WebhookCard:
    """Add a webhook whose address was checked before. Raises StoreError for a bad name or unknown kinds."""
    unknown = [kind for kind in kinds if kind not in EVENT_KINDS]
    if not _NAME.fullmatch(name):
        msg = "a webhook's name has 1 to 40 small letters, digits, dots, dashes: erp"
        raise StoreError(msg)
    if not kinds or unknown:
        msg = f"events are {', '.join(EVENT_KINDS)}; unknown: {', '.join(unknown) or 'none given'}"
        raise StoreError(msg)
    if db.scalar(select(WEBHOOK.c.id).where(WEBHOOK.c.name == name)) is not None:
        msg = f"there is already a webhook {name!r}: `razbor webhooks list` shows all"
        raise StoreError(msg)
    if (db.scalar(select(func.count()).select_from(WEBHOOK)) or 0) >= MOST_WEBHOOKS:
        msg = f"there are {MOST_WEBHOOKS} webhooks already: every event is written once for each"
        raise StoreError(msg)
    row = db.execute(
        insert(WEBHOOK)
        .values(
            name=name,
            url=url,
            kinds=sorted(set(kinds)),
            salt=secrets.token_hex(16),
            active=True,
            created_by=created_by,
            created_at_utc=now_utc,
        )
        .returning(WEBHOOK)
    ).one()
    forget(db)
    return _card(row)


def webhook_named(db: Connection, name: str) -> WebhookCard:
    """Return a webhook; raises StoreError when there is none."""
    row = db.execute(select(WEBHOOK).where(WEBHOOK.c.name == name)).first()
    if row is None:
        msg = f"there is no webhook {name!r}: `razbor webhooks list` shows all"
        raise StoreError(msg)
    return _card(row)


def webhooks(db: Connection) -> list[WebhookCard]:
    """List webhooks with how many of their events wait and how many were given up."""
    counts: dict[tuple[int, str], int] = {
        (row.webhook_id, row.status): row.events
        for row in db.execute(
            select(WEBHOOK_DELIVERY.c.webhook_id, WEBHOOK_DELIVERY.c.status, func.count().label("events"))
            .where(WEBHOOK_DELIVERY.c.status != "sent")
            .group_by(WEBHOOK_DELIVERY.c.webhook_id, WEBHOOK_DELIVERY.c.status)
        )
    }
    return [
        _card(row, waiting=counts.get((row.id, "queued"), 0), dead=counts.get((row.id, "dead"), 0))
        for row in db.execute(select(WEBHOOK).order_by(WEBHOOK.c.name))
    ]


def remove_webhook(db: Connection, name: str) -> None:
    """Remove a webhook with its events, told or not. Raises StoreError when there is none."""
    card = webhook_named(db, name)
    db.execute(delete(WEBHOOK_DELIVERY).where(WEBHOOK_DELIVERY.c.webhook_id == card.id))
    db.execute(delete(WEBHOOK).where(WEBHOOK.c.id == card.id))


def stop_webhook(db: Connection, webhook_id: int) -> None:
    """Tell nothing more to a webhook whose receiver said that it is gone (HTTP 410); what waits is dead."""
    db.execute(update(WEBHOOK).where(WEBHOOK.c.id == webhook_id).values(active=False))
    waiting = (WEBHOOK_DELIVERY.c.webhook_id == webhook_id) & (WEBHOOK_DELIVERY.c.status == "queued")
    db.execute(
        update(WEBHOOK_DELIVERY).where(waiting).values(status="dead", last_error="the receiver is gone")
    )


def load_deliveries(db: Connection, ids: Sequence[int]) -> list[Delivery]:
    """Load events by number with their webhooks, oldest first."""
    cards = {card.id: card for card in webhooks(db)}
    rows = db.execute(
        select(WEBHOOK_DELIVERY).where(WEBHOOK_DELIVERY.c.id.in_(ids)).order_by(WEBHOOK_DELIVERY.c.id)
    )
    return [
        Delivery(
            id=row.id,
            webhook=cards[row.webhook_id],
            event_id=row.event_id,
            kind=row.kind,
            payload=row.payload,
            attempts=row.attempts,
        )
        for row in rows
        if row.webhook_id in cards
    ]


def deliveries(db: Connection, *, status: str = "", limit: int = SHOWN) -> list[Any]:
    """List the newest deliveries with the name of their webhook."""
    query = select(WEBHOOK_DELIVERY, WEBHOOK.c.name.label("webhook")).join(
        WEBHOOK, WEBHOOK.c.id == WEBHOOK_DELIVERY.c.webhook_id
    )
    if status:
        query = query.where(WEBHOOK_DELIVERY.c.status == status)
    return list(db.execute(query.order_by(WEBHOOK_DELIVERY.c.id.desc()).limit(limit)))


def note_told(db: Connection, delivery: Delivery, token: str, *, answer: int, now_utc: datetime) -> None:
    """Note that the receiver took an event."""
    values = {"status": "sent", "sent_at_utc": now_utc, "answer": answer, "last_error": ""}
    _end_try(db, delivery, token, values)


def note_failure(
    db: Connection, delivery: Delivery, token: str, *, answer: int | None, error: str, now_utc: datetime
) -> None:
    """Note that a try failed: tried again later, given up as dead after the last try."""
    values: dict[str, object] = {"answer": answer, "last_error": storable(error)}
    if delivery.attempts >= MAX_ATTEMPTS or answer == 410:
        values["status"] = "dead"
    else:
        pause = BACKOFF_S[min(max(delivery.attempts - 1, 0), len(BACKOFF_S) - 1)]
        values["due_at_utc"] = now_utc + timedelta(seconds=pause)
    _end_try(db, delivery, token, values)


def put_off_others(db: Connection, delivery: Delivery, until_utc: datetime) -> None:
    """Let the other events of a webhook wait whose receiver has just failed: each would cost seconds."""
    db.execute(
        update(WEBHOOK_DELIVERY)
        .where(
            WEBHOOK_DELIVERY.c.webhook_id == delivery.webhook.id,
            WEBHOOK_DELIVERY.c.status == "queued",
            WEBHOOK_DELIVERY.c.due_at_utc < until_utc,
            WEBHOOK_DELIVERY.c.id != delivery.id,
        )
        .values(due_at_utc=until_utc)
    )


def tell_again(db: Connection, delivery_id: int, now_utc: datetime) -> bool:
    """Make a told or dead event due once more, with its id as it was; False when there is none such."""
    result = db.execute(
        update(WEBHOOK_DELIVERY)
        .where(WEBHOOK_DELIVERY.c.id == delivery_id, WEBHOOK_DELIVERY.c.status.in_(("sent", "dead")))
        .values(status="queued", due_at_utc=now_utc, attempts=0, lease_token=None, lease_until_utc=None)
    )
    return bool(result.rowcount)


def forget_deliveries(db: Connection, now_utc: datetime) -> int:
    """Delete what was told or given up long ago; return how many."""
    ended = WEBHOOK_DELIVERY.c.status.in_(("sent", "dead"))
    old = WEBHOOK_DELIVERY.c.created_at_utc < now_utc - KEPT
    return db.execute(delete(WEBHOOK_DELIVERY).where(ended, old)).rowcount


def _end_try(db: Connection, delivery: Delivery, token: str, values: dict[str, object]) -> None:
    db.execute(
        update(WEBHOOK_DELIVERY)
        .where(WEBHOOK_DELIVERY.c.id == delivery.id, WEBHOOK_DELIVERY.c.lease_token == token)
        .values(lease_token=None, lease_until_utc=None, **values)
    )


def _card(row: Any, *, waiting: int = 0, dead: int = 0) -> WebhookCard:
    return WebhookCard(
        id=row.id,
        name=row.name,
        url=row.url,
        kinds=tuple(row.kinds),
        salt=row.salt,
        active=bool(row.active),
        created_by=row.created_by,
        created_at_utc=row.created_at_utc,
        waiting=waiting,
        dead=dead,
    )
