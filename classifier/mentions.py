"""Concepts that a batch of documents names: by words, by several words, and inside Chinese runs.

In goes a sheet, out come all mentions with their tokens, denied where a negation stands just
before. A negation reaches NEGATION_REACH words forward, inside its clause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import Phrase, fits
from classifier.features import NEGATION_REACH, OPENING_CLAUSES
from classifier.runs import terms_in
from classifier.sheet import Flags, Integers, Sheet
from classifier.words import BEGINS_PHRASE, NEGATES, Words

_FIRST: Final = np.zeros(1, dtype=np.int64)


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
    concepts, lengths = words.concepts.rows(sheet.inside_words)
    first, last, named = _phrases(sheet, words)
    firsts = np.concatenate([np.arange(len(inside)).repeat(lengths), first])  # places among those inside
    denied, opening, tokens = _denied(sheet).take(firsts), _opening(sheet), inside.take(firsts)
    concepts, in_opening = np.concatenate([concepts, named]), opening.take(firsts)
    if sheet.has_places:
        lasts = np.concatenate([firsts[: len(firsts) - len(last)], last])
        starts, ends = sheet.starts.take(tokens), sheet.ends.take(inside.take(lasts))
    else:
        starts = ends = np.zeros(len(tokens), dtype=np.int64)
    found = Mentions(concepts, denied, tokens, starts, ends, in_opening)
    return found if not len(sheet.run_tokens) else _with_runs(found, sheet, opening)


def _with_runs(found: Mentions, sheet: Sheet, opening: Flags) -> Mentions:
    """Add the mentions inside Chinese runs."""
    terms = terms_in(sheet.runs)
    tokens = sheet.run_tokens[sheet.runs.owners[terms.places]]
    starts = sheet.starts[tokens] + sheet.runs.offsets[terms.places] if sheet.has_places else terms.places
    return Mentions(
        concepts=np.concatenate([found.concepts, terms.concepts]),
        denied=np.concatenate([found.denied, terms.denied]),
        tokens=np.concatenate([found.tokens, tokens]),
        starts=np.concatenate([found.starts, starts]),
        ends=np.concatenate([found.ends, starts + terms.sizes]),
        in_opening=np.concatenate([found.in_opening, opening[sheet.inside.searchsorted(tokens)]]),
    )


def _denied(sheet: Sheet) -> NDArray[np.bool_]:
    """Tell of each token inside whether a negation before it reaches it."""
    negations = (sheet.inside_flags & NEGATES).nonzero()[0]
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
    begins = np.concatenate([_FIRST, (mails[1:] != mails[:-1]).nonzero()[0] + 1])
    ends = np.concatenate([begins[1:], [len(places)]])
    after = begins  # where a mail's next clause begins; clauses are numbered through the batch
    for _ in range(OPENING_CLAUSES):
        after = clauses.searchsorted(clauses.take(np.minimum(after, ends - 1)), side="right")
    lengths = np.minimum(after, ends) - begins
    first = (begins - lengths.cumsum() + lengths).repeat(lengths)
    opening[places.take(first + np.arange(len(first)))] = True
    return opening


def _phrases(sheet: Sheet, words: Words) -> tuple[Integers, Integers, Integers]:
    """Return the concepts of several words: first and last of the tokens inside, and the concept."""
    places = sheet.inside_words
    begins = sheet.inside_flags & BEGINS_PHRASE > 0
    begins[:-1] &= sheet.clauses[1:] == sheet.clauses[:-1]
    begins[-1:] = False
    firsts = begins.nonzero()[0]
    pairs = list(zip(places.take(firsts).tolist(), places.take(firsts + 1).tolist(), strict=True))
    found: list[int] = []
    rows = zip(firsts.tolist(), pairs, map(words.begun.get, pairs), strict=True)
    for first, pair, known in [row for row in rows if row[2] != ()]:  # most pairs begin nothing
        begun = words.phrases_begun(*pair, sheet.texts[sheet.inside[first + 1]]) if known is None else known
        for phrase in begun:
            last = _last_of(phrase, sheet, first)
            if last is not None:
                found += (first, last, phrase[1])
    triples = np.array(found, dtype=np.int64)
    return triples[::3], triples[1::3], triples[2::3]


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
