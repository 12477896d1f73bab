"""Chinese runs of a batch: their n-grams, and the terms of the lexicon that stand in them.

In go the runs, out come keys of all windows of one to four characters with their places, and
what the lexicon says of them. There are no word borders in Chinese text: every window counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import lexicon
from classifier.features import HAN_GRAMS, HAN_NEGATION_REACH
from classifier.keys import HAN_BITS, HAN_FIRST, Keys, KeyTable, key_of_han, windows

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """The characters of several runs, one run after the other."""

    texts: Sequence[str]
    owners: Integers  # per character: which run
    offsets: Integers  # per character: its place in the run
    grams: tuple[Keys, ...]  # per size from 1 to HAN_GRAMS: payloads of the windows that begin here


@dataclass(frozen=True, slots=True)
class Named:
    """Terms found in runs: concept, where they begin (number of the character), length, denied or not."""

    concepts: Integers
    places: Integers
    sizes: Integers
    denied: NDArray[np.bool_]


def runs_of(texts: Sequence[str]) -> Runs:
    """Cut runs into windows."""
    points = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    last = np.cumsum(lengths)
    ends = np.repeat(last, lengths)
    numbers = points - (HAN_FIRST - 1)
    return Runs(
        texts,
        np.repeat(np.arange(len(texts)), lengths),
        np.arange(len(points)) - np.repeat(last - lengths, lengths),
        tuple(windows(numbers, ends, size, HAN_BITS) for size in range(1, HAN_GRAMS + 1)),
    )


def terms_in(runs: Runs) -> Named:
    """Find the lexicon's terms and what negations stand before them."""
    terms = _terms()
    count = len(runs.owners)
    denied = np.zeros(count, dtype=bool)
    concepts: list[Integers] = []
    places: list[Integers] = []
    sizes: list[Integers] = []
    for size, payloads in enumerate(runs.grams, start=1):
        entries = terms.table.get(payloads)
        at = np.flatnonzero(entries >= 0)
        entries = entries[at]
        _deny(denied, runs.offsets, at[terms.negates[entries]], size)
        lengths = terms.lengths[entries]
        first = np.repeat(terms.starts[entries] - np.cumsum(lengths) + lengths, lengths)
        concepts.append(terms.concepts[first + np.arange(len(first))])
        places.append(np.repeat(at, lengths))
        sizes.append(np.full(len(first), size, dtype=np.int64))
        if size == HAN_GRAMS:
            for place in at[terms.begins_longer[entries]].tolist():
                run, offset = runs.texts[runs.owners[place]], int(runs.offsets[place])
                for term, named in terms.longer[run[offset : offset + HAN_GRAMS]]:
                    if run.startswith(term, offset):
                        concepts.append(np.array(named))
                        places.append(np.full(len(named), place))
                        sizes.append(np.full(len(named), len(term)))
    found = np.concatenate(places)
    return Named(np.concatenate(concepts), found, np.concatenate(sizes), denied[found])


def _deny(denied: NDArray[np.bool_], offsets: Integers, at: NDArray[np.intp], size: int) -> None:
    """Mark the characters that negations of this size reach, up to the end of their run."""
    for distance in range(size, HAN_NEGATION_REACH + 1):
        reached = at + distance
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
