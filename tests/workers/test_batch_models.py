"""The serving model and its retraining on both engines, with a model that answers without learning."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from classifier import artifact
from classifier.documents import Document
from models.store import Store
from models.store.learning import Artefact, add_label, add_version, champion, promote, versions
from models.store.schema import JOB_RUN, MODEL_VERSION, PREDICTION
from tests.workers.canned_training import CannedModel, canned_load
from workers import predictor, retraining
from workers.batch import read_batch
from workers.predictor import LOOK_EVERY_S, NO_MODEL, Predictor, load_champion_before_fork
from workers.service import Service
from workers.serving_version import has_usable_champion


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def put_champion(store: Store, name: str, desk: Any, macro_f1: float = 0.9) -> None:
    data = f"artefact of {name}".encode()
    artefact = Artefact(
        name=name,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        data_hash="d",
        metrics={"macro_f1": macro_f1},
        threshold_set=f"t-{name}",
    )
    with store.write(["model"]) as db:
        add_version(db, artefact, now_utc=desk.now)
        promote(db, name, "test", now_utc=desk.now)


def with_real_predictor(desk: Any, clock: Clock) -> Service:
    return Service(
        store=desk.store,
        options=desk.service.options,
        predictor=Predictor(desk.store, clock=clock),
        now=lambda: desk.now,
    )


def test_without_a_champion_mails_go_to_review(desk: Any) -> None:
    service = with_real_predictor(desk, Clock())
    desk.mail(message_id="1@shop.example")
    read_batch(service)
    assert desk.ends() == ["opened"]
    assert desk.tickets()[0].in_review
    assert service.predictor.model_name == NO_MODEL
    assert [row.model for row in desk.rows(PREDICTION)] == [NO_MODEL]


def test_a_damaged_artefact_is_refused_with_its_remedy_and_no_mail_is_lost(
    desk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put_champion(desk.store, "m-1", desk)
    with desk.store.write() as db:
        db.execute(update(MODEL_VERSION).values(artefact=b"Xrtefact of m-1"))
    clock = Clock()
    service = with_real_predictor(desk, clock)
    for n in range(3):
        desk.mail(sender=f"s{n}@shop.example", message_id=f"{n}@shop.example")
    read_batch(service)
    assert desk.ends() == ["opened"] * 3
    assert all(ticket.in_review for ticket in desk.tickets())
    said = capsys.readouterr().out
    assert "model refused" in said
    assert "razbor train" in said
    clock.s += LOOK_EVERY_S
    read_batch(service)
    assert "model refused" not in capsys.readouterr().out, "said once, not at every look"


def test_an_artefact_that_is_not_kept_is_refused_too(desk: Any) -> None:
    put_champion(desk.store, "m-1", desk)
    with desk.store.write() as db:
        db.execute(update(MODEL_VERSION).values(artefact=None))
    service = with_real_predictor(desk, Clock())
    desk.mail(message_id="1@shop.example")
    read_batch(service)
    assert desk.tickets()[0].in_review
    assert not has_usable_champion(desk.store)


def test_a_new_champion_serves_within_seconds_and_never_inside_a_batch(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "load", canned_load)
    put_champion(desk.store, "m-1", desk)
    clock = Clock()
    serving = Predictor(desk.store, clock=clock)
    serving.refresh()
    assert serving.model_name == "m-1"
    put_champion(desk.store, "m-2", desk)
    clock.s += LOOK_EVERY_S + 0.1
    assert {p.model for p in serving.predict([Document()] * 3)} == {"m-1"}, "only refresh looks"
    serving.refresh()
    assert {p.model for p in serving.predict([Document()] * 3)} == {"m-2"}


def test_a_database_that_fails_while_loading_is_asked_again(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "load", canned_load)
    put_champion(desk.store, "m-1", desk)
    clock = Clock()
    serving = Predictor(desk.store, clock=clock)
    serving.refresh()
    put_champion(desk.store, "m-2", desk)
    clock.s += LOOK_EVERY_S + 0.1

    def gone(*_: Any) -> bytes:
        raise OperationalError("x", {}, Exception("gone"))

    with monkeypatch.context() as failing:
        failing.setattr(predictor, "artefact_bytes", gone)
        with pytest.raises(OperationalError):
            serving.refresh()
    assert serving.model_name == "m-1", "what serves is what it says it is"
    clock.s += LOOK_EVERY_S + 0.1
    serving.refresh()
    assert serving.model_name == "m-2"


def label_a_mail(desk: Any, n: int) -> None:
    raw_id = desk.mail(f"label {n}", sender=f"l{n}@shop.example", message_id=f"l{n}@shop.example")
    desk.read()
    with desk.store.write() as db:
        add_label(db, raw_id, "technical", author="op", source="review", now_utc=desk.now)


def test_unchanged_data_are_not_trained_again_and_labels_change_them(
    desk: Any, school: dict[str, Any]
) -> None:
    first = retraining.retrain(desk.store, target=0.98)
    assert first.outcome == "promoted"
    assert retraining.retrain(desk.store, target=0.98).outcome == "unchanged"
    assert school["count"] == 1
    label_a_mail(desk, 1)
    assert retraining.retrain(desk.store, target=0.98).outcome == "promoted"
    assert retraining.retrain(desk.store, target=0.95).outcome == "promoted", (
        "another target, other thresholds"
    )
    with desk.store.read() as db:
        assert [version.state for version in versions(db)] == ["champion", "retired", "retired"]


def test_the_gate_keeps_a_worse_candidate_out(desk: Any, school: dict[str, Any]) -> None:
    first = retraining.retrain(desk.store, target=0.98)
    label_a_mail(desk, 1)
    school["right"] = 80
    worse = retraining.retrain(desk.store, target=0.98)
    assert worse.outcome == "kept"
    assert "frozen set fell from 90.0% to 80.0%" in worse.note
    with desk.store.read() as db:
        serving = champion(db)
        assert serving is not None
        assert serving.name == first.model
        assert [version.state for version in versions(db)] == ["candidate", "champion"]
    again = retraining.retrain(desk.store, target=0.98)
    assert again.outcome == "unchanged", "a refused candidate is not made anew every night"
    assert again.note.endswith("(candidate)")


def test_a_champion_that_cannot_be_loaded_is_replaced_even_by_a_worse_one(
    desk: Any, school: dict[str, Any]
) -> None:
    retraining.retrain(desk.store, target=0.98)
    with desk.store.write() as db:
        db.execute(update(MODEL_VERSION).values(artefact=b"damaged"))
    school["right"] = 50
    assert retraining.retrain(desk.store, target=0.98).outcome == "promoted"
    assert has_usable_champion(desk.store)


def test_a_second_training_at_the_same_time_is_told_busy(desk: Any, school: dict[str, Any]) -> None:
    outcomes: list[str] = []

    def second() -> None:
        other = threading.Thread(
            target=lambda: outcomes.append(retraining.retrain(desk.store, target=0.98).outcome)
        )
        other.start()
        other.join()

    school["during"] = second
    assert retraining.retrain(desk.store, target=0.98).outcome == "promoted"
    assert outcomes == ["busy"]
    school["during"] = lambda: None
    assert retraining.retrain(desk.store, target=0.98).outcome == "unchanged", "the duty was given back"


def test_a_training_that_fails_gives_the_duty_back(desk: Any, school: dict[str, Any]) -> None:
    def failing() -> None:
        raise MemoryError

    school["during"] = failing
    with pytest.raises(MemoryError):
        retraining.retrain(desk.store, target=0.98)
    school["during"] = lambda: None
    assert retraining.retrain(desk.store, target=0.98).outcome == "promoted"


def test_the_nightly_retraining_runs_once_a_night(desk: Any, school: dict[str, Any]) -> None:
    assert retraining.nightly_retrain(desk.service).startswith("promoted")
    desk.pass_time(3600)
    assert retraining.nightly_retrain(desk.service) == "already started tonight"
    assert school["count"] == 1
    desk.now += timedelta(days=1)
    assert retraining.nightly_retrain(desk.service).startswith("unchanged")
    jobs = desk.rows(JOB_RUN)
    assert len(jobs) == 2
    assert all(job.finished_at_utc is not None and job.result for job in jobs)


def test_what_was_loaded_before_the_fork_is_not_loaded_again(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def counted(data: bytes, sha256: str, *, name: str = "") -> CannedModel:
        loaded.append(name)
        return canned_load(data, sha256, name=name)

    monkeypatch.setattr(artifact, "load", counted)
    put_champion(desk.store, "m-1", desk)
    load_champion_before_fork(desk.store, ["поставка"])
    children = [Predictor(desk.store, clock=Clock()) for _ in range(2)]
    children[0].refresh()
    assert children[0].model_name == "m-1"
    assert loaded == ["m-1"]
    put_champion(desk.store, "m-2", desk)
    children[1].refresh()
    assert children[1].model_name == "m-2", "another champion than the inherited one is loaded as ever"


def test_a_database_that_cannot_be_asked_before_the_fork_stops_no_worker(desk: Any) -> None:
    with desk.store.write() as db:
        db.execute(text("ALTER TABLE model_version RENAME TO gone"))
    load_champion_before_fork(desk.store, ["поставка"])
    with desk.store.write() as db:
        db.execute(text("ALTER TABLE gone RENAME TO model_version"))
    put_champion(desk.store, "m-1", desk)
    serving = Predictor(desk.store, clock=Clock())
    serving.refresh()
    assert serving.model_name == NO_MODEL, "its artefact is no real one"
