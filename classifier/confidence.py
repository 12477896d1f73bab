"""From scores to a probability that the first topic is right.

In go the scores that a model gave to mails it was not trained on; out come a logistic
regression on how clearly the first topic stands out, and a temperature for the other topics.
(classifier.md of the project's notes measures why: a temperature alone leaves the stated
confidence three to thirteen points off.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.topics import LANGUAGES

Scores = NDArray[np.float64]
SIGNALS = ("first", "margin", "third_gap", "entropy", "unseen", *LANGUAGES)
_TEMPERATURES = np.geomspace(0.5, 12.0, 40)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the signals and the sharpness of the probabilities."""

    weights: tuple[float, ...]
    intercept: float
    sharpness: float


def signals_of(scores: Scores, language: str, unseen_share: float, sharpness: float) -> list[float]:
    """Return the signals of one mail, in the order of SIGNALS."""
    ranked = np.sort(scores)[::-1]
    shares = softmax(scores, sharpness)
    entropy = float(-(shares * np.log(shares + 1e-12)).sum())
    return [
        float(ranked[0]),
        float(ranked[0] - ranked[1]),
        float(ranked[1] - ranked[2]),
        entropy,
        unseen_share,
        *(float(language == name) for name in LANGUAGES),
    ]


def softmax(scores: Scores, sharpness: float) -> Scores:
    """Turn scores into shares that sum to 1; a larger sharpness favours the first more."""
    raised = np.exp((scores - scores.max()) * sharpness)
    return np.asarray(raised / raised.sum())


def fit_sharpness(scores: Scores, truth: NDArray[np.intp]) -> float:
    """Choose the sharpness under which the true topics are least surprising (log loss)."""

    def loss(sharpness: float) -> float:
        raised = np.exp((scores - scores.max(axis=1, keepdims=True)) * sharpness)
        shares = raised / raised.sum(axis=1, keepdims=True)
        return float(-np.log(shares[np.arange(len(truth)), truth] + 1e-12).mean())

    return float(min(_TEMPERATURES, key=loss))


def fit_calibration(
    scores: Scores, truth: NDArray[np.intp], languages: list[str], unseen: list[float]
) -> Calibration:
    """Learn from held-out scores how often the first topic is right."""
    from sklearn.linear_model import LogisticRegression

    sharpness = fit_sharpness(scores, truth)
    signals = [
        signals_of(row, language, share, sharpness)
        for row, language, share in zip(scores, languages, unseen, strict=True)
    ]
    right = scores.argmax(axis=1) == truth
    if right.all() or not right.any():  # too few mails to learn from: trust nothing but the margin
        return Calibration((0.0, 4.0, *(0.0 for _ in SIGNALS[2:])), -2.0, sharpness)
    fitted = LogisticRegression(C=1.0, max_iter=2000).fit(signals, right)
    return Calibration(tuple(float(w) for w in fitted.coef_[0]), float(fitted.intercept_[0]), sharpness)


def confidence_of(calibration: Calibration, signals: list[float]) -> float:
    """Return the probability that the first topic is right."""
    log_odds = calibration.intercept + float(np.dot(calibration.weights, signals))
    return 1.0 / (1.0 + float(np.exp(-np.clip(log_odds, -30, 30))))


def probabilities_of(scores: Scores, sharpness: float, confidence: float) -> Scores:
    """Return probabilities of all topics: the first has the confidence, the rest share what is left."""
    shares = softmax(scores, sharpness)
    first = int(shares.argmax())
    rest = 1.0 - shares[first]
    if rest <= 0:
        return shares
    spread = shares * (1.0 - confidence) / rest
    spread[first] = confidence
    return np.asarray(spread)
