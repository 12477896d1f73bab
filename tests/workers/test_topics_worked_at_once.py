"""A process works at once only the topics whose queues it takes tasks from; the others get a nudge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app

from settings import Settings
from workers.app import create_app
from workers.tasks import worked_here

SLUGS = {"logistics_acceptance", "finance_documents", "of_the_desk"}


@pytest.fixture(autouse=True)
def own_app(tmp_path: Path) -> Iterator[None]:
    """Give the process an app of its own for the while, as `razbor worker` does."""
    before = current_app._get_current_object()
    create_app(Settings(_env_file=None, data_dir=tmp_path))
    yield
    before.set_default()


@pytest.mark.parametrize(
    ("queues", "here"),
    [
        (["read"], set()),
        (["read", "topic.logistics_acceptance"], {"logistics_acceptance"}),
        (["read", "topic.of_the_desk", "topic.finance_documents"], {"of_the_desk", "finance_documents"}),
    ],
)
def test_only_topics_of_own_queues_are_worked_at_once(queues: list[str], here: set[str]) -> None:
    current_app.amqp.queues.select(queues)
    assert worked_here(SLUGS) == here


def test_a_worker_of_all_queues_works_all_shipped_topics() -> None:
    assert worked_here(SLUGS) == SLUGS - {"of_the_desk"}
