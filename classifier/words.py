"""What a reader remembers of words: stem, columns of the word and of its letters, concepts, phrases.

In go the chunks between a text's blanks, out come the places of their tokens in arrays that a
whole mail is looked up in at once. A new word is worked out once; numbers and placeholders share
one place per kind. A chunk that holds nothing else than words is remembered with its tokens, so
that most text is not scanned at all. The memory is bounded: when MEMORY_WORDS are known it starts
anew, and so does that of chunks at MEMORY_CHUNKS.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import Phrase, fits, lexicon
from classifier.features import LETTER_GRAMS
from classifier.keys import GRAM, LETTER_BITS, NOTHING, STEM, SUBJECT_STEM, Keys, letter_numbers, windows
from classifier.masking import PLACEHOLDERS
from classifier.ragged import Grower, Integers, Ragged
from classifier.tokens import kind_of, number_kind, pieces, stem

CodesOf: TypeAlias = Callable[[Keys], NDArray[Any]]  # what is counted for keys: columns, or keys themselves
Row: TypeAlias = bytes  # places of the tokens of a chunk, PLACE_BYTES each: joined, they are an array

# Concepts that two neighbours name, and phrases that they begin.
Begun: TypeAlias = tuple[tuple[int, ...], tuple[Phrase, ...]]

NOTHING_BEGUN: Final[Begun] = ((), ())
PLACE_BYTES: Final = 8
MEMORY_WORDS: Final = 100_000
MEMORY_CHUNKS: Final = 50_000
NEXT_WORD_KEY: Final = 2  # letters of the next word that phrases are looked up by
HAN_RUN, FIELD_END = 0, 1  # the places of every Chinese run, and of the end of a field
END_CHUNK: Final = " end"  # stands for it between chunks; none of a text begins with a blank
IS_WORD, IS_STOP, NEGATES, NAMES_CONCEPT, BEGINS_PHRASE, IS_RUN = 1, 2, 4, 8, 16, 32
_NUMBERS_WITH_MEANING: Final = 3  # digits: 404, 500, 2 (of something)
_SHORTEST_MARK: Final = 24  # characters of a marking code, the only shape that digits alone may have
_LONGEST_CHUNK: Final = 40  # characters of one that is remembered
_HAN_NAME: Final = " han"  # names that begin with a blank are no words
_MAY_BE_MONEY: Final = "人卢"  # characters that 人民币 and 卢布 begin with
_LETTERS: Final = letter_numbers()


class _Named(NamedTuple):
    """A name of the memory: what lexicons look it up by, the stem that is counted for it, its kind."""

    name: str
    text: str
    root: str  # "" where nothing is counted
    kind: str


class Words:
    """The memory; `stem_numbers` has the number of each known stem, a growing one gets new ones.

    `roots` has the stems of words that need no stemmer, which takes most of the time of a new word.
    """

    def __init__(
        self, codes_of: CodesOf, stem_numbers: dict[str, int], roots: Mapping[str, str], *, growing: bool
    ) -> None:
        self._codes_of = codes_of
        self._roots = roots
        self._stem_numbers = stem_numbers
        self._growing = growing
        self._lexicon = lexicon()
        self.clear()

    def clear(self) -> None:
        """Forget all words."""
        code = np.int64 if self._growing else np.int32  # keys are longer than columns
        self._places: dict[str, int] = {_HAN_NAME: HAN_RUN, END_CHUNK: FIELD_END}
        self._chunks = dict(_FIRST_CHUNKS)
        self.names = [_HAN_NAME, "\n"]
        self.flags = Grower(np.uint8)
        self.flags.extend([IS_RUN, IS_STOP])
        self.stems = Grower(np.int64)  # of words that make pairs with their neighbours
        self.own, self.in_subject = Grower(code), Grower(code)  # codes of the word, and as one of a subject
        self.codes, self.concepts = Ragged(code), Ragged(np.int64)
        for each in (self.stems, self.own, self.in_subject):
            each.extend([NOTHING, NOTHING])
        for rows in (self.codes, self.concepts):
            rows.extend([0, 0], [])
        self._phrases: dict[int, dict[str, list[Phrase]]] = {}
        self.begun: dict[int, Begun] = {}  # by the places of two neighbours, the first in the upper half

    def rows_of(self, chunks: Sequence[str]) -> tuple[list[Row], dict[int, list[str]]]:
        """Return the places of the tokens of each chunk, and the texts of those that are not remembered."""
        if len(self._places) > MEMORY_WORDS:
            self.clear()
        if len(self._chunks) > MEMORY_CHUNKS:
            self._chunks = dict(_FIRST_CHUNKS)  # the words stay
        rows: list[Any] = list(map(self._chunks.get, chunks))
        absent = [number for number, row in enumerate(rows) if row is None]
        if not absent:
            return rows, {}
        texts = {chunk: pieces(chunk) for chunk in dict.fromkeys([chunks[number] for number in absent])}
        found = self._scanned_rows(texts)
        for number in absent:
            rows[number] = found[chunks[number]]
        return rows, {number: texts[chunks[number]] for number in absent}

    def _scanned_rows(self, texts: Mapping[str, list[str]]) -> dict[str, Row]:
        """Return the rows of chunks that had to be scanned, and remember those of words alone."""
        places = self._places
        names = {
            chunk: [text if text in places else _name(text) for text in some] for chunk, some in texts.items()
        }
        new = [name for named in names.values() for name in named if name not in places]
        if new:
            self.learn(dict.fromkeys(new))
        rows = {chunk: _row([places[name] for name in named]) for chunk, named in names.items()}
        for chunk, named in names.items():
            if len(chunk) <= _LONGEST_CHUNK and named == texts[chunk]:
                self._chunks[chunk] = rows[chunk]
        return rows

    def begin(self, place: int, next_place: int, next_text: str) -> Begun:
        """Return what a word and the token after it begin or are, remembered for a next word."""
        by_beginning = self._phrases[place]
        likely = by_beginning.get(next_text[:NEXT_WORD_KEY], [])
        if len(next_text) > 1:  # else it is the same key
            likely = by_beginning.get(next_text[:1], []) + likely
        begun = NOTHING_BEGUN
        if phrases := [phrase for phrase in likely if fits(phrase[0][0], next_text)]:
            pairs = tuple([concept for patterns, concept in phrases if len(patterns) == 1])
            begun = pairs, tuple([phrase for phrase in phrases if len(phrase[0]) > 1])
        if len(self.begun) >= MEMORY_WORDS:
            self.begun.clear()
        # A number or placeholder is known by its kind only. No lexicon begins a phrase's word with a stop
        # or a Chinese character.
        if self.flags.values[next_place] & (IS_WORD | IS_STOP | IS_RUN):
            self.begun[place << 32 | next_place] = begun
        return begun

    def learn(self, names: Iterable[str]) -> None:
        """Work out what is to be known of new words and kinds of numbers and placeholders."""
        new = [self._named(name) for name in names if name not in self._places]
        if not new:
            return
        stems = np.array([self._stem_number(word.root) for word in new], dtype=np.int64)
        own = self._codes_of(np.where(stems >= 0, STEM | stems, NOTHING))
        in_subject = np.array([word.kind not in {"stop", "number"} for word in new]) & (stems >= 0)
        first = len(self.flags)
        self._places |= {word.name: place for place, word in enumerate(new, start=first)}
        self.names += [word.name for word in new]
        self.stems.extend(np.where([word.kind != "stop" for word in new], stems, NOTHING))
        self.own.extend(own)
        self.in_subject.extend(self._codes_of(np.where(in_subject, SUBJECT_STEM | stems, NOTHING)))
        letters, owners = self._letter_codes(new)
        codes, whose = np.concatenate([own, letters]), np.concatenate([np.arange(len(new)), owners])
        order = np.flatnonzero(codes >= 0)
        order = order[np.argsort(whose[order], kind="stable")]
        self.codes.extend(np.bincount(whose[order], minlength=len(new)), codes[order])
        meanings = [self._meaning(word, first + number) for number, word in enumerate(new)]
        self.flags.extend([flags for flags, _ in meanings])
        named = [concepts for _, concepts in meanings]
        self.concepts.extend([len(concepts) for concepts in named], list(chain.from_iterable(named)))

    def written(self) -> list[str]:
        """Return the words that are known, as they are written."""
        return [name for name, flags in zip(self.names, self.flags.values, strict=True) if flags & IS_WORD]

    def _named(self, name: str) -> _Named:
        """Take a name apart again."""
        if name[0] == " ":
            return _Named(name, name[1:], name[1:], "placeholder" if name[1:] in PLACEHOLDERS else "number")
        root = self._roots.get(name)
        if root is not None:
            return _Named(name, name, root, "word")
        kind = kind_of(name)
        if kind == "stop":
            return _Named(name, name, name if name in "!?" else "", kind)
        return _Named(name, name, number_kind(name) if kind == "number" else stem(name), kind)

    def _stem_number(self, root: str) -> int:
        if not root:
            return NOTHING
        if self._growing:
            return self._stem_numbers.setdefault(root, len(self._stem_numbers))
        return self._stem_numbers.get(root, NOTHING)

    def _letter_codes(self, new: Sequence[_Named]) -> tuple[NDArray[Any], Integers]:
        """Return codes of letter n-grams and whose they are; the ends of a word count as blanks."""
        padded = [f" {word.name} " if word.kind == "word" else "" for word in new]
        points = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32)
        lengths = np.array([len(text) for text in padded])
        owners, ends = np.repeat(np.arange(len(padded)), lengths), np.repeat(np.cumsum(lengths), lengths)
        payloads, places = windows(_LETTERS[points], ends, LETTER_GRAMS, LETTER_BITS)
        return self._codes_of(GRAM | np.concatenate(payloads)), owners[np.concatenate(places)]

    def _meaning(self, word: _Named, place: int) -> tuple[int, tuple[int, ...]]:
        """Note the phrases that a new word may begin; returns its flags and concepts."""
        flags = IS_WORD * (word.kind == "word") + IS_STOP * (word.kind == "stop")
        flags += NEGATES * (word.text in self._lexicon.negations)
        concepts, phrases = self._lexicon.of_word(word.text, word.root if word.kind == "word" else word.text)
        if phrases:
            by_beginning = self._phrases.setdefault(place, {})
            for phrase in phrases:
                by_beginning.setdefault(phrase[0][0][0][:NEXT_WORD_KEY], []).append(phrase)
        return flags + NAMES_CONCEPT * bool(concepts) + BEGINS_PHRASE * bool(phrases), concepts


def _row(places: list[int]) -> Row:
    return array("q", places).tobytes()


def _name(piece: str) -> str:
    """Return under which name a token is remembered: a word as it is, a number or placeholder by its kind."""
    if "\u4e00" <= piece[0] <= "\u9fff" and piece[0] not in _MAY_BE_MONEY and "@" not in piece:
        return _HAN_NAME
    if piece.isdecimal() and _NUMBERS_WITH_MEANING < len(piece) < _SHORTEST_MARK:
        return f" {number_kind(piece)}"
    kind = kind_of(piece)
    if kind in {"word", "stop"} or (kind == "number" and len(piece) <= _NUMBERS_WITH_MEANING):
        return piece
    return f" {number_kind(piece) if kind == 'number' else kind}"


_FIRST_CHUNKS: Final[dict[str, Row]] = {"": b"", END_CHUNK: _row([FIELD_END])}
