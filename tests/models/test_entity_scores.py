"""The entity measure: what counts as right, per type and per language."""

from __future__ import annotations

import pytest

from models.entity_scores import Counts, score_entities
from models.records import Entity


def entity(kind: str, value: str = "") -> Entity:
    return Entity(type=kind, text=value, value=value, where="body", start=0, end=len(value))


def gold(kind: str, value: str = "") -> dict[str, str]:
    return {"type": kind, "text": value, "value": value}


def test_type_and_value_must_both_be_right() -> None:
    scores = score_entities(
        [
            (
                "ru",
                [gold("sku", "1"), gold("date", "2026-11-12"), gold("amount", "5.00 RUB")],
                [entity("sku", "1"), entity("date", "2026-11-13"), entity("order_number", "5.00 RUB")],
            )
        ]
    )
    assert (scores.micro.right, scores.micro.wrong, scores.micro.missed) == (1, 2, 2)
    assert scores.micro.f1 == pytest.approx(1 / 3)
    assert scores.per_type["sku"].f1 == 1.0
    assert scores.per_type["amount"].recall == 0.0


def test_blank_space_and_case_do_not_count_and_repeats_count_once() -> None:
    scores = score_entities(
        [
            (
                "zh",
                [gold("error_code", "access denied")],
                [entity("error_code", "Access Denied"), entity("error_code", "ACCESSDENIED")],
            )
        ]
    )
    assert (scores.micro.right, scores.micro.wrong, scores.micro.missed) == (1, 0, 0)


def test_secrets_match_by_their_number_in_one_mail() -> None:
    scores = score_entities([("en", [gold("secret", "x"), gold("secret", "y")], [entity("secret")])])
    assert (scores.micro.right, scores.micro.missed) == (1, 1)


def test_languages_are_counted_apart() -> None:
    scores = score_entities(
        [("ru", [gold("sku", "1")], [entity("sku", "1")]), ("en", [gold("sku", "2")], [])]
    )
    assert {name: counts.f1 for name, counts in scores.per_language.items()} == {"ru": 1.0, "en": 0.0}
    assert scores.as_json()["micro_f1"] == 0.6667


def test_nothing_found_and_nothing_wanted_is_zero_not_an_error() -> None:
    assert Counts().f1 == Counts().precision == Counts().recall == 0.0
    assert score_entities([]).as_json() == {"micro_f1": 0.0, "per_language": {}, "per_type": {}}
