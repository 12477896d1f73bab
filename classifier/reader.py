"""Reading a document into counted columns, each occurrence with its span.

In goes a `Document`, out comes a `Reading`. Spans refer to the canvas: subject, text and quoted
text with a line end between. Everything is bounded: fields are cut at MAX_CHARS, words at the
scanner's limit, the memory of words at MEMORY_WORDS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import Phrase, fits, lexicon
from classifier.documents import Document
from classifier.features import (
    CONCEPT,
    CONCEPT_ROLES,
    HAN_GRAMS,
    HAN_NEGATION_REACH,
    NEGATION_REACH,
    OPENING,
    OPENING_CLAUSES,
    QUOTED,
    QUOTED_COUNT,
    WORD,
    context_tokens,
    letter_grams,
    subject_token,
)
from classifier.masking import fold
from classifier.space import Columns, Values
from classifier.tokens import Token, number_kind, scan, stem

MAX_CHARS: Final = {"subject": 300, "text": 8_000, "quoted": 4_000}
MEMORY_WORDS: Final = 100_000
_NEXT_WORD_KEY: Final = 2  # letters of the next word that phrases are looked up by
UNKNOWN: Final = -1  # the column of a token that the space does not know
_NUMBERS_WITH_MEANING: Final = 3  # digits: 404, 500, 2 (of something)


class Word(NamedTuple):
    """What the reader remembers of a word."""

    stem: str
    columns: tuple[int, ...]  # its own and those of its letter n-grams, the known ones
    is_known: bool
    concepts: tuple[int, ...]
    phrases: dict[str, list[Phrase]]  # that it may begin, by how the next word begins
    negates: bool


class Mention(NamedTuple):
    """A concept at a span; denied when a negation stands before it."""

    concept: int
    is_denied: bool
    start: int
    end: int


@dataclass(slots=True)
class _Sheet:
    """What has been counted so far."""

    columns: list[int] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)  # flat triples: how many columns, start, end
    units: list[int] = field(default_factory=list)  # flat triples: start, end, 1 for a Chinese run
    reduced_from: int | None = None  # columns from here on count QUOTED_COUNT
    words: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as distinct columns with counts, and every occurrence behind them."""

    columns: Columns
    counts: Values
    canvas: str
    places: Columns  # per occurrence: which of `columns` it counts for
    shares: Values  # per occurrence: what it counts
    spans: NDArray[
        np.int64
    ]  # how many occurrences, start and end in the canvas; equal where there is no word
    units: NDArray[np.int64]  # start, end of what may be shown: words (0) and Chinese runs (1)
    words: int
    unseen_share: float  # of the words, how many the vocabulary does not know


