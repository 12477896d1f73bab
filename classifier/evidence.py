"""What is known of one mail when its topic is settled: the scores of both members and its words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Scores of all topics, in their order; `words` counts those of the mail."""

    scores: Scores  # of both members together
    linear: Scores  # of the linear member alone
    network: Scores  # log-probabilities of the network alone; the linear scores where there is none
    language: str
    words: int
    unseen_share: float
