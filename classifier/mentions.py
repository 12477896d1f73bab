"""Concepts that a batch of documents names: by words, by several words, and inside Chinese runs.

In goes a sheet, out come all mentions with their tokens, denied where a negation stands just
before. A negation reaches NEGATION_REACH words forward, inside its clause.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    first, last, named = np.array(_phrases(sheet, words), dtype=np.int64).reshape(-1, 3).T
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
    negations = (words.flags.values.take(sheet.words.take(sheet.inside)) & NEGATES).nonzero()[0]
    denied = np.zeros(len(sheet.inside), dtype=bool)
    if not len(negations):
        return denied
    reached = (negations[:, None] + np.arange(1, NEGATION_REACH + 1)).ravel()
    origins = negations.repeat(NEGATION_REACH)
    origins, reached = origins[reached < len(denied)], reached[reached < len(denied)]
    denied[reached[sheet.clauses.take(reached) == sheet.clauses.take(origins)]] = True
    return denied


def _opening(sheet: Sheet) -> NDArray[np.bool_]:
    """Tell which tokens inside stand in the first clauses of the body."""
    opening = np.zeros(len(sheet.inside), dtype=bool)
    places = sheet.body.nonzero()[0]
    if not len(places):
        return opening
    mails, clauses = sheet.mails.take(sheet.inside.take(places)), sheet.clauses.take(places)
    numbers = np.zeros(len(places), dtype=np.int64)
    np.cumsum(clauses[1:] != clauses[:-1], out=numbers[1:])
    begins = (mails[1:] != mails[:-1]).nonzero()[0] + 1
    if len(begins):
        firsts = np.zeros(len(places), dtype=np.int64)
        firsts[begins] = numbers[begins]
        numbers -= np.maximum.accumulate(firsts)
    opening[places] = numbers < OPENING_CLAUSES
    return opening


def _phrases(sheet: Sheet, words: Words) -> list[tuple[int, int, int]]:
    """Return the concepts of several words: first and last of the tokens inside, and the concept."""
    places = sheet.words.take(sheet.inside)
    begins = words.flags.values.take(places) & BEGINS_PHRASE > 0
    begins[:-1] &= sheet.clauses[1:] == sheet.clauses[:-1]
    begins[-1:] = False
    firsts = begins.nonzero()[0]
    pairs = list(zip(places.take(firsts).tolist(), places.take(firsts + 1).tolist(), strict=True))
    found = []
    for first, pair, known in zip(firsts.tolist(), pairs, map(words.begun.get, pairs), strict=True):
        begun = words.phrases_begun(*pair, sheet.texts[sheet.inside[first + 1]]) if known is None else known
        for phrase in begun:
            last = _last_of(phrase, sheet, first)
            if last is not None:
                found.append((first, last, phrase[1]))
    return found


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
