"""Adding up a batch: occurrences of codes in mails become rows of distinct columns with counts.

In go blocks of occurrences, out come `Readings`. One sort of whole numbers that hold mail,
column and weight does the work; what is history counts QUOTED_COUNT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.features import QUOTED_COUNT
from classifier.keys import STEM_BITS
from classifier.ragged import Integers
from classifier.sheet import Flags, Sheet
from classifier.words import IS_RUN, IS_WORD, Words

Values = NDArray[np.float64]
Mails = NDArray[np.int32]
Codes = NDArray[Any]  # columns in 32 bits while serving, keys in 64 while learning; NOTHING where unknown

_HALF: Final = 1.0 - QUOTED_COUNT
_FIRST: Final = np.zeros(1, dtype=np.int64)
_MOST_COLUMN: Final = 1 << STEM_BITS  # from here on a code is a key
_BITS: Final = 31  # of a cell that holds mail, column and weight in 32


class Block(NamedTuple):
    """Occurrences of one kind: each code with the token that it begins at and its place in the canvas."""

    codes: Codes
    tokens: Integers
    starts: Integers  # empty when nobody asked for places
    ends: Integers


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every occurrence of a batch in the order of its mails; the ones of a group share a span."""

    codes: Codes
    mails: Mails
    shares: Values
    groups: Integers  # rows: how many occurrences, start, end, mail
    units: Integers  # rows: start, end, 1 for a Chinese run, mail: what may be shown


@dataclass(frozen=True, slots=True)
class Readings:
    """A batch as rows of counted columns; row n is from starts[n] to starts[n + 1]."""

    starts: Integers
    columns: Integers
    counts: Values
    words: Integers  # per mail: words and Chinese characters that are no history
    seen_mails: Mails  # mails and codes of what may be unseen: words, pairs of Chinese characters
    seen_codes: Codes
    occurrences: Occurrences | None

    def row(self, number: int) -> tuple[Integers, Values]:
        """Return columns and counts of one mail."""
        part = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.columns[part], self.counts[part]

    @property
    def unseen_shares(self) -> Values:
        """Return per mail the share of its words and Chinese characters that the vocabulary does not know."""
        unseen = np.bincount(self.seen_mails[self.seen_codes < 0], minlength=len(self.words))
        return np.where(self.words > 0, unseen / np.maximum(self.words, 1), 1.0)


def readings_of(
    sheet: Sheet, words: Words, blocks: Sequence[Block], seen_pairs: Block | None, context: Sequence[Codes]
) -> Readings:
    """Add everything up.

    `seen_pairs` are pairs of Chinese characters that may be unknown, `context` has for each mail the codes
    that belong to it as a whole.
    """
    rows, lengths = words.codes.rows(sheet.places)
    others = np.concatenate([*(block.codes for block in blocks), *context])
    known = (others >= 0).nonzero()[0]
    tokens = np.concatenate([block.tokens for block in blocks])
    beside = np.arange(len(context), dtype=np.int32).repeat([len(codes) for codes in context])
    codes = np.concatenate([rows, others.take(known)])
    owners = np.concatenate([sheet.mails.take(tokens), beside], dtype=np.int32, casting="same_kind").take(
        known
    )
    owners = np.concatenate([sheet.mails.repeat(lengths), owners])
    history = None
    if sheet.history is not None:
        quoted = np.concatenate([sheet.history.take(tokens), np.zeros(len(beside), dtype=bool)])
        history = np.concatenate([sheet.history.repeat(lengths), quoted.take(known)])
    starts, columns, counts = added_up(codes, owners, history, len(context))
    seen_words, seen_mails, seen_codes = _seen(sheet, words, seen_pairs, len(context))
    return Readings(
        starts=starts,
        columns=columns,
        counts=counts,
        words=seen_words,
        seen_mails=seen_mails,
        seen_codes=seen_codes,
        occurrences=_occurrences(sheet, blocks, lengths, known, (codes, owners, history))
        if sheet.has_places
        else None,
    )


