"""The sweeper: finds due work that nobody was told of, because the broker may forget everything.

One process at a time has the duty (a lease row); the others return at once. It frees what
killed workers held, shows replies whose sender vanished as uncertain, and says what is due.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.store.incidents import close_quiet_incidents
from models.store.leases import (
    free_leases_of_the_dead,
    process_token,
    take_duty,
    work_waiting,
)
from models.store.outbox import mark_lost_senders
from models.store.raw_orders import confirm_orders
from workers.batch import take_in
from workers.overdue import escalate_overdue
from workers.reminders import remind
from workers.service import Service

DUTY = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Queues that have work to do now."""

    mails: bool = False
    topics: tuple[str, ...] = ()
    replies: bool = False
    training: bool = False
    webhooks: bool = False


def sweep(service: Service, hold_s: float) -> Due:
    """Look for due work; empty when another process has the duty."""
    now, store = service.now(), service.store
    if not take_duty(store, DUTY, process_token(DUTY), now_utc=now, hold_s=hold_s):
        return Due()
    take_in(service, portions=1)
    free_leases_of_the_dead(store, now)
    with store.write() as db:
        mark_lost_senders(db, now)
        close_quiet_incidents(db, now)
    confirm_orders(store)
    remind(service)
    escalate_overdue(service)
    with store.read() as db:
        waiting = work_waiting(db, service.now())
    return Due(
        mails=waiting.mails,
        topics=waiting.topics,
        replies=waiting.replies and bool(service.options.relay_url),
        training=waiting.training,
        webhooks=waiting.webhooks,
    )
