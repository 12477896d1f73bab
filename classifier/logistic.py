"""Logistic regression on a few signals: fitted with scikit-learn, stored as weights for plain values."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_REGULARISATION: Final = 0.3  # C


def fit_logistic(signals: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """Fit on standardised signals; returns weights and intercept for the signals as they are."""
    from sklearn.linear_model import LogisticRegression

    if right.all() or not right.any():  # nothing to learn from: always or never
        return (0.0,) * signals.shape[1], 4.0 if right.all() else -4.0
    mean, spread = signals.mean(axis=0), signals.std(axis=0)
    spread[spread == 0] = 1.0
    fitted = LogisticRegression(C=_REGULARISATION, max_iter=2000).fit((signals - mean) / spread, right)
    weights = fitted.coef_[0] / spread
    return tuple(map(float, weights)), float(fitted.intercept_[0] - weights @ mean)


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(log_odds, -30.0), 30.0))))
