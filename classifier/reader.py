"""Reading documents into counted columns, a whole batch at once.

In go documents, out come `Readings`: the distinct columns of each mail with their counts. Words
are looked up once each and remembered (`classifier.words`); pairs of words, Chinese n-grams and
concepts are arrays of exact keys (`classifier.keys`) looked up together, so that a batch costs
little more per mail than its tokens. A reader without a vocabulary counts the keys themselves:
training gives them columns when everything has been read (`classifier.material`), so training
and serving cannot read otherwise. Where a mail has to be explained, every occurrence is kept
with its span in the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from classifier.concepts import lexicon
from classifier.documents import Document
from classifier.features import CONCEPT, OPENING, QUOTED, context_tokens
from classifier.keys import HAN, NAME, NOTHING, SUBJECT_HAN, SUBJECT_STEM, Keys, KeyTable, pair_keys
from classifier.mentions import mentions_of
from classifier.sheet import SUBJECT_FIELD, Integers, Sheet, canvas_of, sheet_of
from classifier.space import Columns, Values
from classifier.spelling import Spelling
from classifier.tally import Readings, Tally
from classifier.words import IN_SUBJECT, Words

_ROLES: Final = (CONCEPT, OPENING, QUOTED)
_SUBJECT_SIZES: Final = (2, 3)  # characters of the Chinese n-grams that a subject has of its own
_SEEN_SIZE: Final = 2  # of Chinese n-grams: what is unknown is told by pairs


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

    def __init__(self, vocabulary: Sequence[str] | None = None) -> None:
        """Take the tokens that have columns, in their order."""
        self.spelling = Spelling()
        self._grows = vocabulary is None
        self._table = None
        if vocabulary is not None:
            keys = self.spelling.keys_of(vocabulary)
            self._table = KeyTable(keys, np.arange(len(keys)))
        self._memory = Words(self._codes, self.spelling.stems, growing=self._grows)
        known = self.spelling.names
        codes = self._codes(np.array([int(NAME) | number for number in known.values()], dtype=np.int64))
        self._codes_of_names = dict(zip(known, codes.tolist(), strict=True))
        names = [f"{role}{sign}{name}" for role in _ROLES for sign in ("", "!") for name in lexicon().names]
        named = np.array([self._code_of_name(name) for name in names])
        self._concepts = named.reshape(len(_ROLES), 2, -1)  # by role, denied or not, concept

    def read_all(self, documents: Sequence[Document], *, with_places: bool = False) -> Readings:
        """Read documents; `with_places` keeps every occurrence, for `reading`."""
        sheet = sheet_of(documents, self._memory, with_places=with_places)
        tally = Tally(sheet, self._codes)
        self._count_words(sheet, tally)
        self._count_runs(sheet, tally)
        self._count_concepts(sheet, tally)
        return tally.readings(self._memory, self._context(documents), len(documents))

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

    def _codes(self, keys: Keys) -> Integers:
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

    def _count_words(self, sheet: Sheet, tally: Tally) -> None:
        """Count neighbours in a clause, and the words of subjects once more, as those of a subject."""
        memory, inside = self._memory, sheet.inside
        stems = memory.stems.values.take(sheet.inside_words)
        has_stem = stems >= 0
        first = ((sheet.clauses[1:] == sheet.clauses[:-1]) & has_stem[1:] & has_stem[:-1]).nonzero()[0]
        second = first + 1
        keys = pair_keys(stems.take(first), stems.take(second))
        tally.add(keys, inside.take(first), last=inside.take(second))
        own = ((sheet.fields.take(inside) == SUBJECT_FIELD) & has_stem).nonzero()[0]
        own = own[sheet.inside_flags.take(own) & IN_SUBJECT > 0]
        tally.add(SUBJECT_STEM | stems[own], inside[own])

    def _count_runs(self, sheet: Sheet, tally: Tally) -> None:
        """Count the n-grams of Chinese runs, some of a subject once more."""
        runs = sheet.runs
        if not runs.texts:
            return
        tokens = sheet.run_tokens[runs.owners[runs.places]]
        starts = sheet.starts[tokens] + runs.offsets[runs.places] if sheet.has_places else runs.places
        own = np.flatnonzero((sheet.fields[tokens] == SUBJECT_FIELD) & np.isin(runs.sizes, _SUBJECT_SIZES))
        tally.add(
            SUBJECT_HAN | runs.payloads[own], tokens[own], spans=(starts[own], (starts + runs.sizes)[own])
        )
        tally.add(HAN | runs.payloads, tokens, spans=(starts, starts + runs.sizes))
        tally.add_seen(np.flatnonzero(runs.sizes == _SEEN_SIZE))

    def _count_concepts(self, sheet: Sheet, tally: Tally) -> None:
        """Count concepts in their roles; quoted text beside new text has a role of its own."""
        found = mentions_of(sheet, self._memory)
        history = sheet.history[found.tokens]
        denied = (found.denied & ~history).view(np.int8)
        roles = history * (_ROLES.index(QUOTED) - _ROLES.index(CONCEPT)) + _ROLES.index(CONCEPT)
        spans = found.starts, found.ends
        tally.add_codes(self._concepts[roles, denied, found.concepts], found.tokens, spans)
        first = np.flatnonzero(found.in_opening)
        codes = self._concepts[_ROLES.index(OPENING), denied[first], found.concepts[first]]
        tally.add_codes(codes, found.tokens[first], (found.starts[first], found.ends[first]))

    def _context(self, documents: Sequence[Document]) -> tuple[Integers, Integers]:
        """Return the codes of what is known beside the words, and their mails."""
        rows = [list(map(self._code_of_name, context_tokens(document))) for document in documents]
        codes = np.array(list(chain.from_iterable(rows)), dtype=np.int64)
        return codes, np.repeat(np.arange(len(rows)), [len(row) for row in rows])
