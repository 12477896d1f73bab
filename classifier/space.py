"""The feature space: which tokens have a column, and a document as a weighted sparse row.

Training and serving read documents by the same `Reader`, so they cannot drift apart: while
training it gives every new token a column, while serving it knows those of the artefact.
Weighting is the usual one of text classification: sublinear counts, smoothed inverse document
frequency, unit length per block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.features import BLOCKS, MIN_DOCUMENTS, family_of

Columns = NDArray[np.int64]
Values = NDArray[np.float64]

BLOCK_NAMES: Final = tuple(BLOCKS)
_BLOCK_WEIGHTS: Final = np.array(list(BLOCKS.values()))


@dataclass(frozen=True, slots=True)
class Space:
    """Tokens with their columns; per column the block and the rarity (idf times family weight)."""

    vocabulary: dict[str, int]
    blocks: NDArray[np.int8]
    rarity: Values

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return len(self.rarity)


def family_weights(tokens: Sequence[str]) -> Values:
    """Return the weight of each token inside its block."""
    return np.array([family_of(token).weight for token in tokens], dtype=np.float64)


def block_numbers(tokens: Sequence[str]) -> NDArray[np.int8]:
    """Return the block of each token, as its place in BLOCK_NAMES."""
    return np.array([BLOCK_NAMES.index(family_of(token).block) for token in tokens], dtype=np.int8)


def least_documents() -> NDArray[np.int64]:
    """Return per block in how many documents a token must occur to be kept."""
    return np.array([MIN_DOCUMENTS.get(name, 1) for name in BLOCK_NAMES])


def weigh(space: Space, columns: Columns, counts: Values) -> Values:
    """Return the weighted values of one document's counted columns (each column once)."""
    values = (1.0 + np.log(counts)) * space.rarity[columns]
    blocks = space.blocks[columns]
    squares = np.bincount(blocks, weights=values * values, minlength=len(BLOCK_NAMES))
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
    return np.asarray(values * (_BLOCK_WEIGHTS / lengths)[blocks])
