"""Telling queues that there is work. Messages carry no mail, only a nudge: the database knows what is due.

A nudge may be lost with the broker at any time; the sweeper nudges again. Publishing is
therefore tried once, and its failure is logged and forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from kombu.exceptions import OperationalError

from models.topics import OUTBOUND_QUEUE, READ_QUEUE, UPKEEP_QUEUE, WEBHOOK_QUEUE, topic_queue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery import Celery

READ_TASK = "workers.tasks.read"
TOPIC_TASK = "workers.tasks.topic"
DELIVER_TASK = "workers.tasks.deliver"
WEBHOOK_TASK = "workers.tasks.webhooks"
SWEEP_TASK = "workers.tasks.sweep"
RETRAIN_TASK = "workers.tasks.retrain"
TRAIN_TASK = "workers.tasks.train"
PURGE_TASK = "workers.tasks.purge"
WATCH_TASK = "workers.tasks.watch"

log = structlog.get_logger(__name__)


def nudge_read(app: Celery) -> bool:
    """Say that mails wait to be read."""
    return _send(app, READ_TASK, READ_QUEUE)


def nudge_topic(app: Celery, slug: str) -> bool:
    """Say that tickets of a topic are due."""
    return _send(app, TOPIC_TASK, topic_queue(slug), [slug])


def nudge_topics(app: Celery, slugs: Iterable[str]) -> bool:
    """Say that tickets of several topics are due; the first failure ends it, since each costs seconds."""
    return all(nudge_topic(app, slug) for slug in sorted(slugs))


def nudge_delivery(app: Celery) -> bool:
    """Say that replies wait to leave."""
    return _send(app, DELIVER_TASK, OUTBOUND_QUEUE)


def nudge_training(app: Celery) -> bool:
    """Say that a person ordered a training."""
    return _send(app, TRAIN_TASK, UPKEEP_QUEUE)


def nudge_webhooks(app: Celery) -> bool:
    """Say that events wait to be told."""
    return _send(app, WEBHOOK_TASK, WEBHOOK_QUEUE)


def _send(app: Celery, task: str, queue: str, args: list[str] | None = None) -> bool:
    """Publish once; False when the broker cannot take it now."""
    try:
        app.send_task(task, args=args or [], queue=queue, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning(
            "broker not reached", queue=queue, cause=repr(error), effect="the sweeper will nudge again"
        )
        return False
    return True
