"""The serving model of a process: always the champion of the database, loaded once, swapped between batches.

A missing or damaged artefact never stops a mail: without a model every mail goes to review,
and the log and `razbor doctor` say what to do. What predicts is imported with the first champion:
the console holds a predictor, too, and never asks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from models.records import Prediction
from models.store import DATABASE_ERRORS, Db, Store, StoreError
from models.store.learning import ServingName, artefact_bytes, serving_name
from models.topics import OTHER, SLUGS

if TYPE_CHECKING:
    from classifier.documents import Document
    from classifier.model import Model

LOOK_EVERY_S = 2.0
NO_MODEL = "none"

log = structlog.get_logger(__name__)

_inherited: Final[dict[ServingName, Model]] = {}  # what this process got from the one that it was forked from


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
            version = serving_name(db)
            if version is None or version.name == self._name:
                return
            try:
                model = _inherited.get(version) or _loaded(db, version)
            except StoreError as error:
                self._name, self._model = version.name, None
                log.error("model refused", model=version.name, cause=str(error), effect="mails go to review")  # noqa: TRY400 - the message names the remedy, the traceback says nothing more
                return
        self._name, self._model = version.name, model  # only now: a database that fails is asked again
        _inherited.clear()  # a version that serves no more need not be kept
        log.info("model loaded", model=version.name)


def load_champion_before_fork(store: Store, texts: Sequence[str]) -> None:
    """Load the champion once for all processes that will be forked from this one, and let it read `texts`.

    They then share its memory and begin without loading. When it cannot be loaded now each of them tries
    for itself, and says so. The store's connections are the caller's to close before the fork.
    """
    from classifier.documents import Document

    try:
        with store.read() as db:
            version = serving_name(db)
            if version is not None:
                _inherited[version] = _loaded(db, version)
    except DATABASE_ERRORS as error:
        log.info("model not loaded before the fork", cause=str(error))
    for model in _inherited.values():
        model.predict([Document(text=text) for text in texts])


def _loaded(db: Db, version: ServingName) -> Model:
    """Load a version. Raises StoreError with the remedy for an artefact that is damaged or not kept."""
    from classifier.artifact import ArtifactError, load

    try:
        return load(artefact_bytes(db, version.name), version.sha256, name=version.name)
    except ArtifactError as error:
        raise StoreError(str(error)) from error


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
