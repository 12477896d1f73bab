"""The Celery app and the service behind its tasks, made from the settings of the process.

Everything about queues, acknowledgement and time limits is set here on purpose. A message
is a nudge without content, so it is acknowledged at once: what is due stands in the
database, and a lost nudge is made good by the sweeper.

What reads mail is imported with the service, so that `razbor beat` does without it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from celery import Celery
from celery.schedules import crontab
from kombu.entity import Queue

from models.topics import ALL_QUEUES, UPKEEP_QUEUE
from settings import Settings, load_settings
from workers.nudges import PURGE_TASK, RETRAIN_TASK, WATCH_TASK

if TYPE_CHECKING:
    from models.store import Store
    from workers.dkim_signing import DkimKey
    from workers.service import SenderChecks, Service

TASK_TIME_LIMIT_S = 300
DATABASE_ANSWER_S = 60  # under the lease of 120 s: what a worker gives up is free when another may take it
BROKER_TIMEOUT_S = 5
RETRAIN_HOUR, RETRAIN_MINUTE = 3, 20  # in the desk's time zone, when few mails come
PURGE_HOUR, PURGE_MINUTE = 2, 40  # before the training, which must not learn from what has to go
WATCH_MINUTE = 40  # of every hour: does the serving version keep its promise


def create_app(settings: Settings, *, works: bool = True) -> Celery:
    """Make the Celery app: queues, limits, nightly jobs; without the tasks where it only names them."""
    include = ["workers.tasks"] if works else []
    app = Celery("razbor", broker=settings.effective_broker_url, include=include)
    app.conf.update(
        task_queues=[Queue(name) for name in ALL_QUEUES],
        task_default_queue=UPKEEP_QUEUE,
        task_create_missing_queues=True,
        task_ignore_result=True,
        task_acks_late=False,
        task_time_limit=TASK_TIME_LIMIT_S,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.worker_processes,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "max_retries": 0,  # an absent broker must not hold up a task: the sweeper nudges again
            "socket_timeout": BROKER_TIMEOUT_S * 4,
            "socket_connect_timeout": BROKER_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": 20,
            "unacked_restore_throttle": 1,
        },
        timezone=settings.timezone,
        enable_utc=True,
        beat_max_loop_interval=60,
        beat_schedule={
            "purge": {
                "task": PURGE_TASK,
                "schedule": crontab(hour=PURGE_HOUR, minute=PURGE_MINUTE),
                "options": {"queue": UPKEEP_QUEUE, "expires": timedelta(hours=2).total_seconds()},
            },
            "retrain": {
                "task": RETRAIN_TASK,
                "schedule": crontab(hour=RETRAIN_HOUR, minute=RETRAIN_MINUTE),
                "options": {"queue": UPKEEP_QUEUE, "expires": timedelta(hours=2).total_seconds()},
            },
            "watch": {
                "task": WATCH_TASK,
                "schedule": crontab(minute=WATCH_MINUTE),
                "options": {"queue": UPKEEP_QUEUE, "expires": timedelta(hours=1).total_seconds()},
            },
        },
    )
    app.set_default()
    return app


def signing_key(settings: Settings) -> bytes:
    """Return the key that signs bounce addresses and Message-IDs; made once when not configured."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "signing.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    fresh = settings.data_dir / f"signing.key.{secrets.token_hex(4)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        _link_once(fresh, path)
    return path.read_text().strip().encode()


def _link_once(fresh: Path, path: Path) -> None:
    """Put a finished file in place unless another process was first."""
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def create_service(settings: Settings) -> Service:
    """Open the store and make what the tasks of one process share."""
    from models.store import open_store

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(
        settings.main_database_url,
        settings.intake_database_url,
        settings.keyring,
        answer_within_s=DATABASE_ANSWER_S,
    )
    return service_over(store, settings)


def load_before_fork(settings: Settings) -> None:
    """Compile and load what reading needs, in the process that the pool is forked from.

    No connection is left open: each process of the pool opens its own (`process_service`).
    """
    from models.store import open_store
    from workers.predictor import load_champion_before_fork
    from workers.warm_reader import SAMPLES, warm_reader

    warm_reader()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(
        settings.main_database_url, settings.intake_database_url, answer_within_s=DATABASE_ANSWER_S
    )
    try:
        load_champion_before_fork(store, SAMPLES)
    finally:
        store.close()


def service_over(store: Store, settings: Settings) -> Service:
    """Make what tasks share over a store that is open already."""
    from workers.predictor import Predictor
    from workers.service import Service, ServiceOptions

    return Service(
        store=store,
        options=ServiceOptions(
            mailboxes=settings.mailboxes,
            mail_domain=settings.effective_mail_domain,
            signing_key=signing_key(settings),
            relay_url=settings.relay_url,
            dkim_key=_dkim_key(settings),
            timezone=settings.timezone,
            authserv_id=settings.trusted_authserv_id,
            precision_target=settings.precision_target,
            batch_size=settings.batch_size,
            lease_s=settings.lease_s,
            labelled_dir=settings.labelled_dir,
            webhook_hosts=frozenset(settings.webhook_hosts),
        ),
        predictor=Predictor(store),
        check_senders=_sender_checks(settings),
    )


def _dkim_key(settings: Settings) -> DkimKey | None:
    if settings.dkim_key is None:
        return None
    from workers.dkim_signing import read_dkim_key

    return read_dkim_key(
        settings.dkim_key, selector=settings.dkim_selector, domain=settings.effective_mail_domain
    )


def _sender_checks(settings: Settings) -> SenderChecks | None:
    """Return what checks senders, None unless the settings want it done here."""
    if settings.authentication != "own":
        return None
    # Imported only where it is wanted: the libraries cost every process a third of a second.
    from intake.dns_resolver import DnsResolver
    from workers.authenticating import check_senders

    return partial(check_senders, DnsResolver(*settings.dns_server_address))


@cache
def process_service() -> Service:
    """Return this process's service, made at the first task: a pool child opens connections of its own."""
    from models.traces import start

    settings = load_settings()
    start(settings.traces_url, "worker", signing_key(settings) if settings.traces_url else b"")
    return create_service(settings)


celery_app = create_app(load_settings())