class Reader:
    """Reads documents by a vocabulary; a growing one gives every new token the next column."""

    def __init__(self, vocabulary: dict[str, int], *, growing: bool = False) -> None:
        self.vocabulary = vocabulary
        self._growing = growing
        self._lexicon = lexicon()
        self._words: dict[str, Word] = {}
        self._roles: dict[tuple[str, bool], dict[int, int]] = {
            (role, denied): {} for role in CONCEPT_ROLES for denied in (False, True)
        }
        self._han: dict[str, tuple[int, tuple[int, ...]]] = {}
        if not growing:
            known = [token for token in vocabulary if "\u4e00" <= token[0] <= "\u9fff"]
            for piece in (*known, *self._lexicon.han):
                self._han[piece] = (vocabulary.get(piece, UNKNOWN), self._lexicon.han.get(piece, ()))

    def read(self, document: Document) -> Reading:
        """Count the columns of a document."""
        subject = document.subject[: MAX_CHARS["subject"]]
        text = document.text[: MAX_CHARS["text"]]
        quoted = document.quoted[: MAX_CHARS["quoted"]]
        canvas = f"{subject}\n{text}\n{quoted}"
        sheet = _Sheet()
        for token in context_tokens(document):
            self._count(token, 0, 0, sheet)
        start = len(subject) + 1
        heading = self._read_field(fold(subject), 0, sheet, is_subject=True)
        body = self._read_field(fold(text), start, sheet)
        start += len(text) + 1
        if document.leans_on_quote:
            body += self._read_field(fold(quoted), start, sheet)
            self._mention(heading + body, CONCEPT, sheet)
            self._mention(body[:OPENING_CLAUSES], OPENING, sheet)
            return _reading(canvas, sheet)
        self._mention(heading + body, CONCEPT, sheet)
        self._mention(body[:OPENING_CLAUSES], OPENING, sheet)
        seen = sheet.words, sheet.unseen
        sheet.reduced_from = len(sheet.columns)
        history = self._read_field(fold(quoted), start, sheet)
        self._mention(history, QUOTED, sheet)
        sheet.words, sheet.unseen = seen
        return _reading(canvas, sheet)

    def _column(self, token: str) -> int:
        if self._growing:
            return self.vocabulary.setdefault(token, len(self.vocabulary))
        return self.vocabulary.get(token, UNKNOWN)

    def _count(self, token: str, start: int, end: int, sheet: _Sheet) -> None:
        column = self._column(token)
        if column >= 0:
            sheet.columns.append(column)
            sheet.spans += (1, start, end)

    def _read_field(
        self, folded: str, base: int, sheet: _Sheet, *, is_subject: bool = False
    ) -> list[list[Mention]]:
        """Count the words of a field; returns its concepts clause by clause."""
        clauses: list[list[Mention]] = []
        clause: list[Token] = []
        for token in scan(folded):
            if is_subject:
                for name, start, end in subject_token(token):
                    self._count(name, start, end, sheet)
            kind, text, start, end = token
            if kind != "stop":
                clause.append(token)
                continue
            if text in "!?":
                self._count(WORD + text, base + start, base + end, sheet)
            if clause:
                clauses.append(self._read_clause(clause, base, sheet))
                clause = []
        if clause:
            clauses.append(self._read_clause(clause, base, sheet))
        return clauses

    def _read_clause(self, tokens: list[Token], base: int, sheet: _Sheet) -> list[Mention]:
        """Count the words of a clause and pairs of neighbours; returns its concepts."""
        mentions: list[Mention] = []
        before, before_start = "", 0
        denied_until = -1
        for index, (kind, text, start, end) in enumerate(tokens):
            start += base  # noqa: PLW2901 - the span in the canvas is all that is wanted
            end += base  # noqa: PLW2901
            if kind == "han":
                sheet.units += (start, end, 1)
                self._read_han(text, start, sheet, mentions)
                before = ""
                continue
            word = self._word(kind, text)
            sheet.columns += word.columns
            sheet.spans += (len(word.columns), start, end)
            if kind == "word":
                sheet.units += (start, end, 0)
                sheet.words += 1
                sheet.unseen += not word.is_known
            if before:
                self._count(f"{before} {word.stem}", before_start, end, sheet)
            before, before_start = word.stem, start
            if word.concepts or word.phrases:
                is_denied = index <= denied_until
                mentions += [Mention(concept, is_denied, start, end) for concept in word.concepts]
                for concept, last in _phrases_at(word, tokens, index):
                    mentions.append(Mention(concept, is_denied, start, base + tokens[last][3]))
            if word.negates:
                denied_until = index + NEGATION_REACH
        return mentions

    def _read_han(self, run: str, start: int, sheet: _Sheet, mentions: list[Mention]) -> None:
        """Count the n-grams of a Chinese run and note its concepts."""
        columns, spans = sheet.columns, sheet.spans
        longest = max(HAN_GRAMS, self._lexicon.longest_han)
        for offset in range(len(run)):
            at = start + offset
            size = 0
            for size in range(1, min(longest, len(run) - offset) + 1):
                entry = self._han_entry(run[offset : offset + size])
                if entry is None:
                    break
                column, concepts = entry
                if column >= 0:
                    columns.append(column)
                    spans += (1, at, at + size)
                if concepts:
                    before = run[max(0, offset - HAN_NEGATION_REACH) : offset]
                    is_denied = any(word in before for word in self._lexicon.han_negations)
                    mentions += [Mention(concept, is_denied, at, at + size) for concept in concepts]
            sheet.words += 1
            sheet.unseen += size < 2 and offset + 1 < len(run)  # not even two characters are known

    def _han_entry(self, piece: str) -> tuple[int, tuple[int, ...]] | None:
        """Return column and concepts of a piece; None when nothing that begins with it is known."""
        if not self._growing:
            return self._han.get(piece)
        concepts = self._lexicon.han.get(piece)
        if len(piece) <= HAN_GRAMS:
            return self._column(piece), concepts or ()
        return None if concepts is None else (UNKNOWN, concepts)

    def _word(self, kind: str, text: str) -> Word:
        """Return what is known of a token that is no Chinese run."""
        if kind != "word" and not (kind == "number" and len(text) <= _NUMBERS_WITH_MEANING):
            text = number_kind(text) if kind == "number" else kind
        known = self._words.get(text)
        if known is None:
            if len(self._words) >= MEMORY_WORDS:
                self._words.clear()
            known = self._words[text] = self._learn(text, is_word=kind == "word")
        return known

    def _learn(self, text: str, *, is_word: bool) -> Word:
        if is_word:
            root, grams = stem(text), [self._column(gram) for gram in letter_grams(text)]
        else:
            root, grams = number_kind(text) if text.isdigit() else text, []
        own = self._column(WORD + root)
        concepts, phrases = self._lexicon.of_word(text)
        by_beginning: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            by_beginning.setdefault(phrase[0][0][0][:_NEXT_WORD_KEY], []).append(phrase)
        return Word(
            stem=root,
            columns=tuple(column for column in (own, *grams) if column >= 0),
            is_known=own >= 0,
            concepts=concepts,
            phrases=by_beginning,
            negates=text in self._lexicon.negations,
        )

    def _mention(self, clauses: list[list[Mention]], role: str, sheet: _Sheet) -> None:
        """Count the concepts of clauses in one role."""
        for clause in clauses:
            for mention in clause:
                is_denied = mention.is_denied and role != QUOTED
                columns = self._roles[role, is_denied]
                column = columns.get(mention.concept)
                if column is None:
                    name = self._lexicon.names[mention.concept]
                    column = self._column(f"{role}{'!' if is_denied else ''}{name}")
                    columns[mention.concept] = column
                if column >= 0:
                    sheet.columns.append(column)
                    sheet.spans += (1, mention.start, mention.end)


