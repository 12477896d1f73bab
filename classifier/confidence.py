"""From scores to probabilities: that the first topic is right, that a mail is spam.

In go the scores that a model gave to mails it was not trained on; out comes a `Calibration`.
The first is a logistic regression on how clearly the first topic stands out (its score, the
gaps below it, entropy, what the linear member alone says, share of unseen words, length,
language). A temperature alone leaves the stated confidence three to thirteen points off on
public data; this one leaves about one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.evidence import Evidence, Scores
from classifier.logistic import fit_logistic, logistic
from classifier.scope import ScopeDetector, fit_scope
from models.topics import LANGUAGES, SPAM

SIGNALS: Final = (
    "first",
    "margin",
    "third_gap",
    "entropy",
    "linear_own",
    "linear_margin",
    "linear_agrees",
    "unseen",
    "log_words",
    *LANGUAGES,
)
LANGUAGE_SIGNALS: Final = {name: tuple(float(one == name) for one in LANGUAGES) for name in LANGUAGES}
OTHER_LANGUAGE: Final = (0.0,) * len(LANGUAGES)
_SHARPNESSES: Final = np.geomspace(0.5, 12.0, 40)
SURE: Final = 0.9999  # no confidence is shown above this
_SHARPEST: Final = 1e6  # where scores tie, no sharpness gives the first more than its share
_NEWTON_STEPS: Final = 60
_SMALL_STEP: Final = 1e-6  # Newton's error is squared by a step: behind this one it is below 1e-9
_NEVER: Final = 1e9  # above every score
ALSO_PRECISION: Final = 0.6  # of the second topics that are named, the share that the labels name too
_LEAST_ALSO: Final = 10  # second topics that the bar must have been met with


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the signals, of the spam gap, and the bar that the score of a second topic must clear."""

    weights: tuple[float, ...]
    intercept: float
    sharpness: float  # of the softmax that entropy is taken of
    spam_slope: float = 4.0  # of how far spam stands above the best of the others
    spam_own: float = 0.0  # of what the linear member says of spam against all else
    spam_intercept: float = 0.0
    also_bar: float = _NEVER
    scope: ScopeDetector | None = None


def softmax(scores: Scores, sharpness: float | Scores) -> Scores:
    """Turn scores into shares that sum to 1 along the last axis; the sharper, the more for the first."""
    raised: Scores = scores - scores.max(axis=-1, keepdims=True)
    raised *= sharpness
    np.exp(raised, out=raised)
    raised /= raised.sum(axis=-1, keepdims=True)
    return raised


def signals_of(evidence: Evidence, sharpness: float) -> Scores:
    """Return the signals, a row per mail, in the order of SIGNALS."""
    scores, linear = evidence.scores, np.sort(evidence.linear, axis=1)
    ranked = np.sort(scores, axis=1)
    first = scores.argmax(axis=1)
    best = (np.arange(len(evidence)), first)
    shares = softmax(scores, sharpness)
    signals = np.empty((len(evidence), len(SIGNALS)))
    signals[:, 0] = ranked[:, -1]
    signals[:, 1] = ranked[:, -1] - ranked[:, -2]
    signals[:, 2] = ranked[:, -2] - ranked[:, max(-3, -ranked.shape[1])]
    signals[:, 3] = -(shares * np.log(shares + 1e-12)).sum(axis=1)
    signals[:, 4] = evidence.linear[best]
    signals[:, 5] = linear[:, -1] - linear[:, -2]
    signals[:, 6] = signals[:, 4] == linear[:, -1]
    signals[:, 7] = evidence.unseen_shares
    signals[:, 8] = np.log1p(evidence.words)
    signals[:, 9:] = [LANGUAGE_SIGNALS.get(name, OTHER_LANGUAGE) for name in evidence.languages]
    return signals


def confidence_of(calibration: Calibration, evidence: Evidence) -> Scores:
    """Return per mail the probability that the topic with the highest score is right."""
    signals = signals_of(evidence, calibration.sharpness)
    chance = 1.0 / evidence.scores.shape[1]
    raw = logistic(calibration.intercept + (signals * calibration.weights).sum(axis=1))
    return np.asarray(np.minimum(np.maximum(raw, chance + 1e-6), SURE))


def probabilities_of(scores: Scores, confidences: Scores) -> Scores:
    """Return probabilities of all topics: softmaxes whose sharpness gives the first one its confidence.

    So those of a mail sum to 1, keep the order of the scores, and the first equals what is promised.
    """
    below = np.sort(scores, axis=1)[:, ::-1]
    below = below[:, 1:] - below[:, :1]
    return softmax(scores, _sharpness_for_all(below, confidences)[:, None])


