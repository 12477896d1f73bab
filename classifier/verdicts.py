"""The verdicts on mails: on one that comes alone in plain floats, on many with arrays.

In go the scores of both members, out come the scores with `other` set by its detector, confidence,
probability of spam and probabilities of all topics. For one mail a call of NumPy costs more than
adding up fourteen numbers; for many, arrays cost a tenth of it. Both ways compute the same (a test
holds them equal to the ninth digit), so that the last digits alone tell whether a mail came alone.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from classifier.confidence import (
    LANGUAGE_SIGNALS,
    OTHER_LANGUAGE,
    SURE,
    Calibration,
    confidence_of,
    probabilities_of,
    scoped,
    sharpness_for,
    spam_probability,
)
from classifier.evidence import Evidence
from classifier.scope import ScopeDetector
from models.topics import SPAM

_MOST_ODDS: Final = 30.0


class Answers(NamedTuple):
    """What both members say of one mail, a number per topic, and what is known of its words."""

    scores: list[float]  # of both members together
    linear: list[float]
    network: list[float]
    language: str
    words: int
    unseen_share: float


class Verdict(NamedTuple):
    """What a mail's answers come to; scores and probabilities in the order of the topics."""

    scores: list[float]
    confidence: float
    spam: float
    probabilities: list[float]


def verdict_of(answers: Answers, calibration: Calibration, topics: Sequence[str]) -> Verdict:
    """Judge one mail as `scoped`, `confidence_of`, `spam_probability` and `probabilities_of` judge many."""
    scores = list(answers.scores)
    if calibration.scope is not None:
        scores = _rescored(answers, calibration.scope, calibration.sharpness)
    ranked = sorted(scores, reverse=True)
    signals = _signals(scores, ranked, answers, calibration.sharpness)
    raw = _logistic(calibration.intercept + sum(map(operator.mul, signals, calibration.weights)))
    confidence = min(max(raw, 1.0 / len(scores) + 1e-6), SURE)
    spam = 0.0
    if SPAM in topics:
        place = topics.index(SPAM)
        gap = scores[place] - max(scores[:place] + scores[place + 1 :])
        spam = _logistic(
            calibration.spam_intercept
            + gap * calibration.spam_slope
            + answers.linear[place] * calibration.spam_own
        )
    sharpness = sharpness_for([score - ranked[0] for score in ranked[1:]], confidence)
    return Verdict(scores, confidence, spam, _softmax(scores, ranked[0], sharpness))


def verdicts_of(evidence: Evidence, calibration: Calibration, topics: Sequence[str]) -> Iterator[Verdict]:
    """Judge many mails."""
    evidence = scoped(evidence, calibration.scope, calibration.sharpness)
    confidences = confidence_of(calibration, evidence)
    spams = spam_probability(calibration, evidence, topics)
    shares = probabilities_of(evidence.scores, confidences)
    rows = (evidence.scores, confidences, spams, shares)
    return map(Verdict, *(row.tolist() for row in rows))


def _rescored(answers: Answers, scope: ScopeDetector, sharpness: float) -> list[float]:
    """Return the scores with that of `other` set by its detector (`ScopeDetector.rescored`)."""
    place = scope.place
    rows = (answers.scores, answers.network, answers.linear)
    within, likely, claims = (sorted(row[:place] + row[place + 1 :]) for row in rows)
    signals = (
        answers.scores[place] - within[-1],
        answers.linear[place],
        answers.network[place],
        claims[-1],
        claims[-1] - claims[-2],
        within[-1] - within[-2],
        likely[-1],
        _entropy(within, within[-1], 1.0),
        _entropy(likely, likely[-1], 1.0),
        answers.unseen_share,
        math.log1p(answers.words),
    )
    odds = sum(map(operator.mul, signals, scope.weights)) + (scope.intercept - scope.bar)
    scores = list(answers.scores)
    scores[place] = within[-1] + odds / sharpness
    return scores


def _signals(
    scores: list[float], ranked: list[float], answers: Answers, sharpness: float
) -> tuple[float, ...]:
    """Return the signals of confidence, in the order of SIGNALS."""
    linear = sorted(answers.linear, reverse=True)
    own = answers.linear[scores.index(ranked[0])]
    return (
        ranked[0],
        ranked[0] - ranked[1],
        ranked[1] - ranked[min(2, len(ranked) - 1)],
        _entropy(scores, ranked[0], sharpness),
        own,
        linear[0] - linear[1],
        float(own == linear[0]),
        answers.unseen_share,
        math.log1p(answers.words),
        *LANGUAGE_SIGNALS.get(answers.language, OTHER_LANGUAGE),
    )


def _softmax(scores: list[float], best: float, sharpness: float) -> list[float]:
    raised = [math.exp((score - best) * sharpness) for score in scores]
    total = sum(raised)
    return [one / total for one in raised]


def _entropy(scores: list[float], best: float, sharpness: float) -> float:
    """Return the entropy of the softmax: the logarithm of its sum less the mean of its exponents."""
    below = [(score - best) * sharpness for score in scores]
    raised = list(map(math.exp, below))
    total = sum(raised)
    mean: float = sum(map(operator.mul, raised, below)) / total
    return math.log(total) - mean


def _logistic(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -_MOST_ODDS), _MOST_ODDS)))
