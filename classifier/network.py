"""The second member: a network of one hidden layer over the same weighted features.

In goes the weighted sparse matrix of training mails, out come log-probabilities of the topics.
Rectified units, softmax, dropout on the input and the hidden layer (Srivastava et al., 2014).
The rows of the first layer that a batch does not name are not touched: a step costs what the
words of its mails cost, and each row has a step length of its own (Adagrad, Duchi et al., 2011,
one sum per row); the small rest learns by Adam (Kingma and Ba, 2015). Everything is seeded.

On the rectified units that a mail switches on the network is linear, so what each token adds
to a topic is exact here too (`Network.pulls`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LINEAR_SHARPNESS: Final = 3.0  # of the softmax that turns the machine's scores into probabilities
UNITS, BATCH = 32, 128
MANY_TOPICS: Final = 30  # from here on the hidden layer is wider and steps are taken more often
UNITS_FOR_MANY, BATCH_FOR_MANY = 192, 64
EPOCHS: Final = 12
MOST_ROWS_SEEN: Final = 250_000  # large data need fewer passes: rows times epochs
_ROW_STEP: Final = 0.03
_REST_STEP: Final = 2e-3
_INPUT_DROPPED: Final = 0.2
_HIDDEN_DROPPED: Final = 0.3
_START: Final = 0.05
_DECAY: Final = (0.9, 0.999)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """The layers. The first is kept in half precision: it is as long as the vocabulary."""

    inner: NDArray[np.float16]  # columns of the space x units
    inner_bias: Floats
    outer: Floats  # units x topics
    outer_bias: Floats

    def log_probabilities(self, hidden: Floats) -> NDArray[np.float64]:
        """Return the log-probabilities of all topics for sums of the hidden layer (rows of units)."""
        on = np.maximum(hidden, 0.0)
        scores = np.empty((len(on), len(self.outer_bias)), dtype=np.float32)
        for row, given in zip(scores, on, strict=True):  # each alone, so that no answer hangs on the batch
            np.dot(given, self.outer, out=row)
        scores += self.outer_bias
        return log_softmax(scores.astype(np.float64))

    def pulls(self, columns: NDArray[np.int64], hidden: Floats, topics: list[int]) -> NDArray[np.float64]:
        """Return what one unit of each column adds to the topics, given which units this mail switches on."""
        switched = self.outer[:, topics] * (hidden > 0)[:, None]
        return (self.inner[columns].astype(np.float32) @ switched).astype(np.float64)


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of the softmax along the last axis."""
    below = np.asarray(scores - scores.max(axis=-1, keepdims=True))
    below -= np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return below


def mixed(
    linear: NDArray[np.float64], network: NDArray[np.float64] | None, share: float
) -> NDArray[np.float64]:
    """Return the scores of both members together; the machine's own when the network has no share."""
    if network is None or share == 0:
        return linear
    return np.asarray((1 - share) * log_softmax(LINEAR_SHARPNESS * linear) + share * network)


def fit_network(
    weighted: Any, labels: NDArray[np.intp], weights: NDArray[np.float64], topics: int, seed: int
) -> Network:
    """Fit on a sparse matrix of weighted rows; `weights` says how much each row counts."""
    rows = weighted.tocsr().astype(np.float32, copy=False)
    pupil = _Pupil(rows.shape[1], topics, seed)
    epochs = max(2, min(EPOCHS, MOST_ROWS_SEEN // max(rows.shape[0], 1)))
    batch = BATCH if topics < MANY_TOPICS else BATCH_FOR_MANY
    batches = -(-rows.shape[0] // batch)
    counts_for = weights.astype(np.float32)[:, None]
    for epoch in range(epochs):
        order = pupil.chance.permutation(rows.shape[0])
        for number in range(batches):
            some = order[number * batch : (number + 1) * batch]
            left = 1.0 - (epoch * batches + number) / (epochs * batches)
            pupil.learn(rows[some], labels[some], counts_for[some], left)
    return pupil.network()


class _Pupil:
    """The layers while they learn."""

    def __init__(self, columns: int, topics: int, seed: int) -> None:
        units = UNITS if topics < MANY_TOPICS else UNITS_FOR_MANY
        self.chance = np.random.default_rng(seed)
        spread = np.float32(_START * np.sqrt(2.0 / np.sqrt(columns)))
        self.inner = self.chance.standard_normal((columns, units), dtype=np.float32) * spread
        reach = np.sqrt(6.0 / (units + topics))
        self.rest = [
            self.chance.uniform(-reach, reach, (units, topics)).astype(np.float32),
            np.zeros(units, np.float32),
            np.zeros(topics, np.float32),
        ]
        self._places = np.zeros(
            columns, np.int32
        )  # where a column stands among those of a batch; zeros between
        self._row_sums = np.full((columns, 1), 1e-8, np.float32)
        self._moments = [(np.zeros_like(part), np.zeros_like(part)) for part in self.rest]
        self._steps = 0

    def learn(self, batch: Any, labels: NDArray[np.intp], weights: Floats, left: float) -> None:
        """Take one step; `left` is the share of the training still to come, which the step shrinks by."""
        from scipy import sparse

        kept = np.flatnonzero(self.chance.random(batch.nnz, dtype=np.float32) >= _INPUT_DROPPED)
        values, columns = batch.data[kept] / np.float32(1 - _INPUT_DROPPED), batch.indices[kept]
        self._places[columns] = 1
        named = np.flatnonzero(self._places)
        self._places[named] = np.arange(len(named))
        given = sparse.csr_matrix(
            (values, self._places[columns], np.searchsorted(kept, batch.indptr).astype(np.int32)),
            shape=(batch.shape[0], len(named)),
        )
        self._places[named] = 0
        outer, inner_bias, outer_bias = self.rest
        rows = self.inner[named]
        sums = given @ rows + inner_bias
        mask = (self.chance.random(sums.shape, dtype=np.float32) >= _HIDDEN_DROPPED) / np.float32(
            1 - _HIDDEN_DROPPED
        )
        hidden = np.maximum(sums, 0.0) * mask
        scores = hidden @ outer + outer_bias
        error = np.exp(scores - scores.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(len(labels)), labels] -= 1.0
        error *= weights / np.float32(len(labels))
        back = (error @ outer.T) * mask * (sums > 0)
        self._adjust_rows(named, rows, given.T @ back, left)
        self._adjust_rest([hidden.T @ error, back.sum(axis=0), error.sum(axis=0)], left)

    def _adjust_rows(self, named: NDArray[np.intp], rows: Floats, slope: Floats, left: float) -> None:
        sums = self._row_sums[named] + np.einsum("ij,ij->i", slope, slope)[:, None] / slope.shape[1]
        self._row_sums[named] = sums
        slope *= np.float32(_ROW_STEP * left) / np.sqrt(sums)
        rows -= slope
        self.inner[named] = rows

    def _adjust_rest(self, slopes: list[Floats], left: float) -> None:
        self._steps += 1
        first, second = _DECAY
        step = _REST_STEP * left * np.sqrt(1 - second**self._steps) / (1 - first**self._steps)
        for part, slope, (mean, square) in zip(self.rest, slopes, self._moments, strict=True):
            mean[...] += (1 - first) * (slope - mean)
            square[...] += (1 - second) * (slope * slope - square)
            part[...] -= np.float32(step) * mean / (np.sqrt(square) + np.float32(1e-8))

    def network(self) -> Network:
        """Return what was learnt."""
        outer, inner_bias, outer_bias = self.rest
        return Network(self.inner.astype(np.float16), inner_bias, outer, outer_bias)
