"""Thresholds keep the promise on data that did not choose them, and never promise without evidence."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.thresholds import (
    NEVER,
    Judged,
    ThresholdSet,
    choose_thresholds,
    coverage,
    lower_bound,
    upper_bound,
)
from models.topics import LANGUAGES, SPAM


def calibrated_mails(count: int, seed: int, *, topic: str = "a") -> list[Judged]:
    """Make mails that are right as often as their confidence says."""
    rng = np.random.default_rng(seed)
    confidences = 1 - rng.beta(0.4, 2.5, count)
    return [
        Judged(float(c), bool(rng.random() < c), LANGUAGES[i % 3], topic) for i, c in enumerate(confidences)
    ]


@pytest.mark.parametrize(
    ("right", "count", "bound"),
    [(149, 149, 0.9801), (100, 100, 0.9705), (95, 100, 0.8977), (0, 10, 0.0)],
)
def test_clopper_and_pearson(right: int, count: int, bound: float) -> None:
    assert lower_bound(right, count) == pytest.approx(bound, abs=2e-4)
    assert upper_bound(count - right, count) == pytest.approx(1 - bound, abs=2e-4)


def test_the_promise_holds_on_new_mails() -> None:
    broken = 0
    for seed in range(20):
        thresholds = choose_thresholds(calibrated_mails(1500, seed), 0.95)
        share, precision = coverage(calibrated_mails(4000, 1000 + seed), thresholds)
        assert share > 0.3
        broken += precision < 0.95
    assert broken <= 4  # a 95 % bound may fail in one of twenty; chance adds some


def test_a_language_without_mails_is_never_routed() -> None:
    mails = [one for one in calibrated_mails(1500, 1) if one.language != "zh"]
    thresholds = choose_thresholds(mails, 0.95)
    assert thresholds.of("zh") == NEVER
    assert thresholds.of("ru") < 1
    assert thresholds.of("unknown") == NEVER  # the strictest


def test_too_few_mails_promise_nothing() -> None:
    assert set(choose_thresholds(calibrated_mails(60, 1), 0.98).per_language.values()) == {NEVER}


def test_a_bad_topic_needs_more_and_the_others_do_not() -> None:
    good = calibrated_mails(3000, 1)
    bad = [
        Judged(one.confidence, i % 8 > 0, one.language, "bad")
        for i, one in enumerate(calibrated_mails(400, 2))
    ]
    thresholds = choose_thresholds([*good, *bad], 0.95)
    assert thresholds.of("ru", "bad") > thresholds.of("ru", "a")
    assert "a" not in thresholds.per_topic


def test_a_topic_with_few_examples_is_for_review_only() -> None:
    thresholds = choose_thresholds(calibrated_mails(1500, 1), 0.95, {"a": 500, "new": 6})
    assert thresholds.of("ru", "new") == NEVER
    assert not thresholds.is_sure(language="ru", topic="new", confidence=0.9999, spam_probability=0)


def test_quarantine_spares_genuine_mail() -> None:
    rng = np.random.default_rng(1)
    mails = calibrated_mails(1500, 1)
    mails += [Judged(0.9, True, "ru", SPAM, float(p)) for p in rng.uniform(0.6, 1.0, 100)]
    mails += [Judged(0.6, False, "ru", SPAM, float(p)) for p in rng.uniform(0.3, 0.7, 30)]
    bar = choose_thresholds(mails, 0.98).spam
    taken = [one for one in mails if one.topic == SPAM and one.spam_probability >= bar]
    assert 0.6 < bar < 0.75
    assert sum(not one.right for one in taken) <= 2
    thresholds = ThresholdSet(0.98, {}, {}, bar)
    assert thresholds.is_sure(language="ru", topic=SPAM, confidence=0.1, spam_probability=0.99)
    assert not thresholds.is_sure(language="ru", topic=SPAM, confidence=0.99, spam_probability=0.1)


def test_the_name_says_the_content() -> None:
    first = ThresholdSet(0.98, {"ru": 0.9}, {"a": 0.95}, 0.7)
    assert ThresholdSet.from_json(first.as_json()) == first
    assert first.name != ThresholdSet(0.98, {"ru": 0.91}, {"a": 0.95}, 0.7).name
