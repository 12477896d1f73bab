"""The two members of the model, fitted on the same rows, and how their answers are put together.

The first is a linear support vector machine, one topic against the rest (`classifier.pipeline`),
the second a small network (`classifier.network`). Their mean is taken of log-probabilities, the
machine's scores sharpened to such; the share of the network is chosen on held-out scores, and a
network that wins nothing there is left out (docs/quality.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.material import Material
from classifier.network import Network, fit_network, mixed

SHARES: Final = (0.0, 0.3, 0.5, 0.7)  # of the network in the mean
IN_DOUBT: Final = 0.003  # of accuracy: about half a standard error on 2,000 mails
_NEVER_FIRST: Final = -2.0  # the machine's score of a topic without a single example among its rows
_NEVER_LIKELY: Final = -20.0  # the network's

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Members:
    """Both members, fitted on the same rows of a material."""

    pipeline: Any  # scikit-learn's
    network: Network | None

    def linear_scores(self, counts: Any, topics: int) -> Scores:
        """Return the machine's scores, a column per topic; absent topics score lowest."""
        return scores_of(self.pipeline, counts, topics)

    def network_scores(self, counts: Any) -> Scores | None:
        """Return the network's log-probabilities, None without one."""
        if self.network is None:
            return None
        weighted = self.pipeline.named_steps["weighting"].transform(counts).astype(np.float32)
        sums = weighted @ self.network.inner.astype(np.float32) + self.network.inner_bias
        return self.network.log_probabilities(sums)


def fit_members(material: Material, rows: NDArray[np.intp], *, with_network: bool) -> Members:
    """Fit on some rows of the material."""
    from classifier.pipeline import SEED, make_pipeline

    pipeline = make_pipeline(material.tokens)
    weighting, machine = (pipeline.named_steps[step] for step in ("weighting", "machine"))
    is_everything = len(rows) == len(material.labels)  # then a copy would only take memory
    weighted = weighting.fit_transform(material.counts if is_everything else material.counts[rows])
    labels, weights = material.labels[rows], material.sample_weights[rows]
    machine.fit(weighted, labels, sample_weight=weights)
    if not with_network:
        return Members(pipeline, None)
    weighted.data = weighted.data.astype(np.float32)
    network = fit_network(weighted, labels, weights, len(material.topics), SEED)
    absent = np.setdiff1d(np.arange(len(material.topics)), labels)
    network.outer_bias[absent] = _NEVER_LIKELY
    return Members(pipeline, network)


def scores_of(pipeline: Any, counts: Any, topics: int) -> Scores:
    """Return the scores of a fitted pipeline, a column per topic; absent topics score lowest."""
    found = pipeline.decision_function(counts)
    classes = pipeline.named_steps["machine"].classes_
    scores = np.full((counts.shape[0], topics), _NEVER_FIRST)
    scores[:, classes] = found if found.ndim > 1 else np.stack([-found, found], axis=1)
    return scores


def choose_share(linear: Scores, network: Scores, truth: NDArray[np.intp]) -> float:
    """Return the share of the network with the best held-out accuracy.

    A network that wins less than IN_DOUBT has no share; among shares that differ by less, the most even
    one is taken, so that chance between two nights does not change the model.
    """
    accuracy = {
        share: float((mixed(linear, network, share).argmax(axis=1) == truth).mean()) for share in SHARES
    }
    best = max(accuracy.values())
    if accuracy[0.0] > best - IN_DOUBT:
        return 0.0
    alike = [share for share in SHARES if accuracy[share] > best - IN_DOUBT]
    return min(alike, key=lambda share: (abs(share - 0.5), share))
