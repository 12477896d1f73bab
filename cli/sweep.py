"""The worker's timer: every few seconds one nudge to look for work that nobody was told of.

It is a step of the worker's main loop, not a thread: nothing is locked when the loop forks a
pool process, and the timer starts again by itself whenever the broker comes back. What the
sweep does is the task's business; it expires after one period, so a backlog of nudges never
does more than one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from celery import bootsteps
from kombu.exceptions import OperationalError

from cli.heartbeat import touch_heartbeat
from models.topics import UPKEEP_QUEUE
from workers.nudges import SWEEP_TASK

log = structlog.get_logger("razbor.sweep")


def sweep_step(sweep_s: float, run_dir: Path) -> type[Any]:
    """Make the step for a worker's consumer blueprint; its first sweep is published at once."""

    class SweepStep(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        """Publishes a sweep now and every `sweep_s` seconds while the broker is there."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, parent: Any, **options: Any) -> None:
            super().__init__(parent, **options)
            self._timer: Any = None

        def start(self, parent: Any) -> None:
            self._beat(parent.app)
            self._timer = parent.timer.call_repeatedly(sweep_s, self._beat, (parent.app,))

        def stop(self, parent: Any) -> None:
            if self._timer is not None:
                parent.timer.cancel(self._timer)
                self._timer = None

        def _beat(self, app: Any) -> None:
            touch_heartbeat(run_dir, "worker")
            publish_sweep(app, sweep_s)

    return SweepStep


def publish_sweep(app: Any, sweep_s: float) -> bool:
    """Publish one sweep; False when the broker is gone (the worker's own connection notices too)."""
    try:
        app.send_task(SWEEP_TASK, queue=UPKEEP_QUEUE, expires=sweep_s, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("sweep not published, the broker is away", error=str(error))
        return False
    return True
