"""A batch of documents as one row of tokens, with what everything else is counted from.

In go documents, out comes a `Sheet`: the places of their tokens in the memory of words, mail after
mail and field after field, each field ended by a token of its own. Fields are cut at MAX_CHARS;
the end of a field is the end of a clause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.documents import Document
from classifier.features import OPENING_CLAUSES
from classifier.masking import fold_all
from classifier.ragged import Integers, ranges
from classifier.runs import Runs, runs_of
from classifier.tokens import chunks, spans
from classifier.words import END_CHUNK, FIELD_END, IS_RUN, IS_STOP, PLACE_BYTES, Row, Words

Flags = NDArray[np.bool_]
Bits = NDArray[np.uint8]

MAX_CHARS: Final = (300, 8_000, 4_000)  # of subject, text and quoted text
SUBJECT_FIELD, TEXT_FIELD, QUOTED_FIELD = range(3)
NO_INTEGERS: Final = np.empty(0, dtype=np.int64)
_FIRST: Final = np.zeros(1, dtype=np.int64)


class Sheet(NamedTuple):
    """The tokens of a batch. A named tuple: for a mail that comes alone, each costs as much as a step."""

    places: Integers  # per token: its place in the memory of words
    flags: Bits  # what the memory says of it
    kinds: int  # all flags of all tokens
    mails: NDArray[np.int32]  # per token
    subjects: Integers  # tokens of the subjects
    openings: tuple[Integers, Integers]  # per mail: where the first clauses of its text begin and end
    history: Flags | None  # per token: quoted text beside new text, which counts less; None without any
    run_tokens: Integers  # tokens that are Chinese runs
    runs: Runs | None
    starts: Integers  # per token, in the canvas of the mail; empty when nobody asked for places
    ends: Integers
    rows: Sequence[Row]  # the same tokens chunk by chunk
    scanned: dict[int, list[str]]  # texts of the chunks that are not remembered

    def scanned_texts(self) -> dict[int, str]:
        """Return the text of each token that was scanned; those of all others are their names."""
        return _scanned_texts(self.rows, self.scanned)

    @property
    def has_places(self) -> bool:
        """Tell whether starts and ends are known."""
        return len(self.starts) > 0


def sheet_of(documents: Sequence[Document], words: Words, *, with_places: bool) -> Sheet:
    """Cut documents into tokens and look the words up."""
    fields = list(chain.from_iterable(map(_fields, documents)))
    folded = fold_all(fields)
    cut: list[str] = []
    for text in folded:
        if text:
            cut += chunks(text)
        cut.append(END_CHUNK)
    rows, scanned = words.rows_of(cut)
    places = np.frombuffer(b"".join(rows), dtype=np.int64)
    flags = words.flags.values.take(places)
    kinds = int(np.bitwise_or.reduce(flags)) if len(flags) else 0
    field_ends = (places == FIELD_END).nonzero()[0].reshape(-1, len(MAX_CHARS))
    mail_ends = field_ends[:, QUOTED_FIELD] + 1
    mail_begins = np.concatenate([_FIRST[: len(documents)], mail_ends[:-1]])
    history = _history(documents, field_ends, len(places))
    run_tokens, runs = NO_INTEGERS, None
    if kinds & IS_RUN:
        run_tokens, texts = (flags & IS_RUN).nonzero()[0], _scanned_texts(rows, scanned)
        runs = runs_of([texts[token] for token in run_tokens.tolist()])
    starts, ends = _places(fields, folded) if with_places else (NO_INTEGERS, NO_INTEGERS)
    return Sheet(
        places=places,
        flags=flags,
        kinds=kinds,
        mails=np.arange(len(documents), dtype=np.int32).repeat(mail_ends - mail_begins),
        subjects=ranges(mail_begins, field_ends[:, SUBJECT_FIELD]),
        openings=_openings(flags, history, field_ends),
        history=history,
        run_tokens=run_tokens,
        runs=runs,
        starts=starts,
        ends=ends,
        rows=rows,
        scanned=scanned,
    )


def canvas_of(document: Document) -> str:
    """Return the text that places refer to: subject, text and quoted text with a line end between."""
    return "\n".join(_fields(document))


def _fields(document: Document) -> list[str]:
    subject, text, quoted = MAX_CHARS
    return [document.subject[:subject], document.text[:text], document.quoted[:quoted]]


def _scanned_texts(rows: Sequence[Row], scanned: Mapping[int, list[str]]) -> dict[int, str]:
    begins = list(accumulate(map(len, rows), initial=0))  # in bytes
    return {
        token: text
        for number, texts in scanned.items()
        for token, text in enumerate(texts, start=begins[number] // PLACE_BYTES)
    }


def _history(documents: Sequence[Document], field_ends: Integers, tokens: int) -> Flags | None:
    """Tell of each token whether it stands in quoted text beside new text."""
    beside = [number for number, one in enumerate(documents) if one.quoted and not one.leans_on_quote]
    if not beside:
        return None
    history = np.zeros(tokens, dtype=bool)
    for _, begin, end in field_ends[beside].tolist():
        history[begin:end] = True
    return history


def _openings(flags: Bits, history: Flags | None, field_ends: Integers) -> tuple[Integers, Integers]:
    """Return where the first clauses of each text begin and end; a clause begins behind one stop or more."""
    stops = flags & IS_STOP > 0
    clauses = (stops[:-1] > stops[1:]).nonzero()[0] + 1
    begins, ends = field_ends[:, SUBJECT_FIELD] + 1, field_ends[:, QUOTED_FIELD]
    if history is not None:
        ends = np.where(history[ends - 1], field_ends[:, TEXT_FIELD], ends)
    after = np.append(clauses, len(flags)).take(clauses.searchsorted(begins) + OPENING_CLAUSES, mode="clip")
    return begins, np.minimum(after, ends)


def _places(fields: Sequence[str], folded: Sequence[str]) -> tuple[Integers, Integers]:
    """Return where all tokens begin and end, each in the canvas of its mail."""
    flat: list[int] = []
    base = 0
    for number, (field, text) in enumerate(zip(fields, folded, strict=True)):
        if number % len(MAX_CHARS) == 0:
            base = 0
        for start, end in spans(text):
            flat += (base + start, base + end)
        base += len(field)
        flat += (base, base)
        base += 1
    pairs = np.array(flat, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
