"""What all fits of one training share: labelled mails, typical requests and letters as rows of one matrix.

Every text is read once, by a reader that counts keys; columns are given when all is read. Only
counts are kept, in small numbers, so that a hundred thousand mails fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.dataset import Example, letter_examples, phrase_examples
from classifier.features import MIN_DOCUMENTS, WORD
from classifier.keys import TEXT_FAMILIES, families
from classifier.reader import Reader
from classifier.tally import Readings
from classifier.tokens import stem

READING_SHARE: Final = 0.3  # of the whole time
MOST_ROOTS: Final = 30_000
_BATCH: Final = 512  # texts read together
_MOST_INT32: Final = np.iinfo(np.int32).max
_NO_PLACES: Final = np.empty(0, dtype=np.int32)
_NO_HALVES: Final = np.empty(0, dtype=np.uint16)

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that the fits share: `mails` are judged, `phrases` (requests and letters) only teach."""

    mails: list[Example]
    phrases: list[Example]
    tokens: list[str]
    counts: Any  # scipy matrix, a row for each mail and then each phrase
    labels: NDArray[np.intp]
    topics: tuple[str, ...]
    words: NDArray[np.int64]  # per mail: words and Chinese characters
    seen: Any  # scipy matrix, a row for each mail: its words and pairs of Chinese characters
    rare_words: NDArray[np.int64]  # per mail: how many of those have no column
    roots: dict[str, str]  # words as they are written with their stems, the commonest stems first

    @property
    def sample_weights(self) -> NDArray[np.float64]:
        """Return how much each row counts."""
        return np.array([example.weight for example in (*self.mails, *self.phrases)])

    @property
    def truth(self) -> NDArray[np.intp]:
        """Return the labels of the mails alone."""
        return self.labels[: len(self.mails)]


def prepare(examples: Sequence[Example], tell: Progress) -> Material:
    """Read every text once. Raises ValueError for fewer than two topics."""
    mails = sorted(examples, key=lambda example: example.id)
    topics = tuple(sorted({example.topic for example in mails}))
    if len(topics) < 2:
        msg = f"training needs mails of two topics at least, got {len(topics)}: add labelled mails"
        raise ValueError(msg)
    phrases = [one for one in (*phrase_examples(), *letter_examples()) if one.topic in topics]
    reader = Reader()
    pile = _read([*mails, *phrases], reader, tell)
    columns = _columns(pile)
    counts, seen = pile.counted.matrix(columns), pile.seen.matrix(columns)
    place = {topic: number for number, topic in enumerate(topics)}
    known = np.asarray(seen.sum(axis=1)).ravel()
    tokens = reader.spelling.tokens_of(columns.tolist())
    return Material(
        mails=mails,
        phrases=phrases,
        tokens=tokens,
        counts=counts,
        labels=np.array([place[example.topic] for example in (*mails, *phrases)]),
        topics=topics,
        words=np.concatenate(pile.words)[: len(mails)],
        seen=seen[: len(mails)],
        rare_words=(np.concatenate(pile.seen_sizes) - known)[: len(mails)].round().astype(np.int64),
        roots=_roots(reader.written_words(), tokens, np.bincount(counts.indices, minlength=len(tokens))),
    )


def _roots(words: Sequence[str], tokens: Sequence[str], frequency: NDArray[np.int64]) -> dict[str, str]:
    """Return the stems of words whose stem has a column, those in the most rows first."""
    rows = {
        token[1:]: count for token, count in zip(tokens, frequency.tolist(), strict=True) if token[0] == WORD
    }
    known = [(word, root) for word in words if (root := stem(word)) in rows]
    known.sort(key=lambda pair: (-rows[pair[1]], pair))
    return dict(known[:MOST_ROOTS])


