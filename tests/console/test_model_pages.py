"""Versions in the console: order a training and see it end, promote, go back, unpin, read why in words."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from console.gate_words import gate_phrases
from console.wording import words_of
from models.store import StoreError
from models.store.learning import champion
from models.store.schema import AUDIT, MODEL_VERSION
from models.store.training_runs import (
    LONGEST,
    begin_ordered_training,
    is_training_ordered,
    newest_training,
    order_training,
)
from models.store.versions import pinned
from models.topics import topic_name
from tests.console.conftest import on_sqlite
from workers import retraining
from workers.training_orders import ordered_retrain
from workers.upkeep import sweep


def serving(desk) -> str:
    with desk.store.read() as db:
        found = champion(db)
    return found.name if found else ""


@on_sqlite
def test_an_ordered_training_is_told_from_order_to_end(web, school) -> None:
    desk = web.desk
    web.enter("lead")
    assert "There is no model yet" in web.get("/models").text
    assert ordered_retrain(desk.service) == "no training is ordered"
    assert web.post("/models/train").headers["location"] == "/models?said=training_ordered"
    assert web.post("/models/train").status_code == 409, "one at a time"
    assert 'hx-trigger="every 2s"' in web.get("/models").text
    assert sweep(desk.service, 5).training
    seen: list[str] = []
    school["during"] = lambda: seen.append(web.get("/models/training").text)
    assert ordered_retrain(desk.service).startswith("promoted")
    assert 'role="progressbar"' in seen[0]
    assert "Training: 0%" in seen[0]
    page = web.get("/models").text
    assert 'hx-trigger="every 2s"' not in page, "it asks no more once it ended"
    assert "The new version serves" in page
    assert "the first model that can be used" in page
    assert not sweep(desk.service, 0).training
    assert [row.action for row in desk.rows(AUDIT)] == ["train"]


@on_sqlite
def test_versions_are_promoted_gone_back_to_and_unpinned(web, school) -> None:
    desk = web.desk
    first = retraining.retrain(desk.store, target=0.98).model
    school["right"] = 95
    second = retraining.retrain(desk.store, target=0.97).model
    web.enter("lead")
    page = web.get(f"/models/{first}").text
    assert "−5%" in page, "against the serving one"
    assert web.post("/models/rollback", {"reason": "слишком смелая"}).status_code == 303
    assert serving(desk) == first
    page = web.get("/models").text
    assert f"gone back to from {second}: слишком смелая" in page
    assert "is pinned" in page
    assert web.post("/models/unpin").status_code == 303
    with desk.store.read() as db:
        assert pinned(db) == ""
    assert web.post(f"/models/{second}/promote").status_code == 303
    assert serving(desk) == second
    assert web.post("/models/nothing/promote").status_code == 409
    assert web.get("/models/nothing").status_code == 404
    assert [row.action for row in desk.rows(AUDIT)] == ["rollback", "unpin", "promote"]
    web.enter("operator")
    assert "Train now" not in web.get("/models").text


@on_sqlite
def test_a_report_runs_nothing_and_is_framed_here_only(web, school) -> None:
    name = retraining.retrain(web.desk.store, target=0.98).model
    web.enter("viewer")
    answer = web.get(f"/models/{name}/report")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<h1>Model" in answer.text
    assert "sandbox>" in web.get(f"/models/{name}").text
    with web.desk.store.write() as db:
        db.execute(MODEL_VERSION.update().values(report=""))
    assert web.get(f"/models/{name}/report").status_code == 404
    assert "<iframe" not in web.get(f"/models/{name}").text


def test_two_orders_at_once_are_one(desk) -> None:
    outcomes: list[str] = []

    def ask() -> None:
        try:
            with desk.store.write({"training order"}) as db:
                order_training(db, "anna", desk.now)
            outcomes.append("ordered")
        except StoreError:
            outcomes.append("refused")

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(20)
    assert sorted(outcomes) == ["ordered", "refused", "refused"]
    with desk.store.write({"training order"}) as db:
        assert begin_ordered_training(db, desk.now) is not None
        assert begin_ordered_training(db, desk.now) is None
        assert not is_training_ordered(db)
        later = desk.now + LONGEST + timedelta(minutes=1)
        told = newest_training(db, later)
        assert told is not None
        assert told.outcome == "lost", "its process is gone"
        order_training(db, "anna", later)  # and stands in nobody's way
        assert begin_ordered_training(db, later) is not None


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("promoted by hand", ["назначена вручную"]),
        (
            "no topic or language is significantly worse; frozen set 97.1%, was 96.9%",
            [
                "ни одна тема и ни один язык не стали значимо хуже",
                "постоянный набор: 97,1\u00a0%, было 96,9\u00a0%",
            ],
        ),
        (
            (
                "language zh fell from 95.0% to 92.1% of 310 mails; "
                "topic fines_appeals fell from 90.0% to 80.0% of 21 mails"
            ),
            [
                "китайский: упало с 95\u00a0% до 92,1\u00a0% на 310 письмах",
                "Штрафы и апелляции: упало с 90\u00a0% до 80\u00a0% на 21 письме",
            ],
        ),
        (
            (
                "labels of anna contradict 9 of 22 confident answers (others 0.4%): "
                "look at them before the model learns them"
            ),
            [
                (
                    "метки anna противоречат 9 из 22 уверенных ответов (у других 0,4\u00a0%): "
                    "посмотрите их до обучения"
                )
            ],
        ),
        ("topic api_technical 91.0%, was 90.0%", ["Наш API: 91\u00a0%, было 90\u00a0%"]),
        (
            "rolled back from m-2: live precision 91.0% of 40 audited mails is under 98%",
            ["возврат с m-2: верно только 91\u00a0% из 40 проверенных вслепую, обещано 98\u00a0%"],
        ),
        ("what somebody typed: {n} %s", ["what somebody typed: {n} %s"]),
        ("", []),
    ],
)
def test_the_gate_speaks_the_readers_language(note, said) -> None:
    names = {"api_technical": "Наш API"}
    assert gate_phrases(note, words_of("ru"), lambda slug: names.get(slug) or topic_name(slug, "ru")) == said
