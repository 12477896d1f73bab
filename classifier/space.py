"""The feature space: which tokens count, how rare each is, and a document as a sparse row.

The weighting is the usual one of text classification (sublinear term frequency, smoothed
inverse document frequency, unit length), per view. Training and serving use this very code,
so they cannot drift apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.documents import Document
from classifier.features import MIN_DOCUMENTS, VIEWS, pieces, prepared
from classifier.tokens import Piece

Rows = NDArray[np.int32]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Space:
    """Tokens of each view with their column and their weight."""

    columns: dict[str, dict[str, int]]  # view -> token -> column
    rarity: Values  # per column

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return len(self.rarity)


@dataclass(frozen=True, slots=True)
class Row:
    """One document in the space, with what is needed to explain it."""

    columns: Rows
    values: Values
    text: str = ""
    views: dict[str, list[Piece]] = field(default_factory=dict)
    known: dict[str, dict[str, int]] = field(default_factory=dict)  # the space's columns, by view
    unseen_share: float = 0.0  # of the words, how many the space does not know


def count_pieces(document: Document) -> tuple[str, dict[str, list[Piece]]]:
    """Return the prepared text and the pieces of a document, so that folds need not read it again."""
    text = prepared(document)
    return text, pieces(document, text)


def fit_space(counted: Sequence[dict[str, list[Piece]]]) -> Space:
    """Make the space of these documents."""
    columns: dict[str, dict[str, int]] = {}
    rarity: list[float] = []
    for view in VIEWS:
        frequency: Counter[str] = Counter()
        for views in counted:
            frequency.update({token for token, _, _ in views[view]})
        kept = sorted(token for token, count in frequency.items() if count >= MIN_DOCUMENTS[view])
        columns[view] = {token: len(rarity) + index for index, token in enumerate(kept)}
        rarity += [math.log((1 + len(counted)) / (1 + frequency[token])) + 1 for token in kept]
    return Space(columns, np.asarray(rarity, dtype=np.float32))


def row_of(space: Space, text: str, views: dict[str, list[Piece]]) -> Row:
    """Place one document in the space."""
    all_columns: list[Rows] = []
    all_values: list[Values] = []
    for view, weight in VIEWS.items():
        known = space.columns[view]
        counts: Counter[int] = Counter()
        for token, _, _ in views[view]:
            column = known.get(token)
            if column is not None:
                counts[column] += 1
        if not counts:
            continue
        columns = np.fromiter(counts.keys(), dtype=np.int32, count=len(counts))
        values = 1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
        values *= space.rarity[columns]
        values *= weight / np.sqrt(np.dot(values, values))
        all_columns.append(columns)
        all_values.append(values)
    if not all_columns:
        return Row(
            np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32), text, views, space.columns, 1.0
        )
    unseen = _unseen_share(space, views)
    return Row(np.concatenate(all_columns), np.concatenate(all_values), text, views, space.columns, unseen)


def matrix_of(rows: Sequence[Row], width: int) -> sparse.csr_matrix:
    """Stack rows for training."""
    starts = np.concatenate([[0], np.cumsum([len(row.columns) for row in rows])])
    return sparse.csr_matrix(
        (
            np.concatenate([row.values for row in rows]),
            np.concatenate([row.columns for row in rows]),
            starts,
        ),
        shape=(len(rows), width),
    )


def _unseen_share(space: Space, views: dict[str, list[Piece]]) -> float:
    view = "words" if views["words"] else "letters"
    found = views[view]
    known = space.columns[view]
    return sum(token not in known for token, _, _ in found) / len(found) if found else 1.0