@dataclass(slots=True)
class _Rows:
    """Rows of a matrix whose columns are still keys, batch by batch; counts are kept in halves."""

    keys: list[NDArray[np.int64]] = field(default_factory=list)  # per batch, in order
    places: list[NDArray[np.int32]] = field(default_factory=list)  # which of the keys
    halves: list[NDArray[np.uint16]] = field(default_factory=list)
    lengths: list[NDArray[np.int64]] = field(default_factory=list)  # of the rows

    def add(self, keys: NDArray[np.int64], counts: NDArray[np.float64], lengths: NDArray[np.int64]) -> None:
        """Add the rows of one batch, the distinct keys of each with their counts."""
        distinct, places = np.unique(keys, return_inverse=True)
        self.keys.append(distinct)
        self.places.append(places.astype(np.int32))
        self.halves.append((2 * counts).astype(np.uint16))
        self.lengths.append(lengths)

    def frequencies(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all keys and in how many rows each occurs."""
        keys, places = np.unique(np.concatenate(self.keys), return_inverse=True)
        rows = np.concatenate([np.bincount(part) for part in self.places])
        return keys, np.bincount(places, weights=rows).astype(np.int64)

    def matrix(self, columns: NDArray[np.int64]) -> Any:
        """Return the rows as a scipy matrix of these keys, in single precision; lets go of each batch."""
        from scipy import sparse

        found = [_columns_of(keys, columns) for keys in self.keys]
        entries = sum(
            int((new >= 0) @ np.bincount(part)) for new, part in zip(found, self.places, strict=True)
        )
        indices, data = np.empty(entries, dtype=np.int32), np.empty(entries, dtype=np.float32)
        starts = [np.zeros(1, dtype=np.int64)]
        end = 0
        for number, new in enumerate(found):
            here = new.take(self.places[number])
            kept = (here >= 0).nonzero()[0]
            bounds = kept.searchsorted(self.lengths[number].cumsum())
            begin, end = end, end + len(kept)
            starts.append(begin + bounds)
            indices[begin:end] = here.take(kept)
            data[begin:end] = self.halves[number].take(kept) / 2
            self.places[number], self.halves[number] = _NO_PLACES, _NO_HALVES
        bounds = np.concatenate(starts).astype(np.int32 if entries < _MOST_INT32 else np.int64)
        return sparse.csr_matrix((data, indices, bounds), shape=(len(bounds) - 1, len(columns)))


def _columns_of(keys: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the place of each key among the sorted keys of columns, -1 for those without one."""
    places = np.minimum(columns.searchsorted(keys), len(columns) - 1)
    return np.where(columns[places] == keys, places, -1).astype(np.int32)


@dataclass(slots=True)
class _Pile:
    """What has been read."""

    counted: _Rows = field(default_factory=_Rows)
    seen: _Rows = field(default_factory=_Rows)
    words: list[NDArray[np.int64]] = field(default_factory=list)
    seen_sizes: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, readings: Readings) -> None:
        """Add a batch."""
        mails = len(readings.words)
        self.counted.add(readings.columns, readings.counts, np.diff(readings.starts))
        order = np.argsort(readings.seen_mails, kind="stable")
        self.seen_sizes.append(np.bincount(readings.seen_mails, minlength=mails))
        self.seen.add(readings.seen_codes[order], np.ones(len(order)), self.seen_sizes[-1])
        self.words.append(readings.words)


def _read(examples: Sequence[Example], reader: Reader, tell: Progress) -> _Pile:
    pile = _Pile()
    for start in range(0, len(examples), _BATCH):
        tell(READING_SHARE * start / len(examples), "reading texts")
        pile.add(reader.read_all([example.document for example in examples[start : start + _BATCH]]))
    return pile


def _columns(pile: _Pile) -> NDArray[np.int64]:
    """Return the keys that get columns, in order: those in enough rows, of too many the most frequent."""
    from classifier.pipeline import MOST_COLUMNS

    keys, frequency = pile.counted.frequencies()
    least = np.where(np.isin(families(keys), TEXT_FAMILIES), MIN_DOCUMENTS["text"], 1)
    kept = np.flatnonzero(frequency >= least)
    if len(kept) > MOST_COLUMNS:
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:MOST_COLUMNS]])
    return keys[kept]
