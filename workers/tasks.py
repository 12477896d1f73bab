"""The Celery tasks: thin shells that find the process's service, call one function and nudge the next queue.

A task carries no mail. It is idempotent and may run twice, late or never: the database says
what is due.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app, shared_task
from celery.signals import task_postrun, task_prerun

from models.topics import topic_queue
from workers.app import celery_app, process_service
from workers.batch import BatchResult, read_batch
from workers.delivery import BATCH, deliver
from workers.live_precision import watch_live_precision
from workers.nudges import (
    DELIVER_TASK,
    PURGE_TASK,
    READ_TASK,
    RETRAIN_TASK,
    SWEEP_TASK,
    TOPIC_TASK,
    TRAIN_TASK,
    WATCH_TASK,
    WEBHOOK_TASK,
    nudge_delivery,
    nudge_read,
    nudge_topic,
    nudge_topics,
    nudge_training,
    nudge_webhooks,
)
from workers.purging import nightly_purge
from workers.retraining import nightly_retrain
from workers.topic_batch import work_topic, work_topics
from workers.training_orders import ordered_retrain
from workers.upkeep import sweep
from workers.webhooks import EVENTS_AT_ONCE, tell_webhooks

DELIVER_LIMIT_S = 600  # above what one slow relay can take of the budget of `workers.delivery`
SWEEP_DUTY_S = 5  # at most one sweep in this time, whichever process gets the task


@task_prerun.connect
def _name_task(task_id: str = "", **_given: Any) -> None:
    """Let every line that is logged from here on name the task."""
    structlog.contextvars.bind_contextvars(task_id=task_id)


@task_postrun.connect
def _forget_task(**_given: Any) -> None:
    structlog.contextvars.unbind_contextvars("task_id")


@shared_task(name=READ_TASK)
def read_task() -> int:
    """Read waiting mails; tell the topic queues and the delivery what came of them.

    A topic whose queue this worker works too is worked at once, all such topics together: a nudge to
    oneself would cost more than it tells.
    """
    service = process_service()
    result = read_batch(service)
    if result.full:
        nudge_read(celery_app)
    own = worked_here(result.topics)
    nudge_topics(celery_app, result.topics - own)
    worked = work_topics(service, own) if own else BatchResult()
    if worked.full:
        nudge_topics(celery_app, own)
    if (result.replies or worked.replies) and service.options.relay_url:
        nudge_delivery(celery_app)
    return result.count


def worked_here(topics: set[str]) -> set[str]:
    """Return those topics whose queues this process takes tasks from."""
    mine = current_app.amqp.queues.consume_from
    return {slug for slug in topics if topic_queue(slug) in mine}


@shared_task(name=TOPIC_TASK)
def topic_task(slug: str) -> int:
    """Work the due tickets of a topic; tell the delivery if replies wait."""
    service = process_service()
    result = work_topic(service, slug)
    if result.replies and service.options.relay_url:
        nudge_delivery(celery_app)
    if result.full:
        nudge_topic(celery_app, slug)
    return result.count


@shared_task(name=DELIVER_TASK, time_limit=DELIVER_LIMIT_S)
def deliver_task() -> int:
    """Send what is due."""
    count = deliver(process_service())
    if count == BATCH:
        nudge_delivery(celery_app)
    return count


@shared_task(name=WEBHOOK_TASK)
def webhook_task() -> int:
    """Tell webhooks what is due."""
    count = tell_webhooks(process_service())
    if count == EVENTS_AT_ONCE:
        nudge_webhooks(celery_app)
    return count


@shared_task(name=SWEEP_TASK)
def sweep_task() -> dict[str, Any]:
    """Find due work that nobody was told of, and say so."""
    due = sweep(process_service(), SWEEP_DUTY_S)
    if due.mails:
        nudge_read(celery_app)
    nudge_topics(celery_app, due.topics)
    if due.replies:
        nudge_delivery(celery_app)
    if due.training:
        nudge_training(celery_app)
    if due.webhooks:
        nudge_webhooks(celery_app)
    return {
        "mails": due.mails,
        "topics": list(due.topics),
        "replies": due.replies,
        "webhooks": due.webhooks,
    }


@shared_task(name=RETRAIN_TASK, time_limit=3600)
def retrain_task() -> str:
    """Retrain in the night, once however many schedulers ask."""
    return nightly_retrain(process_service())


@shared_task(name=TRAIN_TASK, time_limit=3600)
def train_task() -> str:
    """Train because somebody ordered it in the console."""
    return ordered_retrain(process_service())


@shared_task(name=PURGE_TASK, time_limit=3600)
def purge_task() -> str:
    """Take away in the night what was kept long enough, once however many schedulers ask."""
    return nightly_purge(process_service())


@shared_task(name=WATCH_TASK)
def watch_task() -> str:
    """Go back to the version before when the audited mails say that the promise is broken."""
    service = process_service()
    return watch_live_precision(service.store, service.options.precision_target, service.now())
