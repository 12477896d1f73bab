"""The figures of `evaluate` are what they say."""

from __future__ import annotations

import pytest

from classifier.evaluate import Judged, calibration_error, figures, score_topics
from models.records import Prediction


def mail(gold: str, found: str, confidence: float, *, sure: bool, language: str = "ru") -> Judged:
    prediction = Prediction(topic=found, confidence=confidence, sure=sure, threshold=0.9)
    return Judged(topic=gold, language=language, prediction=prediction)


def test_figures_of_four_mails() -> None:
    found = score_topics(
        [
            mail("a", "a", 1.0, sure=True),
            mail("a", "b", 0.5, sure=False),
            mail("b", "b", 0.95, sure=True, language="zh"),
            mail("b", "a", 0.95, sure=True, language="zh"),
        ],
        target=0.98,
    )
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == 0.5
    assert found["coverage_at_target"] == 0.75
    assert found["precision_at_coverage"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["per_language"]["ru"]["coverage_at_target"] == 0.5
    assert found["confusion"] == {"a": {"a": 1, "b": 1}, "b": {"a": 1, "b": 1}}
    assert found["per_topic"]["a"] == {"n": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_calibration_error_of_known_cases() -> None:
    assert calibration_error([1.0, 1.0], [True, True]) == 0
    assert calibration_error([0.9] * 10, [True] * 5 + [False] * 5) == pytest.approx(0.4)


def test_a_topic_that_is_never_found_scores_zero() -> None:
    found = figures(["a", "b"], ["a", "a"], [0.5, 0.5], ["ru", "ru"])
    assert found["per_topic"]["b"]["f1"] == 0
    assert found["macro_f1"] == pytest.approx(1 / 3, abs=1e-4)


def test_no_mails_are_no_error() -> None:
    assert score_topics([], target=0.98)["coverage_at_target"] == 0.0