def _phrases_at(word: Word, tokens: list[Token], index: int) -> Iterator[tuple[int, int]]:
    """Yield the concepts of several words that begin at a token, with the place of their last word."""
    if not word.phrases or index + 1 == len(tokens):
        return
    next_text = tokens[index + 1][1]
    for size in range(1, _NEXT_WORD_KEY + 1):
        for patterns, concept in word.phrases.get(next_text[:size], ()):
            last = index + len(patterns)
            if last < len(tokens) and all(map(fits, patterns, (token[1] for token in tokens[index + 1 :]))):
                yield concept, last


def _reading(canvas: str, sheet: _Sheet) -> Reading:
    columns = np.array(sheet.columns, dtype=np.int64)
    shares = np.ones(len(columns))
    if sheet.reduced_from is not None:
        shares[sheet.reduced_from :] = QUOTED_COUNT
    unique, places = np.unique(columns, return_inverse=True)
    return Reading(
        columns=unique,
        counts=np.bincount(places, weights=shares, minlength=len(unique)).astype(np.float64),
        canvas=canvas,
        places=places,
        shares=shares,
        spans=np.array(sheet.spans, dtype=np.int64).reshape(-1, 3),
        units=np.array(sheet.units, dtype=np.int64).reshape(-1, 3),
        words=sheet.words,
        unseen_share=sheet.unseen / sheet.words if sheet.words else 1.0,
    )
