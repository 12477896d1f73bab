"""Concepts that a batch of documents names: by words, by several words, and inside Chinese runs.

In goes a sheet, out come all mentions with their tokens, denied where a negation stands just
before. A negation reaches NEGATION_REACH words forward, inside its clause.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import Phrase, fits
from classifier.features import NEGATION_REACH, OPENING_CLAUSES
from classifier.runs import terms_in
from classifier.sheet import Flags, Integers, Sheet
from classifier.words import BEGINS_PHRASE, NEGATES, Words


@dataclass(frozen=True, slots=True)
class Mentions:
    """Mentions of concepts, a place per mention in every array."""

    concepts: Integers
    denied: Flags
    tokens: Integers  # where a mention begins
    starts: Integers  # in the canvas, when the sheet has places
    ends: Integers
    in_opening: Flags


def mentions_of(sheet: Sheet, words: Words) -> Mentions:
    """Find all mentions."""
    inside = sheet.inside
    denied = _denied(sheet, words)
    concepts, lengths = words.concepts.rows(sheet.words[inside])
    by_word = np.repeat(np.arange(len(inside)), lengths)
    phrases = list(_phrases(sheet, words))
    first, last, named = np.array(phrases, dtype=np.int64).reshape(-1, 3).T
    terms = terms_in(sheet.runs)
    run_tokens = sheet.run_tokens[sheet.runs.owners[terms.places]]
    tokens = np.concatenate([inside[by_word], inside[first], run_tokens])
    places = np.searchsorted(inside, tokens)
    if sheet.has_places:
        in_runs = sheet.starts[run_tokens] + sheet.runs.offsets[terms.places]
        starts = np.concatenate([sheet.starts[inside[by_word]], sheet.starts[inside[first]], in_runs])
        ends = np.concatenate([sheet.ends[inside[by_word]], sheet.ends[inside[last]], in_runs + terms.sizes])
    else:
        starts = ends = np.zeros(len(tokens), dtype=np.int64)
    return Mentions(
        concepts=np.concatenate([concepts, named, terms.concepts]),
        denied=np.concatenate([denied[by_word], denied[first], terms.denied]),
        tokens=tokens,
        starts=starts,
        ends=ends,
        in_opening=_opening(sheet)[places],
    )


def _denied(sheet: Sheet, words: Words) -> NDArray[np.bool_]:
    """Tell of each token inside whether a negation before it reaches it."""
    negations = np.flatnonzero(words.flags.values[sheet.words[sheet.inside]] & NEGATES)
    denied = np.zeros(len(sheet.inside), dtype=bool)
    for distance in range(1, NEGATION_REACH + 1):
        reached = negations[negations + distance < len(denied)]
        denied[reached + distance] |= sheet.clauses[reached + distance] == sheet.clauses[reached]
    return denied


def _opening(sheet: Sheet) -> NDArray[np.bool_]:
    """Tell which tokens inside stand in the first clauses of the body."""
    opening = np.zeros(len(sheet.inside), dtype=bool)
    places = np.flatnonzero(sheet.body)
    if not len(places):
        return opening
    mails, clauses = sheet.mails[sheet.inside[places]], sheet.clauses[places]
    numbers = np.cumsum(clauses[1:] != clauses[:-1])
    numbers = np.concatenate([[0], numbers])
    begins = np.flatnonzero(mails[1:] != mails[:-1]) + 1
    firsts = np.zeros(len(places), dtype=np.int64)
    firsts[begins] = numbers[begins]
    opening[places] = numbers - np.maximum.accumulate(firsts) < OPENING_CLAUSES
    return opening


def _phrases(sheet: Sheet, words: Words) -> Iterator[tuple[int, int, int]]:
    """Yield the concepts of several words: first and last of the tokens inside, and the concept."""
    places = sheet.words[sheet.inside]
    begins = words.flags.values[places] & BEGINS_PHRASE > 0
    begins[:-1] &= sheet.clauses[1:] == sheet.clauses[:-1]
    begins[-1:] = False
    firsts = np.flatnonzero(begins)
    nexts = zip(firsts.tolist(), places[firsts].tolist(), places[firsts + 1].tolist(), strict=True)
    for first, place, next_place in nexts:
        phrases = words.begun.get((place, next_place))
        if phrases is None:
            phrases = words.phrases_begun(place, next_place, sheet.texts[sheet.inside[first + 1]])
        for phrase in phrases:
            last = _last_of(phrase, sheet, first)
            if last is not None:
                yield first, last, phrase[1]


def _last_of(phrase: Phrase, sheet: Sheet, first: int) -> int | None:
    """Return the last token inside of a phrase whose first two words stand at `first`; None without one."""
    patterns = phrase[0]
    last = first + len(patterns)
    if len(patterns) == 1:
        return last
    if last >= len(sheet.inside) or sheet.clauses[last] != sheet.clauses[first]:
        return None
    texts: Sequence[str] = [sheet.texts[token] for token in sheet.inside[first + 2 : last + 1].tolist()]
    return last if all(map(fits, patterns[1:], texts)) else None
