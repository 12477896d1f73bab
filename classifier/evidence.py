"""What is known of mails when their topics are settled: the scores of both members and their words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Scores of all topics, in their order, a row per mail; `words` counts those of each mail."""

    scores: Scores  # of both members together
    linear: Scores  # of the linear member alone
    network: Scores  # log-probabilities of the network alone; the linear scores where there is none
    languages: tuple[str, ...]
    words: NDArray[np.int64]
    unseen_shares: Scores

    def __len__(self) -> int:
        """Return the number of mails."""
        return len(self.scores)
