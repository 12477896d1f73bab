"""Chinese runs of a batch: their n-grams, and the terms of the lexicon that stand in them.

In go the runs, out come keys of all windows of one to four characters with their places, and
what the lexicon says of them. There are no word borders in Chinese text: every window counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import lexicon
from classifier.features import HAN_GRAMS, HAN_NEGATION_REACH
from classifier.keys import HAN_BITS, HAN_FIRST, Keys, KeyTable, key_of_han, windows

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """All windows of the characters of several runs, the runs one after the other."""

    texts: Sequence[str]
    owners: Integers  # per character: which run
    offsets: Integers  # per character: its place in the run
    payloads: Keys  # per window
    places: Integers  # per window: the number of the character that it begins with
    sizes: Integers  # per window: characters


@dataclass(frozen=True, slots=True)
class Named:
    """Terms found in runs: concept, where they begin (number of the character), length, denied or not."""

    concepts: Integers
    places: Integers
    sizes: Integers
    denied: NDArray[np.bool_]


_NOTHING: Final = np.empty(0, dtype=np.int64)
NO_RUNS: Final = Runs((), _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)


def runs_of(texts: Sequence[str]) -> Runs:
    """Cut runs into windows of one to HAN_GRAMS characters."""
    if not texts:
        return NO_RUNS
    points = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    last, numbers = np.cumsum(lengths), np.arange(len(points))
    offsets = numbers - np.repeat(last - lengths, lengths)
    payloads, places = windows(points - (HAN_FIRST - 1), np.repeat(last, lengths), (1, HAN_GRAMS), HAN_BITS)
    return Runs(
        texts,
        np.repeat(np.arange(len(texts)), lengths),
        offsets,
        np.concatenate(payloads),
        np.concatenate(places),
        np.repeat(np.arange(1, HAN_GRAMS + 1), [len(part) for part in places]),
    )


def terms_in(runs: Runs) -> Named:
    """Find the lexicon's terms and what negations stand before them."""
    terms = _terms()
    entries = terms.table.get(runs.payloads)
    at = np.flatnonzero(entries >= 0)
    entries, places, sizes = entries[at], runs.places[at], runs.sizes[at]
    denied = np.zeros(len(runs.owners), dtype=bool)
    negates = terms.negates[entries]
    _deny(denied, runs.offsets, places[negates], sizes[negates])
    lengths = terms.lengths[entries]
    first = np.repeat(terms.starts[entries] - np.cumsum(lengths) + lengths, lengths)
    longer = np.array(_longer(runs, places[terms.begins_longer[entries]]), dtype=np.int64).reshape(-1, 3).T
    found = np.concatenate([np.repeat(places, lengths), longer[1]])
    return Named(
        np.concatenate([terms.concepts[first + np.arange(len(first))], longer[0]]),
        found,
        np.concatenate([np.repeat(sizes, lengths), longer[2]]),
        denied[found],
    )


def _longer(runs: Runs, places: Integers) -> list[tuple[int, int, int]]:
    """Return concept, place and length of the terms that are longer than a window."""
    terms, found = _terms(), []
    for place in places.tolist():
        run, offset = runs.texts[runs.owners[place]], int(runs.offsets[place])
        for term, concepts in terms.longer[run[offset : offset + HAN_GRAMS]]:
            if run.startswith(term, offset):
                found += [(concept, place, len(term)) for concept in concepts]
    return found


def _deny(denied: NDArray[np.bool_], offsets: Integers, at: Integers, sizes: Integers) -> None:
    """Mark the characters that negations of these sizes reach, up to the end of their run."""
    for distance in range(1, HAN_NEGATION_REACH + 1):
        reached = at[sizes <= distance] + distance
        reached = reached[reached < len(denied)]
        denied[reached[offsets[reached] >= distance]] = True


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


@dataclass(frozen=True, slots=True)
class _Terms:
    """The lexicon's Chinese side by keys; longer terms by their first HAN_GRAMS characters."""

    table: KeyTable
    starts: Integers
    lengths: Integers
    concepts: Integers
    negates: NDArray[np.bool_]
    begins_longer: NDArray[np.bool_]
    longer: dict[str, list[tuple[str, tuple[int, ...]]]]


@cache
def _terms() -> _Terms:
    table = lexicon()
    # A run holds Chinese characters only, so a term with other signs in it is found in none.
    named = {term: found for term, found in table.han.items() if found and all(map(_is_han, term))}
    longer: defaultdict[str, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for term, concepts in named.items():
        if len(term) > HAN_GRAMS:
            longer[term[:HAN_GRAMS]].append((term, concepts))
    short = {term: concepts for term, concepts in named.items() if len(term) <= HAN_GRAMS}
    texts = list(dict.fromkeys([*short, *longer, *table.han_negations]))
    rows = [short.get(text, ()) for text in texts]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    return _Terms(
        KeyTable(key_of_han(texts, HAN_GRAMS), np.arange(len(texts))),
        np.cumsum(lengths) - lengths,
        lengths,
        np.array([concept for row in rows for concept in row], dtype=np.int64),
        np.array([text in table.han_negations for text in texts]),
        np.array([text in longer for text in texts]),
        dict(longer),
    )
