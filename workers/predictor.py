"""The serving model of a process: always the champion of the database, loaded once, swapped between batches.

A missing or damaged artefact never stops a mail: without a model every mail goes to review,
and the log and `razbor doctor` say what to do. What predicts is imported with the first champion:
the console holds a predictor, too, and never asks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from models.records import Prediction
from models.store import Store, StoreError
from models.store.learning import artefact_bytes, champion
from models.topics import OTHER, SLUGS

if TYPE_CHECKING:
    from classifier.documents import Document
    from classifier.model import Model

LOOK_EVERY_S = 2.0
NO_MODEL = "none"

log = structlog.get_logger(__name__)


class Predictor:
    """Holds the champion of a store; not shared between processes."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._looked_at = float("-inf")
        self._name = ""
        self._model: Model | None = None

    @property
    def model_name(self) -> str:
        """Name of the version in memory, `none` without one."""
        return self._name if self._model is not None else NO_MODEL

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        """Predict with the version that `refresh` found; without a model every answer is unsure."""
        if self._model is None or not documents:
            return [no_prediction() for _ in documents]
        return self._model.predict(documents)

    def refresh(self) -> None:
        """Look for a new champion if the last look is old; call it before a batch, never inside."""
        if self._clock() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = self._clock()
        with self._store.read() as db:
            version = champion(db)
            if version is None or version.name == self._name:
                return
            from classifier.artifact import ArtifactError, load

            try:
                model = load(artefact_bytes(db, version.name), version.sha256, name=version.name)
            except (ArtifactError, StoreError) as error:
                self._name, self._model = version.name, None
                log.error("model refused", model=version.name, cause=str(error), effect="mails go to review")  # noqa: TRY400 - the message names the remedy, the traceback says nothing more
                return
        self._name, self._model = version.name, model  # only now: a database that fails is asked again
        log.info("model loaded", model=version.name)


def no_prediction() -> Prediction:
    """Return the answer of a desk without a model: everything is possible, nothing is sure."""
    return Prediction(
        topic=OTHER,
        confidence=0.0,
        sure=False,
        threshold=1.0,
        probabilities={slug: 1 / len(SLUGS) for slug in SLUGS},
        model=NO_MODEL,
    )
