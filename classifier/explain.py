"""Why a topic: the contributions of a mail's tokens, gathered on the words that they came from.

A linear model's score is a sum over tokens, so the explanation is exact: each token's part is
divided among its occurrences and added to the word that it stands in. Placeholders of
identifiers are named by their kind, never shown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.features import VIEWS
from classifier.masking import PLACEHOLDERS
from classifier.space import Row
from models.records import Reason

REASONS_PER_TOPIC: Final = 4
_UNIT: Final = re.compile(r"[a-zа-я]{1,60}|[\u4e00-\u9fff]")
_LONGEST_HAN_SPAN: Final = 4


def reasons_of(
    row: Row, weights: NDArray[np.float32], topics: Sequence[tuple[int, str]]
) -> tuple[Reason, ...]:
    """Return the words that pulled most towards each of the topics, strongest first."""
    if not row.views:
        return ()
    parts = weights[row.columns][:, [index for index, _ in topics]] * row.values[:, None]
    gathered = _by_word(row, parts)
    reasons: list[Reason] = []
    for place, (_, topic) in enumerate(topics):
        strongest = sorted(gathered, key=lambda word: -gathered[word][place])[:REASONS_PER_TOPIC]
        reasons += [
            Reason(word, round(float(gathered[word][place]), 4), topic)
            for word in strongest
            if gathered[word][place] > 0
        ]
    return tuple(reasons)


def _by_word(row: Row, parts: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Add up what each word of the mail contributed to each topic."""
    spans, owners, tokens, shares = _occurrences(row)
    by_span = np.zeros((len(spans), parts.shape[1]), dtype=np.float32)
    np.add.at(by_span, owners, parts[tokens] * shares[:, None])
    by_unit: defaultdict[str, NDArray[np.float32]] = defaultdict(
        lambda: np.zeros(parts.shape[1], dtype=np.float32)
    )
    for (start, end), part in zip(spans, by_span, strict=True):
        for unit, share in _units(row.text[start:end]):
            by_unit[unit] += part * share
    return {word: part for word, part in by_unit.items() if _tells(word)}


def _occurrences(
    row: Row,
) -> tuple[list[tuple[int, int]], NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """List the spans, and per occurrence of a known token: its span, its place in the row, its share."""
    place = {int(column): index for index, column in enumerate(row.columns)}
    spans: dict[tuple[int, int], int] = {}
    owners: list[int] = []
    tokens: list[int] = []
    for view in VIEWS:
        known = row.known.get(view, {})
        for token, start, end in row.views[view]:
            index = place.get(known.get(token, -1))
            if index is not None and end > start:
                owners.append(spans.setdefault((start, end), len(spans)))
                tokens.append(index)
    at = np.asarray(tokens, dtype=np.intp)
    counts = (
        np.bincount(at, minlength=len(row.columns)) if tokens else np.zeros(len(row.columns), dtype=np.intp)
    )
    return list(spans), np.asarray(owners, dtype=np.intp), at, (1.0 / counts[at]).astype(np.float32)


def _units(text: str) -> list[tuple[str, float]]:
    """Split a span into the words it is shown as, with their shares; a short Chinese run stays whole."""
    units = _UNIT.findall(text)
    if units and len(units) <= _LONGEST_HAN_SPAN and all("\u4e00" <= unit <= "\u9fff" for unit in units):
        return [("".join(units), 1.0)]
    return [(unit, 1.0 / len(units)) for unit in units]


def _tells(word: str) -> bool:
    """Drop placeholders and single letters: they say nothing to an operator."""
    return len(word) > 1 and word not in PLACEHOLDERS
