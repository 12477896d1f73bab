"""Training from corpus and labels, and the gate that a candidate must pass to serve.

In go the bundled corpus and the topics that people gave to stored mails; out comes a model
version. A candidate becomes champion only if its cross-fitted figures are not worse than the
champion's; unchanged data are not trained again. One training at a time, by a duty row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from classifier.artifact import ArtifactError, dump, load
from classifier.dataset import Example, data_hash, default_corpus_paths, example_of_label, load_corpus
from classifier.train import TrainedModel, train
from models.store import Db, Store, StoreError
from models.store.jobs import finish_job, start_job
from models.store.learning import (
    Artefact,
    VersionInfo,
    add_version,
    artefact_bytes,
    champion,
    labelled_mails,
    note_version,
    promote,
)
from models.store.leases import process_token, take_duty
from workers.service import Service, utc_now

Progress = Callable[[float, str], None]

JOB = "retrain"
DUTY_S = 3600
TOLERANCE = 0.005  # macro F1 that a candidate may lose to chance between two cross-fits

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """How a training ended: `promoted`, `kept` (the champion stays), `unchanged` or `busy`."""

    outcome: str
    model: str
    note: str


def training_examples(db: Db) -> list[Example]:
    """Collect the bundled corpus and every labelled mail."""
    examples = list(load_corpus(default_corpus_paths()))
    examples += [example_of_label(mail) for mail in labelled_mails(db)]
    return examples


def retrain(store: Store, *, target: float, progress: Progress | None = None) -> TrainingResult:
    """Train a candidate if the data changed, and promote it if it is not worse."""
    holder = process_token()
    if not take_duty(store, JOB, holder, now_utc=utc_now(), hold_s=DUTY_S):
        return TrainingResult(outcome="busy", model="", note="another training is running")
    try:
        return _retrain(store, target, progress)
    finally:
        take_duty(store, JOB, holder, now_utc=utc_now() - timedelta(seconds=DUTY_S), hold_s=0)


def _retrain(store: Store, target: float, progress: Progress | None) -> TrainingResult:
    with store.read() as db:
        examples = training_examples(db)
        serving = champion(db)
        usable = serving is not None and _loads(db, serving)
    fingerprint = data_hash(examples)
    if serving is not None and usable and _same_recipe(serving, fingerprint, target):
        note = f"the {len(examples)} examples are those of {serving.name}"
        return TrainingResult(outcome="unchanged", model=serving.name, note=note)
    trained = train(examples, progress=progress, target=target)
    artefact = make_artefact(trained, examples, fingerprint, target)
    with store.write(["model"]) as db:
        add_version(db, artefact, now_utc=utc_now())
        better, note = gate(artefact, serving if usable else None)
        if better:
            promote(db, artefact.name, note, now_utc=utc_now())
        else:
            note_version(db, artefact.name, note)
    log.info("trained", model=artefact.name, promoted=better, note=note)
    return TrainingResult(outcome="promoted" if better else "kept", model=artefact.name, note=note)


def make_artefact(
    trained: TrainedModel, examples: Sequence[Example], fingerprint: str, target: float
) -> Artefact:
    """Turn a trained model into what is stored: bytes, checksum, figures, thresholds."""
    data = dump(trained)
    digest = hashlib.sha256(data).hexdigest()
    moment = f"{utc_now():%Y%m%d-%H%M%S}"
    return Artefact(
        name=f"m-{moment}-{digest[:8]}",
        data=data,
        sha256=digest,
        data_hash=fingerprint,
        example_count=len(examples),
        metrics=trained.metrics,
        parameters={**trained.parameters, "target": target},
        environment=trained.environment,
        threshold_set=trained.thresholds.name,
        target=target,
        thresholds=trained.thresholds.as_json(),
    )


def gate(candidate: Artefact, serving: VersionInfo | None) -> tuple[bool, str]:
    """Decide whether a candidate may serve, and say why."""
    if serving is None:
        return True, "the first model that can be used"
    new, old = float(candidate.metrics["macro_f1"]), float(serving.metrics.get("macro_f1", 0.0))
    if new + TOLERANCE < old:
        return False, f"cross-fitted macro F1 fell from {old:.3f} to {new:.3f}"
    return True, f"cross-fitted macro F1 {new:.3f}, was {old:.3f}"


def nightly_retrain(service: Service) -> str:
    """Retrain once a night, however many schedulers ask; returns the outcome in words."""
    now = service.now()
    due = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with service.store.write([f"job:{JOB}"]) as db:
        if not start_job(db, JOB, due, now):
            return "already started tonight"
    result = retrain(service.store, target=service.options.precision_target)
    with service.store.write() as db:
        finish_job(db, JOB, due, f"{result.outcome}: {result.note}", service.now())
    return f"{result.outcome}: {result.note}"


def _loads(db: Db, version: VersionInfo) -> bool:
    try:
        load(artefact_bytes(db, version.name), version.sha256)
    except (ArtifactError, StoreError):
        return False
    return True


def _same_recipe(version: VersionInfo, fingerprint: str, target: float) -> bool:
    return version.data_hash == fingerprint and version.parameters.get("target") == target


def has_usable_champion(store: Store) -> bool:
    """Tell whether a model serves whose artefact can be loaded."""
    with store.read() as db:
        serving = champion(db)
        return serving is not None and _loads(db, serving)
