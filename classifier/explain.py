"""Why a topic: the contributions of a mail's tokens, gathered on the words that they came from.

A linear model's score is a sum over tokens, so the explanation is exact: each token's part is
divided among its occurrences and spread over their characters; a word's weight is the sum over
its characters. Identifiers, links and addresses are passed over, never shown.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.reader import Reading
from models.records import Reason

REASONS_PER_TOPIC: Final = 4
_LONGEST_HAN_REASON: Final = 6  # characters
_HAN_SHARE: Final = 0.4  # of the run's strongest character, from which a neighbour belongs to the phrase
_LEAST_WEIGHT: Final = 1e-3


def contributions(
    reading: Reading, values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each character of the canvas adds to the score of each topic (topics x characters).

    `values` and the rows of `weights` belong to `reading.columns`. Tokens without a span (mailbox,
    attachments) are in the score, but in no character.
    """
    sizes, starts, ends = reading.spans.T
    lengths = ends - starts
    per_count = values / reading.counts
    factors = per_count[reading.places] * reading.shares
    owners = np.repeat(np.arange(len(sizes)), sizes)
    edges = np.concatenate([starts, ends])
    density = np.empty((weights.shape[1], len(reading.canvas)))
    for topic in range(weights.shape[1]):
        sums = np.bincount(owners, weights=factors * weights[reading.places, topic], minlength=len(sizes))
        parts = np.where(lengths > 0, sums / np.maximum(lengths, 1), 0.0)
        steps = np.bincount(edges, weights=np.concatenate([parts, -parts]), minlength=len(reading.canvas) + 1)
        density[topic] = steps.cumsum()[:-1]
    return density


def reasons_of(
    reading: Reading,
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    topics: Sequence[str],
) -> tuple[Reason, ...]:
    """Return the words that pulled most towards each of the topics, strongest first."""
    starts, ends, is_han = reading.units.T
    is_word = (is_han == 0) & (ends - starts > 1)
    words = np.stack([starts[is_word], ends[is_word]], axis=1)
    runs = np.stack([starts[is_han == 1], ends[is_han == 1]], axis=1)
    numbers: dict[str, int] = {}
    canvas = reading.canvas
    owners = np.array(
        [numbers.setdefault(canvas[start:end].lower(), len(numbers)) for start, end in words.tolist()],
        dtype=np.int64,
    )
    reasons: list[Reason] = []
    for topic, density in zip(topics, contributions(reading, values, weights), strict=True):
        running = np.concatenate([[0.0], density.cumsum()])
        sums = np.bincount(owners, weights=running[words[:, 1]] - running[words[:, 0]], minlength=1)
        pulls = dict(zip(numbers, sums.tolist(), strict=False))
        for start, end in _phrases(density, runs):
            phrase = canvas[start:end]
            pulls[phrase] = pulls.get(phrase, 0.0) + float(running[end] - running[start])
        strongest = heapq.nsmallest(REASONS_PER_TOPIC, pulls, key=lambda word: (-pulls[word], word))
        reasons += [
            Reason(word, round(pulls[word], 4), topic) for word in strongest if pulls[word] > _LEAST_WEIGHT
        ]
    return tuple(reasons)


def _phrases(density: NDArray[np.float64], runs: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut Chinese runs into the stretches that pull, of two to six characters."""
    if not len(runs):
        return []
    lengths = runs[:, 1] - runs[:, 0]
    first = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(runs[:, 0] - first, lengths)
    bars = np.maximum(np.maximum.reduceat(density[places], first) * _HAN_SHARE, _LEAST_WEIGHT)
    strong = np.zeros(len(density) + 2, dtype=np.int8)
    strong[places[density[places] > np.repeat(bars, lengths)] + 1] = 1
    edges = np.flatnonzero(np.diff(strong))
    stretches = [
        (start, min(start + _LONGEST_HAN_REASON, stop))
        for begin, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        for start in range(begin, stop, _LONGEST_HAN_REASON)
    ]
    return [stretch for stretch in stretches if stretch[1] - stretch[0] > 1]
