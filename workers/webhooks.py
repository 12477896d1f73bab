"""Telling webhooks what happened: signed, in tries with growing pauses, at least once each.

Headers and signature are those of Standard Webhooks: `webhook-id`, `webhook-timestamp` (seconds) and
`webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`. The secret of a webhook is an
HMAC of its salt under the key of this installation, so the database alone cannot forge events.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any, Final

import structlog

from models.store.engine import StoreError
from models.store.leases import Claim, claim_webhooks, give_back
from models.store.schema import WEBHOOK_DELIVERY
from models.store.ticket_events import PING, event_payload, new_event_id
from models.store.ticket_life import audit
from models.store.webhooks import (
    Delivery,
    add_webhook,
    load_deliveries,
    note_failure,
    note_told,
    put_off_others,
    remove_webhook,
    stop_webhook,
    tell_again,
    webhook_named,
)
from workers.acts import ActError
from workers.service import Service
from workers.webhook_post import AddressRefusedError, Posted, check_url, post

EVENTS_AT_ONCE: Final = 32
BUDGET_SHARE: Final = 2  # no event is begun after this part of the lease
PAUSE_OF_OTHERS: Final = timedelta(seconds=30)
GONE: Final = 410  # the receiver wants to hear nothing more

log = structlog.get_logger(__name__)


def tell_webhooks(service: Service) -> int:
    """Tell what is due; return how many events were looked at."""
    lease_s = service.options.lease_s
    claim = claim_webhooks(service.store, now_utc=service.now(), lease_s=lease_s, limit=EVENTS_AT_ONCE)
    if not claim:
        return 0
    try:
        _tell_all(service, claim, time.monotonic() + lease_s / BUDGET_SHARE)
    finally:
        give_back(service.store, WEBHOOK_DELIVERY, claim, "id")  # those that were not begun
    return len(claim.ids)


def _tell_all(service: Service, claim: Claim, until_s: float) -> None:
    with service.store.read() as db:
        waiting = load_deliveries(db, claim.ids)
    failing: set[int] = set()
    for delivery in waiting:
        if time.monotonic() > until_s:
            return
        if delivery.webhook.id in failing or not delivery.webhook.active:
            continue
        if not _tell(service, delivery, claim.token):
            failing.add(delivery.webhook.id)


def _tell(service: Service, delivery: Delivery, token: str) -> bool:
    """Tell one event; False when its receiver did not take it."""
    posted = _post(service, delivery.webhook.url, delivery.webhook.salt, delivery.event_id, delivery.payload)
    now = service.now()
    with service.store.write([f"webhook:{delivery.webhook.id}"]) as db:
        if posted.is_taken:
            note_told(db, delivery, token, answer=posted.status or 0, now_utc=now)
        else:
            note_failure(db, delivery, token, answer=posted.status, error=posted.error, now_utc=now)
            put_off_others(db, delivery, now + PAUSE_OF_OTHERS)
            if posted.status == GONE:
                stop_webhook(db, delivery.webhook.id)
                audit(db, "razbor", "stop_webhook", f"webhook:{delivery.webhook.name}", now, answer=GONE)
    log.info(
        "event",
        event_id=delivery.event_id,
        kind=delivery.kind,
        webhook=delivery.webhook.name,
        answer=posted.status,
    )
    return posted.is_taken


def secret_of(salt: str, key: bytes) -> str:
    """Return the secret of a webhook as receivers are given it: `whsec_` and 32 bytes in base64."""
    made = hmac.new(key, f"webhook:{salt}".encode(), hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(made).decode()}"


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """Sign an event; what a receiver makes in the same way and compares in constant time."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def subscribe(service: Service, actor: str, name: str, url: str, kinds: list[str]) -> str:
    """Add a webhook and return its secret. Raises ActError for an address that nothing may be sent to."""
    try:
        check_url(url, service.options.webhook_hosts)
    except AddressRefusedError as error:
        raise ActError(str(error)) from error
    now = service.now()
    with service.store.write({"webhooks"}) as db:
        card = add_webhook(db, name, url, kinds, created_by=actor, now_utc=now)
        audit(db, actor, "add_webhook", f"webhook:{name}", now, url=url, kinds=list(card.kinds))
    return secret_of(card.salt, service.options.signing_key)


def unsubscribe(service: Service, actor: str, name: str) -> None:
    """Remove a webhook with its events. Raises StoreError when there is none."""
    with service.store.write({"webhooks"}) as db:
        remove_webhook(db, name)
        audit(db, actor, "remove_webhook", f"webhook:{name}", service.now())


def ping(service: Service, actor: str, name: str) -> Posted:
    """Send a test event now and return what the receiver said. Raises StoreError for an unknown name."""
    with service.store.read() as db:
        card = webhook_named(db, name)
    payload = event_payload(PING, service.now(), {})
    posted = _post(service, card.url, card.salt, new_event_id(), payload)
    with service.store.write() as db:
        audit(db, actor, "test_webhook", f"webhook:{name}", service.now(), answer=posted.status)
    return posted


def tell_once_more(service: Service, actor: str, delivery_id: int) -> None:
    """Tell an event again that was told or given up. Raises StoreError when there is none such."""
    with service.store.write() as db:
        if not tell_again(db, delivery_id, service.now()):
            msg = f"there is no event {delivery_id} that was told or given up"
            raise StoreError(msg)
        audit(db, actor, "resend_event", f"event:{delivery_id}", service.now())


def _post(service: Service, url: str, salt: str, event_id: str, payload: dict[str, Any]) -> Posted:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = int(service.now().timestamp())
    secret = secret_of(salt, service.options.signing_key)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Razbor",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, event_id, timestamp, body),
    }
    return post(url, body, headers, service.options.webhook_hosts)
