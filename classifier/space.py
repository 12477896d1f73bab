"""The feature space: which tokens have a column, and a document as a weighted sparse row.

Training and serving read documents by the same `Reader`, so they cannot drift apart.
Weighting is the usual one of text classification: sublinear counts, smoothed inverse document
frequency, unit length per block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.features import BLOCKS, family_of

Columns = NDArray[np.int64]
Values = NDArray[np.float64]

BLOCK_NAMES: Final = tuple(BLOCKS)
_BLOCK_WEIGHTS: Final = np.array(list(BLOCKS.values()))

_MOST_HALVES: Final = 1 << 12
_SUBLINEAR: Final = (
    np.log(np.maximum(np.arange(_MOST_HALVES), 1) / 2) + 1.0
)  # by halves: what is quoted counts half


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


def weigh(space: Space, starts: Columns, columns: Columns, counts: Values) -> Values:
    """Return the weighted values of rows; row n is from starts[n] to starts[n + 1], its columns differ."""
    halves = (counts + counts).astype(np.int64)
    values = _SUBLINEAR.take(halves, mode="clip")
    if int(halves.max(initial=0)) >= _MOST_HALVES:
        values = np.log(counts) + 1.0
    values *= space.rarity.take(columns)
    cells = space.blocks.take(columns)
    mails, blocks = len(starts) - 1, len(BLOCK_NAMES)
    if mails > 1:
        cells = cells + np.repeat(np.arange(mails) * blocks, starts[1:] - starts[:-1])
    squares = np.bincount(cells, weights=values * values, minlength=mails * blocks)
    squares[squares == 0] = 1.0
    scale = _BLOCK_WEIGHTS / np.sqrt(squares.reshape(mails, -1))
    values *= scale.ravel().take(cells)
    return values
