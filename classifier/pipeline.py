"""The scikit-learn side: counted documents as a matrix, its weighting, and the linear machine.

Only training uses this module; serving weighs one row at a time (`classifier.space`), and a test
holds the two equal. The machine is a linear support vector machine, one topic against the rest;
what else was tried beside it (ComplementNB, logistic regression, a small neural network,
per-language machines, their means) won nothing in cross-validation: docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from classifier.features import BLOCKS
from classifier.space import block_numbers, family_weights

REGULARISATION: Final = 0.5  # C of the support vector machine
MOST_COLUMNS: Final = 140_000
SEED: Final = 20261116
_ROWS_AT_ONCE: Final = 4_000


class BlockWeighting(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Counts -> sublinear counts times rarity, every block of columns brought to its own length."""

    def __init__(self, blocks: NDArray[np.int8], weights: NDArray[np.float64]) -> None:
        self.blocks = blocks
        self.weights = weights

    def fit(self, X: sparse.csr_matrix, y: Any = None) -> Self:  # noqa: ARG002, N803 - scikit-learn's names
        """Learn how rare each column is among the rows."""
        self.frequency_ = np.bincount(X.indices, minlength=X.shape[1])
        self.rarity_ = (np.log((1 + X.shape[0]) / (1 + self.frequency_)) + 1.0) * self.weights
        return self

    def transform(self, X: sparse.csr_matrix) -> sparse.csr_matrix:  # noqa: N803 - scikit-learn's name
        """Return the weighted rows; done in parts, so that little beside them is held in memory."""
        data = np.empty(X.nnz)
        for start in range(0, X.shape[0], _ROWS_AT_ONCE):
            bounds = X.indptr[start : start + _ROWS_AT_ONCE + 1]
            part = slice(int(bounds[0]), int(bounds[-1]))
            data[part] = self._weighed(X.indices[part], X.data[part], np.diff(bounds))
        return sparse.csr_matrix((data, X.indices, X.indptr), shape=X.shape)

    def _weighed(
        self, columns: NDArray[np.int32], counts: NDArray[np.float32], lengths: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        values = (1.0 + np.log(counts, dtype=np.float64)) * self.rarity_[columns]
        blocks = self.blocks[columns]
        cells = np.repeat(np.arange(len(lengths)) * len(BLOCKS), lengths) + blocks
        norms = np.sqrt(np.bincount(cells, weights=values**2, minlength=len(lengths) * len(BLOCKS)))
        return np.asarray(values * (np.array(list(BLOCKS.values()))[blocks] / norms[cells]))


def make_pipeline(tokens: Sequence[str]) -> Pipeline:
    """Return the unfitted pipeline for a matrix whose columns are these tokens."""
    return Pipeline(
        [
            ("weighting", BlockWeighting(block_numbers(tokens), family_weights(tokens))),
            ("machine", LinearSVC(C=REGULARISATION, random_state=SEED)),
        ]
    )
