"""A batch of documents as one long row of tokens, with the arrays that everything else is counted from.

In go documents, out comes a `Sheet`: which token stands where, in which clause, field and mail,
and whether its field counts in full. Fields are cut at MAX_CHARS; a field is the end of a clause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.documents import Document
from classifier.masking import fold_all
from classifier.runs import NO_RUNS, Runs, runs_of
from classifier.tokens import pieces, spans
from classifier.words import HAN_RUN, IS_STOP, Words

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint8]

MAX_CHARS: Final = (300, 8_000, 4_000)  # of subject, text and quoted text
SUBJECT_FIELD, TEXT_FIELD, QUOTED_FIELD = range(3)
_FIELDS: Final = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """Arrays over all tokens, ends of clauses among them; `inside` has the places of the others."""

    texts: list[str]
    words: Integers  # places in the memory of words
    flags: Bits  # what the memory says of each word
    mails: Integers
    fields: Integers  # 0 to 2
    history: Flags  # quoted text beside new text: counts less
    starts: Integers  # in the canvas of the mail; empty when nobody asked for places
    ends: Integers
    inside: Integers  # tokens that are no ends of clauses
    inside_words: Integers  # per token inside, as above
    inside_flags: Bits
    clauses: Integers  # per token inside: the number of its clause in the batch
    body: Flags  # per token inside: of the text that the mail is judged by, the subject apart
    run_tokens: Integers  # tokens that are Chinese runs
    runs: Runs

    @property
    def has_history(self) -> bool:
        """Tell whether any token is history."""
        return bool(self.history.any())

    @property
    def has_places(self) -> bool:
        """Tell whether starts and ends are known."""
        return len(self.starts) == len(self.words)


def sheet_of(documents: Sequence[Document], words: Words, *, with_places: bool) -> Sheet:
    """Cut documents into tokens and look the words up."""
    fields = [
        text[:most]
        for one in documents
        for text, most in zip((one.subject, one.text, one.quoted), MAX_CHARS, strict=True)
    ]
    folded = fold_all(fields)
    rows = [pieces(text) for text in folded]
    texts = list(chain.from_iterable(rows))
    found = words.places_of(texts)
    numbers = np.repeat(np.arange(len(fields)), [len(row) for row in rows])
    mails = numbers // _FIELDS
    kinds = numbers - mails * _FIELDS
    leans = np.array([one.quoted != "" and one.leans_on_quote for one in documents], dtype=bool)
    history = (kinds == QUOTED_FIELD) & ~leans[mails]
    starts, ends = _places(fields, folded) if with_places else (np.empty(0, np.int64), np.empty(0, np.int64))
    flags = words.flags.values.take(found)
    is_stop = flags & IS_STOP > 0
    inside = (~is_stop).nonzero()[0]
    begins = np.ones(len(found), dtype=bool)
    begins[1:] = is_stop[:-1] | (numbers[1:] != numbers[:-1])
    run_tokens = (found == HAN_RUN).nonzero()[0]
    return Sheet(
        texts=texts,
        words=found,
        flags=flags,
        mails=mails,
        fields=kinds,
        history=history,
        starts=starts,
        ends=ends,
        inside=inside,
        inside_words=found.take(inside),
        inside_flags=flags.take(inside),
        clauses=begins.cumsum().take(inside),
        body=((kinds != SUBJECT_FIELD) & ~history)[inside],
        run_tokens=run_tokens,
        runs=runs_of([texts[token] for token in run_tokens.tolist()]) if len(run_tokens) else NO_RUNS,
    )


def canvas_of(document: Document) -> str:
    """Return the text that places refer to: subject, text and quoted text with a line end between."""
    fields = (document.subject, document.text, document.quoted)
    return "\n".join(text[:most] for text, most in zip(fields, MAX_CHARS, strict=True))


def _places(fields: Sequence[str], folded: Sequence[str]) -> tuple[Integers, Integers]:
    """Return where the tokens of all fields begin and end, each in the canvas of its mail."""
    flat: list[int] = []
    base = 0
    for number, text in enumerate(folded):
        base = 0 if number % _FIELDS == 0 else base + len(fields[number - 1]) + 1
        for start, end in spans(text):
            flat += (base + start, base + end)
    pairs = np.array(flat, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
