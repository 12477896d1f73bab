"""The dry run shows what the workers would do, with exactly the keys of design 13."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from models.records import Address, Entity, Mail, Prediction, Reason
from workers.triage import triage, triage_as_json

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEYS = {
    "topic", "confidence", "decision", "probabilities", "reasons",
    "missing", "how_to", "subkind", "priority", "reply", "model",
}  # fmt: skip


def mail(**changes: object) -> Mail:
    values: dict[str, object] = {
        "from_": Address("Анна", "anna@shop.example"),
        "subject": "Карточка скрыта",
        "text": "Скрыли карточку, помогите, пожалуйста, вернуть её в продажу.",
        "language": "ru",
        "date_utc": NOW,
        **changes,
    }
    return Mail(**values)  # type: ignore[arg-type] # test table


def predicted(topic: str = "cards_moderation", *, sure: bool = True) -> Prediction:
    return Prediction(
        topic=topic,
        confidence=0.98 if sure else 0.4,
        sure=sure,
        threshold=0.9,
        probabilities={topic: 0.98},
        reasons=(Reason("скрыли карточку", 1.2, topic), Reason("другое", 0.1, "other")),
        model="m1",
    )


def as_json(one: Mail, prediction: Prediction) -> dict[str, object]:
    result = triage(one, "support@desk.example", prediction, now_utc=NOW)
    return triage_as_json({"file": "a.eml", "subject": one.subject}, result)


def test_sure_incomplete_mail() -> None:
    shown = as_json(mail(), predicted())
    assert set(shown) == KEYS | {"file", "subject"}
    assert (shown["decision"], shown["topic"], shown["model"]) == ("route", "cards_moderation", "m1")
    assert shown["missing"] == ["seller_id", "sku_ref"]
    assert shown["reasons"] == [{"text": "скрыли карточку", "weight": 1.2}]
    reply = shown["reply"]
    assert isinstance(reply, dict)
    assert set(reply) == {"language", "subject", "text"}
    assert reply["language"] == "ru"
    assert "ID продавца и SKU или артикул" in reply["text"]
    json.dumps(shown)


def test_entities_of_the_mail_count() -> None:
    sku = Entity(type="sku", text="160249683", value="160249683", where="body", start=0, end=9)
    assert as_json(mail(entities=(sku,)), predicted())["missing"] == ["seller_id"]


def test_unsure_mail_shows_the_best_topics_missing_list_but_asks_nothing() -> None:
    shown = as_json(mail(), predicted(sure=False))
    assert (shown["decision"], shown["missing"]) == ("review", ["seller_id", "sku_ref"])
    reply = shown["reply"]
    assert isinstance(reply, dict)
    assert "SKU" not in reply["text"]


@pytest.mark.parametrize(
    ("changes", "prediction", "decision", "topic"),
    [
        ({"kind": "out_of_office"}, predicted(), "auto", "other"),
        ({}, predicted("spam_phishing"), "quarantine", "spam_phishing"),
    ],
)
def test_what_is_never_answered(
    changes: dict[str, object], prediction: Prediction, decision: str, topic: str
) -> None:
    shown = as_json(mail(**changes), prediction)
    assert (shown["decision"], shown["topic"], shown["missing"], shown["reply"]) == (
        decision,
        topic,
        [],
        None,
    )


def test_empty_mail_is_answered_too() -> None:
    shown = as_json(mail(subject="", text="", language="unknown"), predicted("other"))
    reply = shown["reply"]
    assert isinstance(reply, dict)
    assert reply["language"] == "unknown"
