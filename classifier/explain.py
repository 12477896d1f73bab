"""Why a topic: the contributions of a mail's tokens, gathered on the words that they came from.

A linear model's score is a sum over tokens, so the explanation is exact: each token's part is
divided among its occurrences and spread over their characters; a word's weight is the sum over
its characters. Identifiers, links and addresses are passed over, never shown.
"""

from __future__ import annotations

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
    starts, ends = reading.spans.T
    lengths = ends - starts
    per_count = values / reading.counts
    factors = np.where(lengths > 0, per_count[reading.places] * reading.shares / np.maximum(lengths, 1), 0.0)
    size = len(reading.canvas) + 1
    edges = np.concatenate([starts, ends])
    density = np.empty((weights.shape[1], size - 1))
    for topic in range(weights.shape[1]):
        parts = factors * weights[reading.places, topic]
        steps = np.bincount(edges, weights=np.concatenate([parts, -parts]), minlength=size)
        density[topic] = steps.cumsum()[:-1]
    return density


def reasons_of(
    reading: Reading,
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    topics: Sequence[str],
) -> tuple[Reason, ...]:
    """Return the words that pulled most towards each of the topics, strongest first."""
    if not reading.units:
        return ()
    reasons: list[Reason] = []
    for topic, density in zip(topics, contributions(reading, values, weights), strict=True):
        spans = _spans(reading, density)
        running = np.concatenate([[0.0], density.cumsum()])
        starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        weight_of: dict[str, float] = {}
        for (start, end), weight in zip(spans, (running[ends] - running[starts]).tolist(), strict=True):
            if weight > _LEAST_WEIGHT:
                word = reading.canvas[start:end].lower()
                weight_of[word] = weight_of.get(word, 0.0) + weight
        strongest = sorted(weight_of, key=lambda word: (-weight_of[word], word))[:REASONS_PER_TOPIC]
        reasons += [Reason(word, round(weight_of[word], 4), topic) for word in strongest]
    return tuple(reasons)


def _spans(reading: Reading, density: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the spans that may be shown: words of two letters or more, the strong parts of Chinese runs."""
    spans: list[tuple[int, int]] = []
    for start, end, is_han in reading.units:
        if is_han:
            spans += _phrases(density[start:end].tolist(), start)
        elif end - start > 1:
            spans.append((start, end))
    return spans


def _phrases(density: Sequence[float], start: int) -> list[tuple[int, int]]:
    """Cut a Chinese run into the stretches that pull, of two to six characters."""
    bar = max(density) * _HAN_SHARE
    phrases: list[tuple[int, int]] = []
    if bar <= _LEAST_WEIGHT:
        return phrases
    begin = 0
    for at in range(len(density) + 1):
        is_strong = at < len(density) and density[at] > bar
        if is_strong and at - begin < _LONGEST_HAN_REASON:
            continue
        if at - begin > 1:
            phrases.append((start + begin, start + at))
        begin = at if is_strong else at + 1
    return phrases
