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
from classifier.sheet import Flags, Integers, Sheet
from classifier.words import HAN_RUN, IS_WORD, Words

Values = NDArray[np.float64]

_HALF: Final = 1.0 - QUOTED_COUNT


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
    """Blocks of occurrences of one sheet."""

    sheet: Sheet
    _codes: list[Integers] = field(default_factory=list)
    _mails: list[Integers] = field(default_factory=list)
    _history: list[Flags] = field(default_factory=list)
    _groups: list[Integers] = field(default_factory=list)
    _seen: list[tuple[Integers, Integers]] = field(default_factory=list)

    def add(
        self,
        codes: Integers,
        tokens: Integers,
        *,
        last: Integers | None = None,
        spans: tuple[Integers, Integers] | None = None,
    ) -> None:
        """Add one code per token; its span ends with the token `last`, or is given."""
        known = np.flatnonzero(codes >= 0)
        tokens = tokens[known]
        self._note(codes[known], self.sheet.mails[tokens], self.sheet.history[tokens])
        if self.sheet.has_places:
            ends = tokens if last is None else last[known]
            starts, ends = (
                (self.sheet.starts[tokens], self.sheet.ends[ends])
                if spans is None
                else (spans[0][known], spans[1][known])
            )
            self._group(np.ones(len(tokens), dtype=np.int64), starts, ends, self.sheet.mails[tokens])

    def add_rows(self, codes: Integers, lengths: Integers) -> None:
        """Add known codes, of every token of the sheet as many as its length says."""
        sheet = self.sheet
        self._note(codes, np.repeat(sheet.mails, lengths), np.repeat(sheet.history, lengths))
        if sheet.has_places:
            self._group(lengths, sheet.starts, sheet.ends, sheet.mails)

    def add_mails(self, codes: Integers, mails: Integers) -> None:
        """Add codes that belong to mails as a whole."""
        known = np.flatnonzero(codes >= 0)
        self._note(codes[known], mails[known], np.zeros(len(known), dtype=bool))
        if self.sheet.has_places:
            nowhere = np.zeros(len(known), dtype=np.int64)
            self._group(np.ones(len(known), dtype=np.int64), nowhere, nowhere, mails[known])

    def add_seen(self, codes: Integers, tokens: Integers) -> None:
        """Add what may be unknown; history says nothing of that."""
        fresh = np.flatnonzero(~self.sheet.history[tokens])
        self._seen.append((self.sheet.mails[tokens[fresh]], codes[fresh]))

    def _note(self, codes: Integers, mails: Integers, history: Flags) -> None:
        self._codes.append(codes)
        self._mails.append(mails)
        self._history.append(history)

    def _group(self, sizes: Integers, starts: Integers, ends: Integers, mails: Integers) -> None:
        self._groups.append(np.stack([sizes, starts, ends, mails], axis=1))

    def readings(self, mails: int, words: Words) -> Readings:
        """Add everything up."""
        codes, owners = np.concatenate(self._codes), np.concatenate(self._mails)
        history = np.concatenate(self._history)
        starts, columns, counts = added_up(codes, owners, history, mails)
        flags = words.flags.values[self.sheet.words]
        sizes = np.where(flags & IS_WORD > 0, 1, 0)
        sizes[self.sheet.run_tokens] = [len(text) for text in self.sheet.runs.texts]
        seen_mails, seen_codes = map(np.concatenate, zip(*self._seen, strict=True))
        return Readings(
            starts=starts,
            columns=columns,
            counts=counts,
            words=np.bincount(self.sheet.mails, weights=sizes * ~self.sheet.history, minlength=mails).astype(
                np.int64
            ),
            seen_mails=seen_mails,
            seen_codes=seen_codes,
            occurrences=self._occurrences(codes, owners, history, flags) if self.sheet.has_places else None,
        )

    def _occurrences(
        self, codes: Integers, owners: Integers, history: Flags, flags: NDArray[np.uint8]
    ) -> Occurrences:
        """Put all occurrences and their groups into the order of the mails."""
        sheet = self.sheet
        order = np.argsort(owners, kind="stable")
        groups = np.concatenate(self._groups)
        shown = np.flatnonzero((flags & IS_WORD > 0) | (sheet.words == HAN_RUN))
        is_run = (sheet.words[shown] == HAN_RUN).astype(np.int64)
        return Occurrences(
            codes=codes[order],
            mails=owners[order],
            shares=np.where(history[order], QUOTED_COUNT, 1.0),
            groups=groups[np.argsort(groups[:, 3], kind="stable")],
            units=np.stack([sheet.starts[shown], sheet.ends[shown], is_run, sheet.mails[shown]], axis=1),
        )


def added_up(
    codes: Integers, owners: Integers, history: Flags, mails: int
) -> tuple[Integers, Integers, Values]:
    """Return starts of the rows, distinct codes and counts; codes are any numbers from 0 to 2**63."""
    names: Integers | None = None
    if int(codes.max(initial=0)) >= 1 << 30:  # keys, not columns: their places take less room
        names, codes = np.unique(codes, return_inverse=True)
    width = int(codes.max(initial=0)) + 1
    cells = np.sort((owners * width + codes) * 2 + history)
    begins = np.ones(len(cells), dtype=bool)
    begins[1:] = cells[1:] >> 1 != cells[:-1] >> 1
    first = np.flatnonzero(begins)
    lengths = np.diff(first, append=len(cells))
    halves = np.add.reduceat(cells & 1, first) if len(cells) else np.zeros(0)
    rows, columns = np.divmod(cells[first] >> 1, width)
    return (
        np.searchsorted(rows, np.arange(mails + 1)),
        columns if names is None else names[columns],
        lengths - _HALF * halves,
    )