def sharpness_for(below: list[float], confidence: float) -> float:
    """Return the sharpness that leaves the topics below the first one what its confidence leaves them.

    `below` are the distances of the other scores from the first, the nearest first.
    """
    # With d the distances below the first, log(sum(exp(sharpness * d))) over the others must be the log-odds
    # against the first. It falls and is convex, so Newton's method climbs to the root from any place below
    # it: from zero, or from where the second topic alone would leave that much.
    wanted = math.log((1.0 - confidence) / confidence)
    sharpness = min(max(wanted / below[0], 0.0), _SHARPEST) if below[0] < 0 else 0.0
    for _ in range(_NEWTON_STEPS):
        raised = [math.exp(sharpness * distance) for distance in below]
        total = sum(raised)
        slope = sum(map(operator.mul, raised, below)) / total
        step = (wanted - math.log(total)) / min(slope, -1e-9)
        sharpness = min(sharpness + step, _SHARPEST)
        if abs(step) < _SMALL_STEP or sharpness == _SHARPEST:
            break
    return sharpness


def _sharpness_for_all(below: Scores, confidences: Scores) -> Scores:
    """Return `sharpness_for` each row."""
    wanted = np.log((1.0 - confidences) / confidences)
    nearest = np.minimum(below[:, 0], -1e-300)  # of a tie, the quotient is beyond every bound: cut to zero
    start = np.minimum(np.maximum(wanted / nearest, 0.0), _SHARPEST)
    sharpness = np.where(below[:, 0] < 0, start, 0.0)
    for _ in range(_NEWTON_STEPS):
        raised = np.exp(sharpness[:, None] * below)
        total = raised.sum(axis=1)
        slope = np.minimum((raised * below).sum(axis=1) / total, -1e-9)
        step = (wanted - np.log(total)) / slope
        sharpness = np.minimum(sharpness + step, _SHARPEST)
        if ((np.abs(step) < _SMALL_STEP) | (sharpness == _SHARPEST)).all():
            break
    return sharpness


def spam_probability(calibration: Calibration, evidence: Evidence, topics: Sequence[str]) -> Scores:
    """Return per mail the probability that it is spam or phishing, whatever the first topic is."""
    if SPAM not in topics:
        return np.zeros(len(evidence))
    signals = _spam_signals(evidence, list(topics).index(SPAM))
    weights = (calibration.spam_slope, calibration.spam_own)
    return logistic(calibration.spam_intercept + (signals * weights).sum(axis=1))


def fit_calibration(
    evidence: Evidence,
    truth: NDArray[np.intp],
    also: Sequence[frozenset[int]],
    topics: Sequence[str],
) -> Calibration:
    """Learn from held-out scores; `also` are the second topics that a mail really asks about."""
    sharpness = _fit_sharpness(evidence.scores, truth)
    scope = fit_scope(evidence, truth, topics)
    evidence = scoped(evidence, scope, sharpness)
    right = evidence.scores.argmax(axis=1) == truth
    weights, intercept = fit_logistic(signals_of(evidence, sharpness), right)
    slope, own, spam_intercept = 4.0, 0.0, 0.0
    if SPAM in topics:
        spam = list(topics).index(SPAM)
        (slope, own), spam_intercept = fit_logistic(_spam_signals(evidence, spam), truth == spam)
    return Calibration(
        weights,
        intercept,
        sharpness,
        slope,
        own,
        spam_intercept,
        _also_bar(evidence.scores, truth, also),
        scope,
    )


def scoped(evidence: Evidence, scope: ScopeDetector | None, sharpness: float) -> Evidence:
    """Return the evidence with the scores that the detector gives to `other`; call it before all else."""
    if scope is None:
        return evidence
    return replace(evidence, scores=scope.rescored(evidence, sharpness))


def _fit_sharpness(scores: Scores, truth: NDArray[np.intp]) -> float:
    """Choose the sharpness under which the true topics are least surprising (log loss)."""
    rows = np.arange(len(truth))

    def loss(sharpness: float) -> float:
        return float(-np.log(softmax(scores, sharpness)[rows, truth] + 1e-12).mean())

    return float(min(_SHARPNESSES, key=loss))


def _also_bar(scores: Scores, truth: NDArray[np.intp], also: Sequence[frozenset[int]]) -> float:
    """Return the lowest score of a second topic from which naming it is right often enough."""
    second = np.argsort(-scores, axis=1)[:, 1]
    order = np.argsort(-scores[np.arange(len(truth)), second])
    asked = [second[row] in also[row] or second[row] == truth[row] for row in order]
    share = np.cumsum(asked) / np.arange(1, len(asked) + 1)
    met = np.flatnonzero(share >= ALSO_PRECISION)
    if not len(met) or met[-1] + 1 < _LEAST_ALSO:
        return _NEVER
    row = order[met[-1]]
    return float(scores[row, second[row]])


def _spam_signals(evidence: Evidence, spam: int) -> Scores:
    """Return how far spam stands above the best of the others, and what the linear member says of it."""
    others = evidence.scores.copy()
    others[:, spam] = -np.inf
    signals = np.empty((len(evidence), 2))
    signals[:, 0] = evidence.scores[:, spam] - others.max(axis=1)
    signals[:, 1] = evidence.linear[:, spam]
    return signals
