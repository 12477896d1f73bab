"""Out of scope: a detector that decides whether a mail belongs to any topic but `other`.

As one more class among the rest, `other` is found badly: nothing is common to all that is not a
seller's matter. So a detector of its own looks at how the members answered: how far `other` stands
from the best topic, how strongly the best topic claims the mail, how clearly it stands out. It is
learnt from held-out scores. Its bar is the lowest at which at most MOST_LOST of the mails that had
their right topic would lose it; at the bar `other` and the best topic are equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.logistic import fit_logistic
from models.topics import OTHER

MOST_LOST: Final = 0.005
LEAST_OUTSIDE: Final = 30  # mails of `other` that a detector is learnt from
SCOPE_SIGNALS: Final = 6
_LEAST_TOPICS: Final = 4

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScopeDetector:
    """Weights of the signals, and the log-odds from which a mail is out of scope."""

    place: int  # of `other` among the topics
    weights: tuple[float, ...]
    intercept: float
    bar: float

    def log_odds(self, scores: Scores, linear: Scores) -> float:
        """Return the log-odds that a mail is out of scope, above the bar."""
        signals = scope_signals(scores[None, :], linear[None, :], self.place)[0]
        return self.intercept + float(np.dot(self.weights, signals)) - self.bar

    def rescored(self, scores: Scores, linear: Scores, sharpness: float) -> Scores:
        """Return the scores with that of `other` set by the detector, on the scale of the others."""
        changed = scores.copy()
        changed[self.place] = np.delete(scores, self.place).max() + self.log_odds(scores, linear) / sharpness
        return changed


def scope_signals(scores: Scores, linear: Scores, place: int) -> Scores:
    """Return the signals of mails (rows): scores of both members together, and of the linear one."""
    within, claims = (np.sort(np.delete(part, place, axis=1), axis=1) for part in (scores, linear))
    raised = np.exp(within - within[:, -1:])
    shares = raised / raised.sum(axis=1, keepdims=True)
    return np.stack(
        [
            scores[:, place] - within[:, -1],
            linear[:, place],
            claims[:, -1],
            claims[:, -1] - claims[:, -2],
            within[:, -1] - within[:, -2],
            -(shares * np.log(shares + 1e-12)).sum(axis=1),
        ],
        axis=1,
    )


def fit_scope(
    scores: Scores, linear: Scores, truth: NDArray[np.intp], topics: Sequence[str]
) -> ScopeDetector | None:
    """Learn from held-out scores; None where `other` is no topic or has too few mails."""
    if OTHER not in topics or len(topics) < _LEAST_TOPICS:
        return None
    place = list(topics).index(OTHER)
    outside = truth == place
    if outside.sum() < LEAST_OUTSIDE:
        return None
    signals = scope_signals(scores, linear, place)
    weights, intercept = fit_logistic(signals, outside)
    odds = intercept + signals @ np.array(weights)
    within = scores.copy()
    within[:, place] = -np.inf
    found = np.sort(odds[within.argmax(axis=1) == truth])[::-1]  # of mails that the best topic is right for
    allowed = min(int(MOST_LOST * len(found)), len(found) - 1)
    bar = float(found[allowed]) if len(found) else 0.0
    return ScopeDetector(place, weights, intercept, bar)
