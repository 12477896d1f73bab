"""What all fits of one training share: labelled mails and typical requests as rows of one matrix.

Every text is read once, growing the vocabulary; only its counts are kept, so that a hundred
thousand mails fit into memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.dataset import Example, phrase_examples
from classifier.features import WORD
from classifier.reader import Reader

READING_SHARE: Final = 0.3  # of the whole time

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that the fits share: `mails` are judged, `phrases` only teach."""

    mails: list[Example]
    phrases: list[Example]
    words: NDArray[np.int64]  # per mail
    tokens: list[str]
    counts: Any  # scipy matrix, a row for each mail and then each phrase
    labels: NDArray[np.intp]
    topics: tuple[str, ...]
    is_word: NDArray[np.bool_]  # per token: words, and pairs of Chinese characters
    rare_words: NDArray[np.float64]  # per mail: occurrences of words that no other mail has

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
    from classifier.pipeline import without_rare

    mails = sorted(examples, key=lambda example: example.id)
    topics = tuple(sorted({example.topic for example in mails}))
    if len(topics) < 2:
        msg = f"training needs mails of two topics at least, got {len(topics)}: add labelled mails"
        raise ValueError(msg)
    phrases = [phrase for phrase in phrase_examples() if phrase.topic in topics]
    reader = Reader({}, growing=True)
    all_counts, words = _count([*mails, *phrases], reader, tell)
    in_mails = all_counts[: len(mails)] @ are_words(list(reader.vocabulary)).astype(np.float64)
    tokens, counts = without_rare(reader, all_counts)
    is_word = are_words(tokens)
    place = {topic: number for number, topic in enumerate(topics)}
    return Material(
        mails=mails,
        phrases=phrases,
        words=words[: len(mails)],
        tokens=tokens,
        counts=counts,
        labels=np.array([place[example.topic] for example in (*mails, *phrases)]),
        topics=topics,
        is_word=is_word,
        rare_words=in_mails - counts[: len(mails)] @ is_word.astype(np.float64),
    )


def _count(examples: Sequence[Example], reader: Reader, tell: Progress) -> tuple[Any, NDArray[np.int64]]:
    """Return the matrix of counts and the number of words of each text."""
    from scipy import sparse

    columns, counts, starts, words = array("i"), array("d"), array("q", [0]), array("q")
    for index, example in enumerate(examples):
        if index % 100 == 0:
            tell(READING_SHARE * index / len(examples), "reading texts")
        reading = reader.read(example.document)
        columns.frombytes(reading.columns.astype(np.int32).tobytes())
        counts.frombytes(reading.counts.tobytes())
        starts.append(len(columns))
        words.append(reading.words)
    indptr = np.frombuffer(starts, np.int64)
    matrix = sparse.csr_matrix(
        (
            np.frombuffer(counts, np.float64),
            np.frombuffer(columns, np.int32),
            indptr.astype(np.int32) if indptr[-1] < np.iinfo(np.int32).max else indptr,
        ),
        shape=(len(examples), len(reader.vocabulary)),
    )
    return matrix, np.frombuffer(words, np.int64)


def are_words(tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which tokens the share of unseen words is about."""
    return np.array(
        [token[0] == WORD or (len(token) == 2 and "\u4e00" <= token[0] <= "\u9fff") for token in tokens]
    )
