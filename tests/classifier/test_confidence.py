"""Calibrated probabilities: honest on average, whole, and in the order of the scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.confidence import (
    SIGNALS,
    Calibration,
    confidence_of,
    fit_calibration,
    probabilities_of,
    scoped,
    softmax,
    spam_probability,
)
from classifier.evaluate import calibration_error
from classifier.evidence import Evidence
from classifier.scope import SCOPE_SIGNALS, ScopeDetector
from classifier.verdicts import Answers, verdict_of, verdicts_of
from models.topics import OTHER, SLUGS, SPAM

SCORES = st.lists(st.floats(-3, 3), min_size=2, max_size=14).map(np.array)


@given(SCORES, st.floats(0.51, 0.9999))
def test_probabilities_are_whole_and_keep_the_order(scores: np.ndarray, confidence: float) -> None:
    shares = probabilities_of(scores[None], np.array([confidence]))[0]
    assert shares.sum() == pytest.approx(1)
    order = np.argsort(-scores, kind="stable")
    assert (np.diff(shares[order]) <= 1e-12).all()
    ranked = np.sort(scores)
    if ranked[-1] - ranked[-2] > 1e-3:  # scores that tie share what there is
        assert shares.max() == pytest.approx(confidence, abs=1e-6)


def evidence_of(scores: np.ndarray) -> Evidence:
    count = len(scores)
    return Evidence(scores, scores, scores, ("ru",) * count, np.full(count, 40), np.full(count, 0.1))


def some_evidence(count: int, seed: int) -> tuple[Evidence, np.ndarray, np.ndarray]:
    """Make mails whose scores are the truth's with noise, so that the margin tells how sure one may be."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, count)
    scores = rng.normal(-0.8, 0.35, (count, 5))
    scores[np.arange(count), truth] += rng.choice([0.3, 1.4], count)
    return evidence_of(scores), truth, scores


ROW = st.lists(st.floats(-4, 3), min_size=14, max_size=14)


@given(ROW, ROW, ROW, st.sampled_from(["ru", "zh", "en", "unknown"]), st.integers(0, 900), st.floats(0, 1))
def test_a_mail_alone_is_judged_like_one_of_many(
    scores: list[float], linear: list[float], network: list[float], language: str, words: int, unseen: float
) -> None:
    """Served in plain floats, in training as one of many: the same answer."""
    scope = ScopeDetector(SLUGS.index(OTHER), tuple(0.3 * n - 1 for n in range(SCOPE_SIGNALS)), -0.4, 0.7)
    weights = tuple(0.5 - 0.1 * number for number in range(len(SIGNALS)))
    calibration = Calibration(weights, -0.3, 2.5, 3.0, 1.5, -0.2, scope=scope)
    alone = verdict_of(Answers(scores, linear, network, language, words, unseen), calibration, SLUGS)
    both, machine, net = (np.array([row, row]) for row in (scores, linear, network))
    two = Evidence(both, machine, net, (language,) * 2, np.full(2, words), np.full(2, unseen))
    for many in verdicts_of(two, calibration, SLUGS):
        assert alone.scores == pytest.approx(many.scores, abs=1e-9)
        assert alone.confidence == pytest.approx(many.confidence, abs=1e-9)
        assert alone.spam == pytest.approx(many.spam, abs=1e-9)
        assert alone.probabilities == pytest.approx(many.probabilities, abs=1e-9)


def test_confidence_is_calibrated_on_new_mails() -> None:
    evidence, truth, _ = some_evidence(3000, 1)
    topics = ["a", "b", "c", "d", SPAM]
    calibration = fit_calibration(evidence, truth, [frozenset()] * len(truth), topics)
    new, new_truth, scores = some_evidence(3000, 2)
    confidences = confidence_of(calibration, new).tolist()
    right = list(scores.argmax(axis=1) == new_truth)
    assert calibration_error(confidences, right) < 0.045
    plain = softmax(scores, 1.0).max(axis=1)
    assert calibration_error(list(plain), right) > 0.1


def test_spam_probability_follows_the_spam_score() -> None:
    evidence, truth, _ = some_evidence(2000, 3)
    topics = ["a", "b", "c", "d", SPAM]
    calibration = fit_calibration(evidence, truth, [frozenset()] * len(truth), topics)
    found = spam_probability(calibration, evidence, topics)
    assert found[truth == 4].mean() > 0.5
    assert found[truth != 4].mean() < 0.15
    assert not spam_probability(calibration, evidence, ["a", "b", "c", "d", "e"]).any()


def test_without_mistakes_there_is_nothing_to_learn() -> None:
    evidence, _, scores = some_evidence(50, 4)
    calibration = fit_calibration(evidence, scores.argmax(axis=1), [frozenset()] * 50, list("abcde"))
    assert (confidence_of(calibration, evidence) > 0.9).all()


def test_a_second_topic_is_named_only_where_labels_named_it() -> None:
    evidence, truth, scores = some_evidence(2000, 5)
    second = np.argsort(-scores, axis=1)[:, 1]
    asked = [frozenset({int(t)}) if s[t] > -0.2 else frozenset() for t, s in zip(second, scores, strict=True)]
    bar = fit_calibration(evidence, truth, asked, list("abcde")).also_bar
    assert -0.8 < bar < 0.2
    never = fit_calibration(evidence, scores.argmax(axis=1), [frozenset()] * 2000, list("abcde")).also_bar
    assert never > 100


def test_confidence_is_never_below_chance() -> None:
    calibration = Calibration((0.0,) * len(SIGNALS), -20.0, 4.0)
    assert confidence_of(calibration, evidence_of(np.zeros((1, 4))))[0] > 0.25


def test_out_of_scope_is_found_where_nothing_claims_the_mail() -> None:
    """Mails of `other` have no score of their own that stands out; that nothing else does gives them away."""
    rng = np.random.default_rng(7)
    count, topics = 3000, ["a", "b", "c", OTHER]
    truth = rng.integers(0, 4, count)
    linear = rng.normal(-0.9, 0.15, (count, 4))
    inside = truth != 3
    linear[np.flatnonzero(inside), truth[inside]] += rng.choice([0.4, 1.6], inside.sum(), p=[0.05, 0.95])
    evidence = evidence_of(linear)
    scope = fit_calibration(evidence, truth, [frozenset()] * count, topics).scope
    assert scope is not None
    found = scoped(evidence, scope, 4.0).scores.argmax(axis=1)
    plain = linear.argmax(axis=1)
    assert (plain[~inside] == 3).mean() < 0.4
    assert (found[~inside] == 3).mean() > 0.6
    lost = (plain == truth)[inside].mean() - (found == truth)[inside].mean()
    assert lost <= 0.0085


def test_few_mails_of_other_make_no_detector() -> None:
    evidence, truth, _ = some_evidence(200, 8)
    truth = np.where(truth == 4, 0, truth)
    assert fit_calibration(evidence, truth, [frozenset()] * 200, ["a", "b", "c", "d", OTHER]).scope is None
