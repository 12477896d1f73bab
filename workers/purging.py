"""Retention: taking away what was kept long enough, class by class (`razbor purge`, and every night).

In goes the policy of the database, out come counts per class. One purge works at a time (a duty
row), in transactions of 100 rows under the keys of their tickets, so that workers go on meanwhile;
one that is cut off is taken up by the next. What was done goes into the audit trail, as counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from models.retention import RetentionError
from models.store.jobs import finish_job, start_job
from models.store.leases import process_token, take_duty
from models.store.policies import retention_policy
from models.store.purge import STEPS, count_due, take_portion
from models.store.raw_orders import confirm_orders, orders_waiting
from models.store.remnants import empty_log
from models.store.ticket_life import audit
from models.store.webhooks import forget_deliveries
from workers.service import Service, utc_now

JOB: Final = "purge"
DUTY_S: Final = 60

Progress = Callable[[int], None]

log = structlog.get_logger(__name__)


class PurgeBusyError(RuntimeError):
    """Another purge is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a purge took away, or would take away."""

    counts: dict[str, int]  # rows per class
    raw_waiting: int = 0  # raw mails whose bytes the listener is still to delete (SQLite)
    log_emptied: bool = True  # False: old bytes stand in the log of razbor.db until the next purge


def due_now(service: Service) -> dict[str, int]:
    """Count per class what a purge would take away now. Raises RetentionError for a bad policy."""
    with service.store.read() as db:
        policy = retention_policy(db)
        return {step.name: count_due(db, step, policy, service.now()) for step in STEPS}


def purge(service: Service, actor: str, progress: Progress = lambda _: None) -> Purged:
    """Take away all that is due; `progress` gets the rows of each transaction.

    Raises PurgeBusyError while another purge works, RetentionError for a policy that cannot be read.
    """
    store = service.store
    with store.read() as db:
        policy = retention_policy(db)
    counts = dict.fromkeys((step.name for step in STEPS), 0)
    duty = _Duty(service)
    try:
        for step in STEPS:
            duty.keep()
            while taken := take_portion(store, step, policy, service.now()):
                counts[step.name] += taken
                progress(taken)
                duty.keep()
    finally:
        if any(counts.values()):
            with store.write() as db:
                done = {name: count for name, count in counts.items() if count}
                audit(db, actor, "purge", "retention", service.now(), **done)
    duty.end()
    confirm_orders(store)
    with store.write() as db:
        forget_deliveries(db, service.now())
    emptied = empty_log(store)
    with store.read() as db:
        return Purged(counts=counts, raw_waiting=orders_waiting(db), log_emptied=emptied)


class _Duty:
    """One purge at a time: taken at its start, renewed while it works."""

    def __init__(self, service: Service) -> None:
        self._store, self._holder = service.store, process_token(JOB)
        self._renew_at = 0.0

    def keep(self) -> None:
        """Take or renew the duty. Raises PurgeBusyError while another purge has it."""
        if time.monotonic() < self._renew_at:
            return
        if not take_duty(self._store, JOB, self._holder, now_utc=utc_now(), hold_s=DUTY_S):
            msg = "another purge is at work: wait until it is done"
            raise PurgeBusyError(msg)
        self._renew_at = time.monotonic() + DUTY_S / 3

    def end(self) -> None:
        """Give the duty back."""
        take_duty(self._store, JOB, self._holder, now_utc=utc_now(), hold_s=0)


def nightly_purge(service: Service) -> str:
    """Purge once a night, however many schedulers ask; return what was done in words."""
    now = service.now()
    due = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with service.store.write([f"job:{JOB}"]) as db:
        if not start_job(db, JOB, due, now):
            return "already started tonight"
    try:
        purged = purge(service, "razbor")
        done = [f"{name} {count}" for name, count in purged.counts.items() if count]
        result = f"purged: {', '.join(done) or 'nothing'}"
        log.info("purged", **purged.counts, raw_waiting=purged.raw_waiting)
    except (PurgeBusyError, RetentionError) as error:
        result = f"failed: {error}"
        log.error("no purge", cause=str(error))  # noqa: TRY400 - the message names the remedy
    with service.store.write() as db:
        finish_job(db, JOB, due, result, service.now())
    return result