def _seen(sheet: Sheet, words: Words, seen_pairs: Block | None, mails: int) -> tuple[Integers, Mails, Codes]:
    """Return how many words and Chinese characters each mail has, and what of them may be unseen."""
    fresh = (sheet.flags & IS_WORD).nonzero()[0]
    if sheet.history is not None:
        fresh = fresh[~sheet.history.take(fresh)]
    owners, codes = sheet.mails.take(fresh), words.own.values.take(sheet.places.take(fresh))
    counts = np.bincount(owners, minlength=mails)
    if seen_pairs is None or sheet.runs is None:
        return counts, owners, codes
    characters, pairs = sheet.run_tokens.take(sheet.runs.owners), seen_pairs.tokens
    known = seen_pairs.codes
    if sheet.history is not None:
        characters = characters[~sheet.history.take(characters)]
        known, pairs = known[~sheet.history.take(pairs)], pairs[~sheet.history.take(pairs)]
    counts += np.bincount(sheet.mails.take(characters), minlength=mails)
    return counts, np.concatenate([owners, sheet.mails.take(pairs)]), np.concatenate([codes, known])


def _occurrences(
    sheet: Sheet,
    blocks: Sequence[Block],
    lengths: Integers,
    known: Integers,
    found: tuple[Codes, Mails, Flags | None],
) -> Occurrences:
    """Put all occurrences and their groups into the order of the mails; the context has no place."""
    codes, owners, history = found
    beside = np.zeros(int(known.max(initial=0)) + 1, dtype=np.int64)
    starts = np.concatenate([*(block.starts for block in blocks), beside]).take(known)
    ends = np.concatenate([*(block.ends for block in blocks), beside]).take(known)
    alone = np.stack([np.ones(len(known), dtype=np.int64), starts, ends, owners[len(owners) - len(known) :]])
    rows = np.stack([lengths, sheet.starts, sheet.ends, sheet.mails])
    groups = np.concatenate([rows, alone], axis=1).T
    order = np.argsort(owners, kind="stable")
    shown = (sheet.flags & (IS_WORD | IS_RUN)).nonzero()[0]
    is_run = sheet.flags.take(shown) & IS_RUN > 0
    return Occurrences(
        codes=codes[order],
        mails=owners[order],
        shares=np.ones(len(order)) if history is None else np.where(history[order], QUOTED_COUNT, 1.0),
        groups=groups[np.argsort(groups[:, 3], kind="stable")],
        units=np.stack([sheet.starts[shown], sheet.ends[shown], is_run, sheet.mails[shown]], axis=1),
    )


def added_up(
    codes: Codes, owners: Mails, history: Flags | None, mails: int
) -> tuple[Integers, Integers, Values]:
    """Return starts of the rows, distinct codes and counts; codes are any numbers from 0 to 2**63.

    `history` tells what is quoted; None when nothing is.
    """
    names: Codes | None = None
    most = int(codes.max(initial=0))
    if most >= _MOST_COLUMN:  # keys, not columns: their places take less room
        names, codes = np.unique(codes, return_inverse=True)
        most = len(names)
    bits, weighs = most.bit_length(), int(history is not None)
    bare = _cells(codes, bits + weighs + mails.bit_length())
    if mails > 1:
        bare |= owners.astype(bare.dtype, copy=False) << bits
    if history is not None:
        bare <<= 1
        bare |= history
    bare.sort()
    cells = bare
    if history is not None:
        bare = cells >> 1
    first = np.concatenate([_FIRST[: len(bare)], (bare[1:] != bare[:-1]).nonzero()[0] + 1])
    counts = np.empty(len(first))
    np.subtract(first[1:], first[:-1], out=counts[:-1])
    counts[-1:] = len(bare) - first[-1:]
    if history is not None:
        counts -= _HALF * np.add.reduceat(cells & 1, first)
    found = bare.take(first)
    columns = (found & (1 << bits) - 1).astype(np.int64)
    return (
        found.searchsorted((np.arange(mails + 1) << bits).astype(found.dtype)),
        columns if names is None else names[columns],
        counts,
    )


def _cells(codes: Codes, bits: int) -> Codes:
    """Return a copy with room for so many bits: half the bytes are sorted in half the time."""
    return codes.astype(np.int32) if bits <= _BITS else codes.astype(np.int64)
