"""Versions and labels over time on both engines: the way back, the audit share, what people are shown."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from models.store import Store, StoreError
from models.store.learning import (
    Artefact,
    add_label,
    add_version,
    champion,
    labelled_mails,
    promote,
    versions,
)
from models.store.review import is_hidden, live_precision, review_rows
from models.store.schema import LABEL, MESSAGE, MODEL_VERSION, POLICY, PREDICTION
from models.store.versions import KEPT, drop_old_artefacts, pinned, promote_by_hand, rollback, set_pin
from workers import retraining
from workers.audit_share import AUDIT_SHARE, is_audited
from workers.drift_watch import drift_of
from workers.live_precision import LEAST_LABELLED, watch_live_precision


def put_version(store: Store, name: str, desk: Any, **metrics: Any) -> None:
    data = name.encode()
    with store.write(["model"]) as db:
        add_version(
            db,
            Artefact(
                name=name,
                data=data,
                sha256=hashlib.sha256(data).hexdigest(),
                data_hash="d",
                metrics=metrics,
                threshold_set=f"t-{name}",
            ),
            now_utc=desk.now,
        )
        promote(db, name, "test", now_utc=desk.now)
    desk.pass_time(60)


def serving(store: Store) -> str:
    with store.read() as db:
        found = champion(db)
        assert found is not None
        return found.name


def test_a_rollback_pins_until_somebody_promotes(desk: Any) -> None:
    for name in ("m-1", "m-2", "m-3"):
        put_version(desk.store, name, desk)
    with desk.store.write(["model"]) as db:
        assert rollback(db, "worse on returns", now_utc=desk.now) == "m-2"
        assert pinned(db) == "m-2"
    assert serving(desk.store) == "m-2"
    with desk.store.read() as db:
        assert "worse on returns" in next(v.note for v in versions(db) if v.name == "m-2")
    with desk.store.write(["model"]) as db:
        promote_by_hand(db, "m-1", now_utc=desk.now)
        assert pinned(db) == ""
    assert serving(desk.store) == "m-1"
    assert len([row for row in desk.rows(POLICY) if row.name == "model_pin"]) == 2, "its history is kept"


def test_there_is_nothing_before_the_first(desk: Any) -> None:
    put_version(desk.store, "m-1", desk)
    with pytest.raises(StoreError, match="no earlier version"), desk.store.write(["model"]) as db:
        rollback(db, "x", now_utc=desk.now)


def test_champion_and_the_last_five_artefacts_are_kept(desk: Any) -> None:
    for number in range(8):
        put_version(desk.store, f"m-{number}", desk)
    with desk.store.write() as db:
        assert drop_old_artefacts(db) == 8 - 1 - KEPT
    kept = {row.name for row in desk.rows(MODEL_VERSION) if row.artefact is not None}
    assert kept == {f"m-{number}" for number in range(2, 8)}
    with pytest.raises(StoreError, match="no longer kept"), desk.store.write() as db:
        promote_by_hand(db, "m-0", now_utc=desk.now)


def test_the_audit_share_is_drawn_from_routed_mail_and_changes_nothing(desk: Any) -> None:
    for n in range(40):
        text = "вопрос unsure" if n % 4 == 0 else "Поставка принята не вся"
        desk.mail(f"{text} {n}", sender=f"s{n}@shop.example", message_id=f"{n}@shop.example")
    desk.read()
    rows = desk.rows(PREDICTION)
    drawn = {row.raw_id for row in rows if row.audit}
    routed = {row.raw_id for row in rows if row.decision == "route"}
    key = desk.service.options.signing_key
    assert drawn == {raw_id for raw_id in routed if is_audited(raw_id, key)}
    assert routed - drawn
    with desk.store.read() as db:
        shown = review_rows(db, 100)
        assert {row.raw_id for row in shown if row.is_audit} == drawn
        assert all(row.topics == () and row.margin is None for row in shown if row.is_audit)
        assert all(is_hidden(db, raw_id) for raw_id in drawn)
    share = sum(is_audited(n, key) for n in range(20_000)) / 20_000
    assert abs(share - AUDIT_SHARE) < 0.01


def test_the_smallest_margin_is_shown_first(desk: Any) -> None:
    margins = [0.4, 0.05, 0.2]
    for n, margin in enumerate(margins):
        raw_id = desk.mail(f"unsure {n}", sender=f"s{n}@shop.example", message_id=f"{n}@shop.example")
        desk.read()
        with desk.store.write() as db:
            db.execute(update(PREDICTION).where(PREDICTION.c.raw_id == raw_id).values(margin=margin))
    with desk.store.read() as db:
        shown = review_rows(db, 10)
    assert [row.margin for row in shown] == sorted(margins)
    assert all(len(row.topics) == 3 for row in shown)


def audited(desk: Any, model: str, right: int, wrong: int) -> None:
    with desk.store.write() as db:
        for n in range(right + wrong):
            raw_id = 1000 + n
            db.execute(
                insert(PREDICTION).values(
                    raw_id=raw_id,
                    topic="fines_appeals",
                    confidence=0.99,
                    sure=True,
                    threshold=0.9,
                    decision="route",
                    probabilities={},
                    reasons=[],
                    also_topics=[],
                    spam_probability=0.0,
                    model=model,
                    threshold_set="t",
                    margin=0.9,
                    audit=True,
                    unseen_share=0.0,
                    created_at_utc=desk.now,
                )
            )
            topic = "fines_appeals" if n < right else "api_technical"
            add_label(db, raw_id, topic, author="op", source="audit", now_utc=desk.now)


def test_a_broken_promise_rolls_back_by_itself(desk: Any) -> None:
    put_version(desk.store, "m-1", desk)
    put_version(desk.store, "m-2", desk)
    audited(desk, "m-2", LEAST_LABELLED - 5, 5)
    with desk.store.read() as db:
        assert live_precision(db, "m-2").share == pytest.approx(25 / 30)
    said = watch_live_precision(desk.store, 0.98, desk.now)
    assert said.startswith("m-1 serves again: live precision 83.3% of 30 audited mails")
    assert serving(desk.store) == "m-1"
    assert watch_live_precision(desk.store, 0.98, desk.now) == "", "pinned: not again"


def test_a_kept_promise_stays(desk: Any) -> None:
    put_version(desk.store, "m-1", desk)
    put_version(desk.store, "m-2", desk)
    audited(desk, "m-2", 59, 1)
    assert watch_live_precision(desk.store, 0.98, desk.now) == ""
    assert serving(desk.store) == "m-2"


def test_a_purged_mail_teaches_nothing(desk: Any) -> None:
    raw_id = desk.mail("письмо", message_id="1@shop.example")
    desk.read()
    with desk.store.write() as db:
        add_label(db, raw_id, "fines_appeals", author="op", source="review", now_utc=desk.now)
        (mail,) = labelled_mails(db)
        assert mail.author == "op"
        db.execute(update(MESSAGE).values(text="", subject="", purged_at_utc=desk.now))
        assert labelled_mails(db) == []
        assert db.scalar(select(LABEL.c.active)) is True


def test_after_a_rollback_a_good_candidate_waits_for_a_person(desk: Any, school: dict[str, Any]) -> None:
    first = retraining.retrain(desk.store, target=0.98)
    with desk.store.write(["model"]) as db:
        set_pin(db, first.model, now_utc=desk.now)
    school["right"] = 95
    second = retraining.retrain(desk.store, target=0.97)
    assert second.outcome == "kept"
    assert f"razbor models promote {second.model}" in second.note
    assert serving(desk.store) == first.model


def test_drift_is_told_of_the_serving_version_alone(desk: Any) -> None:
    assert drift_of(desk.store, desk.now) is None
    profile = {"topics": {"other": 9}, "languages": {"zh": 9}, "confidence": [0] * 7, "unseen_share": 0.0}
    put_version(desk.store, "m-stub", desk, profile=profile)
    desk.mail("Поставка принята не вся", message_id="1@shop.example")
    desk.read()
    found = drift_of(desk.store, desk.now + timedelta(minutes=1))
    assert found is not None
    assert found["mails"] == 1
    assert found["alerts"] == [], "one mail tells nothing"
