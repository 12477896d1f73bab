"""A training that a person ordered in the console: the same as at night, told while it runs.

In goes the order that waits in `training_run`, out comes its row with how far it is and how it
ended. The sweeper finds the order; whoever is nudged twice finds nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from classifier.own_data import OwnDataError, load_folder
from models.store.training_runs import (
    KEY,
    begin_ordered_training,
    finish_training,
    note_training_progress,
)
from workers.retraining import TrainingResult, retrain
from workers.service import Service
from workers.training_child import TrainingError

TELL_EVERY_S: Final = 1.0  # a write per line of progress would stand in the way of the mails

log = structlog.get_logger(__name__)


def ordered_retrain(service: Service) -> str:
    """Train for the order that waits; returns the outcome in words."""
    with service.store.write({KEY}) as db:
        number = begin_ordered_training(db, service.now())
    if number is None:
        return "no training is ordered"
    result = _trained(service, number)
    with service.store.write() as db:
        finish_training(
            db,
            number,
            outcome=result.outcome,
            model=result.model,
            note=result.note,
            now_utc=service.now(),
        )
    return f"{result.outcome}: {result.note}"


def _trained(service: Service, number: int) -> TrainingResult:
    try:
        return retrain(
            service.store,
            target=service.options.precision_target,
            progress=_told(service, number),
            more=load_folder(service.options.labelled_dir),
        )
    except (TrainingError, OwnDataError) as error:
        log.error("no training", cause=str(error))  # noqa: TRY400 - the message names the remedy
        return TrainingResult(outcome="failed", model="", note=str(error))


def _told(service: Service, number: int) -> Callable[[float, str], None]:
    """Return what writes the progress of a run, at most once in TELL_EVERY_S."""
    last_s = -TELL_EVERY_S

    def tell(share: float, _step: str) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= TELL_EVERY_S:
            last_s = time.monotonic()
            with service.store.write() as db:
                note_training_progress(db, number, share)

    return tell
