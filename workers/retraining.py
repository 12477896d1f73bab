"""Training from corpus and labels, and the gate that a candidate must pass to serve.

In go the bundled corpus and the topics that people gave to stored mails; out comes a model
version with its report. Training runs in a child process (`workers.training_child`), one at a
time, by a duty row. A candidate becomes champion only if the gate lets it (`classifier.gate`);
unchanged data are not trained again. After a rollback nothing is promoted until a person does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from classifier.artifact import held_out_of
from classifier.dataset import Example, data_hash, default_corpus_paths, example_of_label, load_corpus
from classifier.gate import Answer, GateMail, Verdict, judge
from classifier.own_data import OwnDataError, load_folder
from classifier.report import write_report
from models.store import Db, Store
from models.store.jobs import finish_job, start_job
from models.store.learning import (
    Artefact,
    VersionInfo,
    add_version,
    champion,
    labelled_mails,
    note_version,
    promote,
    versions,
)
from models.store.leases import process_token, take_duty
from models.store.versions import drop_old_artefacts, pinned, set_report
from workers.live_precision import watch_live_precision
from workers.service import Service, utc_now
from workers.serving_version import ServingVersion, serving_version
from workers.training_child import Trained, TrainingError, train_apart

Progress = Callable[[float, str], None]

JOB = "retrain"
DUTY_S = 3600

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """How a training ended: `promoted`, `kept` (the champion stays), `unchanged`, `busy` or `failed`."""

    outcome: str
    model: str
    note: str


def training_examples(db: Db, more: Sequence[Example] = ()) -> list[Example]:
    """Collect the bundled corpus, every labelled mail, and examples of one's own; a later id wins."""
    examples = [*load_corpus(default_corpus_paths()), *map(example_of_label, labelled_mails(db)), *more]
    return list({example.id: example for example in examples}.values())


def retrain(
    store: Store, *, target: float, progress: Progress | None = None, more: Sequence[Example] = ()
) -> TrainingResult:
    """Train a candidate if the data changed, and promote it if the gate lets it."""
    holder = process_token()
    if not take_duty(store, JOB, holder, now_utc=utc_now(), hold_s=DUTY_S):
        return TrainingResult(outcome="busy", model="", note="another training is running")
    try:
        return _retrain(store, target, progress, more)
    finally:
        take_duty(store, JOB, holder, now_utc=utc_now() - timedelta(seconds=DUTY_S), hold_s=0)


def _retrain(
    store: Store, target: float, progress: Progress | None, more: Sequence[Example]
) -> TrainingResult:
    with store.read() as db:
        examples = training_examples(db, more)
        serving = champion(db)
        before = None if serving is None else serving_version(db, serving)
        made = versions(db)
    fingerprint = data_hash(examples)
    same = next((version for version in made if _same_recipe(version, fingerprint, target)), None)
    if before is not None and same is not None:
        note = f"the {len(examples)} examples are those of {same.name} ({same.state})"
        return TrainingResult(outcome="unchanged", model=same.name, note=note)
    trained = train_apart(examples, target=target, progress=progress)
    artefact = make_artefact(trained, examples, fingerprint, target)
    answers = held_out_of(artefact.data)
    verdict = gate(examples, answers, before)
    report = write_report(
        name=artefact.name,
        examples=examples,
        answers=answers,
        metrics=artefact.metrics,
        verdict=verdict,
        champion="" if serving is None else serving.name,
        target=target,
    )
    with store.write(["model"]) as db:
        add_version(db, artefact, now_utc=utc_now())
        set_report(db, artefact.name, report)
        is_promoted, note = _settle(db, artefact.name, verdict, pin=pinned(db) if before else "")
        drop_old_artefacts(db)
    log.info("trained", model=artefact.name, promoted=is_promoted, note=note)
    return TrainingResult(outcome="promoted" if is_promoted else "kept", model=artefact.name, note=note)


def _settle(db: Db, name: str, verdict: Verdict, *, pin: str) -> tuple[bool, str]:
    """Promote the candidate, or write down why not; `pin` is the version that a rollback pinned."""
    if verdict.passes and not pin:
        promote(db, name, verdict.reason, now_utc=utc_now())
        return True, verdict.reason
    note = verdict.reason
    if verdict.passes:
        note = f"{pin} is pinned since a rollback: `razbor models promote {name}` lets this one serve"
    note_version(db, name, note)
    return False, note


def make_artefact(trained: Trained, examples: Sequence[Example], fingerprint: str, target: float) -> Artefact:
    """Turn what a training gave into what is stored: bytes, checksum, figures, thresholds."""
    digest = hashlib.sha256(trained.data).hexdigest()
    moment = f"{utc_now():%Y%m%d-%H%M%S}"
    return Artefact(
        name=f"m-{moment}-{digest[:8]}",
        data=trained.data,
        sha256=digest,
        data_hash=fingerprint,
        example_count=len(examples),
        metrics=trained.metrics,
        parameters={**trained.parameters, "target": target},
        environment=trained.environment,
        threshold_set=trained.threshold_set,
        target=target,
        thresholds=trained.thresholds,
    )


def gate(
    examples: Sequence[Example], answers: Mapping[str, Answer], before: ServingVersion | None
) -> Verdict:
    """Judge a candidate against the champion on mails that neither had learnt when it answered."""
    if before is None:
        return Verdict(passes=True, reason="the first model that can be used", comparisons=())
    new = [example for example in examples if example.id not in before.answers]
    predictions = before.model.predict([example.document for example in new], with_reasons=False)
    old = before.answers | {
        example.id: Answer(one.topic, one.confidence, one.sure)
        for example, one in zip(new, predictions, strict=True)
    }
    mails = [
        GateMail(
            id=example.id,
            topic=example.topic,
            language=example.document.analyser,
            is_frozen=example.source == "corpus",
            author=example.author,
        )
        for example in examples
    ]
    return judge(mails, old, answers)


def nightly_retrain(service: Service) -> str:
    """Retrain once a night, however many schedulers ask; returns the outcome in words."""
    now = service.now()
    due = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with service.store.write([f"job:{JOB}"]) as db:
        if not start_job(db, JOB, due, now):
            return "already started tonight"
    watched = watch_live_precision(service.store, service.options.precision_target, now)
    if watched:
        log.warning("rolled back", cause=watched)
    try:
        more = load_folder(service.options.labelled_dir)
        result = retrain(service.store, target=service.options.precision_target, more=more)
    except (TrainingError, OwnDataError) as error:
        log.error("no training", cause=str(error))  # noqa: TRY400 - the message names the remedy
        result = TrainingResult(outcome="failed", model="", note=str(error))
    with service.store.write() as db:
        finish_job(db, JOB, due, f"{result.outcome}: {result.note}", service.now())
    return f"{result.outcome}: {result.note}"


def _same_recipe(version: VersionInfo, fingerprint: str, target: float) -> bool:
    return version.data_hash == fingerprint and version.parameters.get("target") == target
