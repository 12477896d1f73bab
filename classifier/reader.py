"""Reading documents into counted columns, a whole batch at once.

In go documents, out come `Readings`: the distinct columns of each mail with their counts. Words
and chunks of text are looked up once each and remembered (`classifier.words`); pairs of words,
Chinese n-grams and concepts are arrays of exact keys (`classifier.keys`) looked up together, so
that a batch costs little more per mail than its tokens. A reader without a vocabulary counts the
keys themselves: training gives them columns when everything has been read (`classifier.material`),
so training and serving cannot read otherwise. Where a mail has to be explained, every occurrence
is kept with its span in the canvas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from classifier.concepts import lexicon
from classifier.documents import Document
from classifier.features import CONCEPT, OPENING, QUOTED, context_tokens
from classifier.keys import HAN, NAME, NOTHING, SUBJECT_HAN, Keys, KeyTable, pair_keys
from classifier.mentions import mentions_of
from classifier.ragged import Integers
from classifier.runs import Runs
from classifier.sheet import NO_INTEGERS, Sheet, canvas_of, sheet_of
from classifier.space import Columns, Values
from classifier.spelling import Spelling
from classifier.tally import Block, Codes, Readings, readings_of
from classifier.words import IS_RUN, NEGATES, Words

_ROLES: Final = (CONCEPT, OPENING, QUOTED)
_SUBJECT_SIZES: Final = (2, 3)  # characters of the Chinese n-grams that a subject has of its own
_SEEN_SIZE: Final = 2  # of Chinese n-grams: what is unknown is told by pairs
LEARNT_AT_ONCE: Final = 6_000  # words: nine of ten of a new mail's
_MEMORY_CONTEXTS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Reading:
    """One document as distinct columns with counts, and every occurrence behind them."""

    columns: Columns
    counts: Values
    canvas: str
    places: Columns  # per occurrence: which of `columns` it counts for
    shares: Values  # per occurrence: what it counts
    spans: Integers  # how many occurrences, start and end in the canvas; equal where there is no word
    units: Integers  # start, end of what may be shown: words (0) and Chinese runs (1)


class Reader:
    """Reads documents by a vocabulary; without one it counts keys, and its spelling grows."""

    def __init__(
        self, vocabulary: Sequence[str] | None = None, roots: Mapping[str, str] | None = None
    ) -> None:
        """Take the tokens that have columns, in their order, and stems of words, the commonest first.

        The first LEARNT_AT_ONCE words are learnt here, so that a process that has just started, and those
        that it forks, need not learn them from the first mails; the stemmer is spared for all of them.
        """
        self.spelling = Spelling()
        self.roots = roots or {}
        self._grows = vocabulary is None
        self._table = None
        if vocabulary is not None:
            keys = self.spelling.keys_of(vocabulary)
            self._table = KeyTable(keys, np.arange(len(keys), dtype=np.int32))
        self._memory = Words(self._codes, self.spelling.stems, self.roots, growing=self._grows)
        self._memory.learn(islice(self.roots, LEARNT_AT_ONCE))
        known = self.spelling.names
        codes = self._codes(np.array([int(NAME) | number for number in known.values()], dtype=np.int64))
        self._codes_of_names = dict(zip(known, codes.tolist(), strict=True))
        self._contexts: dict[tuple[str, str, tuple[str, ...]], Codes] = {}
        names = [f"{role}{sign}{name}" for role in _ROLES for sign in ("", "!") for name in lexicon().names]
        named = np.array([self._code_of_name(name) for name in names], dtype=codes.dtype)
        self._concepts = named.reshape(len(_ROLES), 2, -1)  # by role, denied or not, concept

    def read_all(self, documents: Sequence[Document], *, with_places: bool = False) -> Readings:
        """Read documents; `with_places` keeps every occurrence, for `reading`."""
        sheet = sheet_of(documents, self._memory, with_places=with_places)
        blocks = [self._pairs(sheet), self._subjects(sheet), *self._concept_roles(sheet)]
        seen_pairs = None
        if sheet.runs is not None:
            runs, seen_pairs = self._windows(sheet, sheet.runs)
            blocks += runs
        return readings_of(sheet, self._memory, blocks, seen_pairs, list(map(self._context, documents)))

    def read(self, document: Document) -> Reading:
        """Read one document with every occurrence."""
        return self.reading(self.read_all([document], with_places=True), 0, document)

    def reading(self, readings: Readings, number: int, document: Document) -> Reading:
        """Return one mail of a batch. Raises ValueError for a batch that was read without places."""
        found = readings.occurrences
        if found is None:
            msg = "the batch was read without places: read it again with them"
            raise ValueError(msg)
        columns, counts = readings.row(number)
        mine, groups, units = (
            slice(*np.searchsorted(mails, [number, number + 1]))
            for mails in (found.mails, found.groups[:, 3], found.units[:, 3])
        )
        return Reading(
            columns=columns,
            counts=counts,
            canvas=canvas_of(document),
            places=np.searchsorted(columns, found.codes[mine]),
            shares=found.shares[mine],
            spans=found.groups[groups, :3],
            units=found.units[units, :3],
        )

    def written_words(self) -> list[str]:
        """Return the words that were met, as they are written."""
        return self._memory.written()

    def _codes(self, keys: Keys) -> Codes:
        """Return what is counted for keys: columns of the vocabulary, or the keys themselves."""
        return keys if self._table is None else self._table.get(keys)

    def _code_of_name(self, token: str) -> int:
        """Return what is counted for a token that is no word; NOTHING for an unknown one."""
        code = self._codes_of_names.get(token)
        if code is not None or not self._grows:
            return NOTHING if code is None else code
        names = self.spelling.names
        code = int(NAME) | names.setdefault(token, len(names))
        self._codes_of_names[token] = code
        return code

    def _pairs(self, sheet: Sheet) -> Block:
        """Return neighbours in a clause: what is no word, or is unknown, makes a key that none has."""
        stems = self._memory.stems.values.take(sheet.places)
        tokens = (np.minimum(stems[1:], stems[:-1]) >= 0).nonzero()[0]
        keys = pair_keys(stems.take(tokens), stems.take(tokens + 1))
        if not sheet.has_places:
            return Block(self._codes(keys), tokens, NO_INTEGERS, NO_INTEGERS)
        return Block(self._codes(keys), tokens, sheet.starts.take(tokens), sheet.ends.take(tokens + 1))

    def _subjects(self, sheet: Sheet) -> Block:
        """Return the words of subjects once more, as those of a subject."""
        tokens = sheet.subjects
        codes = self._memory.in_subject.values.take(sheet.places.take(tokens))
        if not sheet.has_places:
            return Block(codes, tokens, NO_INTEGERS, NO_INTEGERS)
        return Block(codes, tokens, sheet.starts.take(tokens), sheet.ends.take(tokens))

    def _windows(self, sheet: Sheet, runs: Runs) -> tuple[list[Block], Block]:
        """Return the n-grams of Chinese runs, some of a subject once more, and the pairs among them."""
        tokens = sheet.run_tokens.take(runs.owners.take(runs.places))
        own = (np.isin(tokens, sheet.subjects) & np.isin(runs.sizes, _SUBJECT_SIZES)).nonzero()[0]
        codes = self._codes(np.concatenate([HAN | runs.payloads, SUBJECT_HAN | runs.payloads.take(own)]))
        starts, ends = NO_INTEGERS, NO_INTEGERS
        if sheet.has_places:
            starts = sheet.starts.take(tokens) + runs.offsets.take(runs.places)
            ends = starts + runs.sizes
        windows = Block(codes[: len(tokens)], tokens, starts, ends)
        in_subjects = Block(codes[len(tokens) :], *_chosen(windows, own)[1:])
        return [windows, in_subjects], _chosen(windows, (runs.sizes == _SEEN_SIZE).nonzero()[0])

    def _concept_roles(self, sheet: Sheet) -> list[Block]:
        """Return concepts in their roles; quoted text beside new text has a role of its own."""
        found = mentions_of(sheet, self._memory)
        table, size = self._concepts.ravel(), self._concepts.shape[-1]
        denied = found.denied * np.int64(size) if sheet.kinds & (NEGATES | IS_RUN) else 0
        places = found.concepts + denied
        if sheet.history is not None:
            quoted = found.concepts + 2 * size * _ROLES.index(QUOTED)
            places = np.where(sheet.history.take(found.tokens), quoted, places)
        everywhere = Block(table.take(places), found.tokens, found.starts, found.ends)
        begins, ends = sheet.openings
        mails = sheet.mails.take(found.tokens)
        is_first = (found.tokens >= begins.take(mails)) & (found.tokens < ends.take(mails))
        first = is_first.nonzero()[0]
        opening = table.take(places.take(first) + 2 * size * _ROLES.index(OPENING))
        return [everywhere, Block(opening, *_chosen(everywhere, first)[1:])]

    def _context(self, document: Document) -> Codes:
        """Return the codes of what is known beside the words, remembered: a desk has few of them."""
        key = (document.mailbox, document.marketplace, document.attachment_kinds)
        codes = self._contexts.get(key)
        if codes is None:
            found = list(map(self._code_of_name, context_tokens(document)))
            codes = np.array(found, dtype=self._concepts.dtype)
            if len(self._contexts) >= _MEMORY_CONTEXTS:
                self._contexts.clear()
            self._contexts[key] = codes
        return codes


def _chosen(block: Block, places: Integers) -> Block:
    """Return some of the occurrences of a block."""
    codes, tokens, starts, ends = block
    if not len(starts):
        return Block(codes.take(places), tokens.take(places), starts, ends)
    return Block(codes.take(places), tokens.take(places), starts.take(places), ends.take(places))
