"""Adding up a batch: occurrences of codes in mails become rows of distinct columns with counts.

In go blocks of occurrences, out come `Readings`. One sort of whole numbers that hold mail,
column and weight does the work; what is history counts QUOTED_COUNT.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.features import QUOTED_COUNT
from classifier.keys import Keys
from classifier.sheet import Flags, Integers, Sheet
from classifier.words import HAN_RUN, IS_WORD, CodesOf, Words

Values = NDArray[np.float64]

_HALF: Final = 1.0 - QUOTED_COUNT
_NONE: Final = np.empty(0, dtype=np.int64)
_FIRST: Final = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every occurrence of a batch in the order of its mails; the ones of a group share a span."""

    codes: Integers
    mails: Integers
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
    seen_mails: Integers  # mails and codes of what may be unseen: words, pairs of Chinese characters
    seen_codes: Integers
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


@dataclass(slots=True)
class Tally:
    """Keys found in one sheet, to be looked up together at the end; codes that need no looking up follow."""

    sheet: Sheet
    codes_of: CodesOf
    _keys: list[Keys] = field(default_factory=list)
    _codes: list[Integers] = field(default_factory=list)
    _tokens: list[Integers] = field(default_factory=list)
    _spans: list[tuple[Integers, Integers]] = field(default_factory=list)
    _seen: list[tuple[int, Integers]] = field(default_factory=list)

    def add(
        self,
        keys: Keys,
        tokens: Integers,
        *,
        last: Integers | None = None,
        spans: tuple[Integers, Integers] | None = None,
    ) -> None:
        """Add one key per token; its span ends with the token `last`, or is given. Codes come after keys."""
        self._keys.append(keys)
        self._tokens.append(tokens)
        if self.sheet.has_places:
            ends = tokens if last is None else last
            self._spans.append(spans or (self.sheet.starts[tokens], self.sheet.ends[ends]))

    def add_codes(self, codes: Integers, tokens: Integers, spans: tuple[Integers, Integers]) -> None:
        """Add one code per token, with its span."""
        self._codes.append(codes)
        self._tokens.append(tokens)
        if self.sheet.has_places:
            self._spans.append(spans)

    def add_seen(self, places: Integers) -> None:
        """Say which of the keys added last may be unknown words."""
        self._seen.append((sum(map(len, self._keys[:-1])), places))

    def readings(self, words: Words, context: tuple[Integers, Integers], mails: int) -> Readings:
        """Add everything up; `context` has codes that belong to mails as a whole, and their mails."""
        sheet = self.sheet
        tokens = np.concatenate(self._tokens)
        owners = np.concatenate([sheet.mails.take(tokens), context[1]])
        codes = np.concatenate([self.codes_of(np.concatenate(self._keys)), *self._codes, context[0]])
        is_word = sheet.flags & IS_WORD > 0
        fresh = is_word.nonzero()[0]
        row_codes, lengths = words.codes.rows(sheet.words)
        known = (codes >= 0).nonzero()[0]
        all_codes = np.concatenate([row_codes, codes.take(known)])
        all_owners = np.concatenate([sheet.mails.repeat(lengths), owners.take(known)])
        all_history, pairs = None, self._seen_pairs()
        if sheet.has_history:
            history = np.concatenate([sheet.history.take(tokens), np.zeros(len(context[1]), dtype=bool)])
            all_history = np.concatenate([sheet.history.repeat(lengths), history.take(known)])
            fresh, pairs = fresh[~sheet.history[fresh]], pairs[~history[pairs]]
        starts, columns, counts = added_up(all_codes, all_owners, all_history, mails)
        fresh_words, fresh_mails = sheet.words.take(fresh), sheet.mails.take(fresh)
        return Readings(
            starts=starts,
            columns=columns,
            counts=counts,
            words=np.bincount(fresh_mails, minlength=mails) + self._characters(mails),
            seen_mails=np.concatenate([fresh_mails, owners.take(pairs)]),
            seen_codes=np.concatenate([words.own.values.take(fresh_words), codes.take(pairs)]),
            occurrences=self._occurrences(all_codes, all_owners, all_history, lengths, known, is_word)
            if sheet.has_places
            else None,
        )

    def _seen_pairs(self) -> Integers:
        """Return which keys are pairs of Chinese characters that may be unknown."""
        return np.concatenate([first + places for first, places in self._seen]) if self._seen else _NONE

    def _characters(self, mails: int) -> Integers | int:
        """Return per mail how many Chinese characters are no history."""
        sheet = self.sheet
        if not len(sheet.run_tokens):
            return 0
        runs = sheet.run_tokens[sheet.runs.owners]  # a token for each character
        return np.bincount(sheet.mails[runs[~sheet.history[runs]]], minlength=mails)

    def _occurrences(
        self,
        codes: Integers,
        owners: Integers,
        history: Flags | None,
        lengths: Integers,
        known: Integers,
        is_word: Flags,
    ) -> Occurrences:
        """Put all occurrences and their groups into the order of the mails."""
        sheet = self.sheet
        beside = np.zeros(int(known.max(initial=0)) + 1, dtype=np.int64)  # the context has no place
        starts, ends = (
            np.concatenate([*(span[side] for span in self._spans), beside])[known] for side in (0, 1)
        )
        alone = owners[len(owners) - len(known) :]
        groups = np.concatenate(
            [
                np.stack([lengths, sheet.starts, sheet.ends, sheet.mails], axis=1),
                np.stack([np.ones(len(known), dtype=np.int64), starts, ends, alone], axis=1),
            ]
        )
        order = np.argsort(owners, kind="stable")
        is_run = sheet.words == HAN_RUN
        shown = np.flatnonzero(is_word | is_run)
        return Occurrences(
            codes=codes[order],
            mails=owners[order],
            shares=np.ones(len(order)) if history is None else np.where(history[order], QUOTED_COUNT, 1.0),
            groups=groups[np.argsort(groups[:, 3], kind="stable")],
            units=np.stack(
                [sheet.starts[shown], sheet.ends[shown], is_run[shown], sheet.mails[shown]], axis=1
            ),
        )


def added_up(
    codes: Integers, owners: Integers, history: Flags | None, mails: int
) -> tuple[Integers, Integers, Values]:
    """Return starts of the rows, distinct codes and counts; codes are any numbers from 0 to 2**63.

    `history` tells what is quoted; None when nothing is.
    """
    names: Integers | None = None
    if int(codes.max(initial=0)) >= 1 << 30:  # keys, not columns: their places take less room
        names, codes = np.unique(codes, return_inverse=True)
    bits = int(codes.max(initial=0)).bit_length()
    bare = (owners << bits) | codes
    if history is not None:
        bare <<= 1
        bare |= history
    bare.sort()
    cells = bare
    if history is not None:
        bare = cells >> 1
    first = np.concatenate([_FIRST[: len(bare)], (bare[1:] != bare[:-1]).nonzero()[0] + 1])
    counts = np.concatenate([first[1:], [len(bare)]])[: len(first)] - first.astype(np.float64)
    if history is not None:
        counts -= _HALF * np.add.reduceat(cells & 1, first)
    found = bare.take(first)
    columns = found & (1 << bits) - 1
    return (
        found.searchsorted(np.arange(mails + 1) << bits),
        columns if names is None else names[columns],
        counts,
    )
