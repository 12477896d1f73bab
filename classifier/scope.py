"""Out of scope: a detector that decides whether a mail belongs to any topic but `other`.

As one more class among the rest, `other` is found badly: nothing is common to all that is not a
seller's matter. So a detector of its own looks at how the members answered: how far `other` stands
from the best topic, how strongly the best topic claims the mail, how clearly it stands out, how
many words are new. It is learnt from held-out scores. Its bar is the lowest at which at most
MOST_LOST of the mails that had their right topic would lose it; at the bar `other` and the best
topic are equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.evidence import Evidence, Scores
from classifier.logistic import fit_logistic
from models.topics import OTHER

MOST_LOST: Final = 0.0075
LEAST_OUTSIDE: Final = 30  # mails of `other` that a detector is learnt from
SCOPE_SIGNALS: Final = 11
_LEAST_TOPICS: Final = 4


@dataclass(frozen=True, slots=True)
class ScopeDetector:
    """Weights of the signals, and the log-odds from which a mail is out of scope."""

    place: int  # of `other` among the topics
    weights: tuple[float, ...]
    intercept: float
    bar: float

    def log_odds(self, evidence: Evidence) -> Scores:
        """Return per mail the log-odds that it is out of scope, above the bar."""
        signals = scope_signals(evidence, self.place)
        return np.asarray((signals * self.weights).sum(axis=1) + (self.intercept - self.bar))

    def rescored(self, evidence: Evidence, sharpness: float) -> Scores:
        """Return the scores with that of `other` set by the detector, on the scale of the others."""
        changed = evidence.scores.copy()
        changed[:, self.place] = -np.inf
        best = changed.max(axis=1)
        changed[:, self.place] = best + self.log_odds(evidence) / sharpness
        return changed


def scope_signals(evidence: Evidence, place: int) -> Scores:
    """Return the signals of mails, a row each; `place` is that of `other`."""
    answers = np.array([evidence.scores, evidence.network, evidence.linear])
    answers[:, :, place] = -np.inf  # the last of the others: no part of any sum
    answers.sort(axis=2)
    within, likely, claims = answers
    signals = np.empty((len(evidence), SCOPE_SIGNALS))
    signals[:, 0] = evidence.scores[:, place] - within[:, -1]
    signals[:, 1] = evidence.linear[:, place]
    signals[:, 2] = evidence.network[:, place]
    signals[:, 3] = claims[:, -1]
    signals[:, 4] = claims[:, -1] - claims[:, -2]
    signals[:, 5] = within[:, -1] - within[:, -2]
    signals[:, 6] = likely[:, -1]
    signals[:, 7:9] = _entropy(answers[:2]).T
    signals[:, 9] = evidence.unseen_shares
    signals[:, 10] = np.log1p(evidence.words)
    return signals


def fit_scope(evidence: Evidence, truth: NDArray[np.intp], topics: Sequence[str]) -> ScopeDetector | None:
    """Learn from held-out scores; None where `other` is no topic or has too few mails."""
    if OTHER not in topics or len(topics) < _LEAST_TOPICS:
        return None
    place = list(topics).index(OTHER)
    outside = truth == place
    if outside.sum() < LEAST_OUTSIDE:
        return None
    signals = scope_signals(evidence, place)
    weights, intercept = fit_logistic(signals, outside)
    odds = intercept + signals @ np.array(weights)
    within = evidence.scores.copy()
    within[:, place] = -np.inf
    found = np.sort(odds[within.argmax(axis=1) == truth])[::-1]  # of mails that the best topic is right for
    allowed = min(int(MOST_LOST * len(found)), len(found) - 1)
    bar = float(found[allowed]) if len(found) else 0.0
    return ScopeDetector(place, weights, intercept, bar)


def _entropy(scores: Scores) -> Scores:
    """Return the entropies of the softmax of ranked scores, the largest last."""
    shares = np.exp(scores - scores[:, :, -1:])
    shares /= shares.sum(axis=-1, keepdims=True)
    return np.asarray(-(shares * np.log(shares + 1e-12)).sum(axis=-1))
