"""Concepts that a document names: by words, by several words, and inside Chinese runs.

In goes a sheet, out come all mentions with their tokens, denied where a negation stands just
before. A negation reaches NEGATION_REACH words forward, inside its clause.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from classifier.concepts import fits
from classifier.features import NEGATION_REACH
from classifier.ragged import Integers
from classifier.runs import Runs, terms_in
from classifier.sheet import NO_INTEGERS, Flags, Sheet
from classifier.words import BEGINS_PHRASE, IS_STOP, NAMES_CONCEPT, NEGATES, NOTHING_BEGUN, Words

_SECOND: Final = (1 << 32) - 1  # the half of a pair that is its second word
_NOT_DENIED: Final = np.zeros(1, dtype=bool)


class Mentions(NamedTuple):
    """Mentions of concepts, a place per mention in every array."""

    concepts: Integers
    denied: Flags
    tokens: Integers  # where a mention begins
    starts: Integers  # in the canvas; empty when the sheet has no places
    ends: Integers


def mentions_of(sheet: Sheet, words: Words) -> Mentions:
    """Find all mentions."""
    named = (sheet.flags & NAMES_CONCEPT).nonzero()[0]
    concepts, lengths = words.concepts.rows(sheet.places.take(named))
    tokens = named.repeat(lengths)
    lasts = tokens
    if sheet.kinds & BEGINS_PHRASE and (found := _phrases(sheet, words)):
        first, last, more = np.array(found, dtype=np.int64).T
        concepts, lasts = np.concatenate([concepts, more]), np.concatenate([tokens, last])
        tokens = np.concatenate([tokens, first])
    denied = _denied(sheet).take(tokens) if sheet.kinds & NEGATES else _NOT_DENIED.repeat(len(tokens))
    starts, ends = NO_INTEGERS, NO_INTEGERS
    if sheet.has_places:
        starts, ends = sheet.starts.take(tokens), sheet.ends.take(lasts)
    mentions = Mentions(concepts, denied, tokens, starts, ends)
    return mentions if sheet.runs is None else _with_runs(mentions, sheet, sheet.runs)


def _with_runs(found: Mentions, sheet: Sheet, runs: Runs) -> Mentions:
    """Add the mentions inside Chinese runs."""
    terms = terms_in(runs)
    tokens = sheet.run_tokens.take(runs.owners.take(terms.places))
    starts, ends = NO_INTEGERS, NO_INTEGERS
    if sheet.has_places:
        starts = sheet.starts.take(tokens) + runs.offsets.take(terms.places)
        ends = starts + terms.sizes
    return Mentions(
        np.concatenate([found.concepts, terms.concepts]),
        np.concatenate([found.denied, terms.denied]),
        np.concatenate([found.tokens, tokens]),
        np.concatenate([found.starts, starts]),
        np.concatenate([found.ends, ends]),
    )


def _denied(sheet: Sheet) -> Flags:
    """Tell of each token whether a negation before it reaches it."""
    denied = np.zeros(len(sheet.places), dtype=bool)
    for negation in (sheet.flags & NEGATES).nonzero()[0].tolist():
        following = sheet.flags[negation + 1 : negation + 1 + NEGATION_REACH].tolist()
        for distance, flags in enumerate(following, start=1):
            if flags & IS_STOP:
                break
            denied[negation + distance] = True
    return denied


def _phrases(sheet: Sheet, words: Words) -> list[tuple[int, int, int]]:
    """Return the concepts of several words: first and last token, and the concept."""
    places = sheet.places
    firsts = (sheet.flags & BEGINS_PHRASE).nonzero()[0]  # a token follows each: at least the field's end
    pairs = (places.take(firsts) << 32 | places.take(firsts + 1)).tolist()
    begun = map(words.begun.get, pairs)
    likely = [row for row in zip(firsts.tolist(), pairs, begun, strict=True) if row[2] is not NOTHING_BEGUN]
    if not likely:
        return []
    scanned, names, tokens = sheet.scanned_texts(), words.names, places.tolist()
    found: list[tuple[int, int, int]] = []
    for first, pair, known in likely:
        second = first + 1
        pairs_named, longer = known or words.begin(
            pair >> 32, pair & _SECOND, scanned.get(second) or names[tokens[second]]
        )
        found += [(first, second, concept) for concept in pairs_named]
        for patterns, concept in longer:
            last = first + len(patterns)
            following = range(second + 1, min(last + 1, len(tokens)))
            texts = (scanned.get(token) or names[tokens[token]] for token in following)
            if len(following) == len(patterns) - 1 and all(map(fits, patterns[1:], texts)):
                found.append((first, last, concept))
    return found
