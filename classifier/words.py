"""What a reader remembers of words: stem, columns of the word and of its letters, concepts, phrases.

In go tokens, out come their places in arrays that a whole batch is looked up in at once. A
new word is worked out once; numbers and placeholders share one place per kind. The memory is
bounded: when MEMORY_WORDS are known it starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import Phrase, fits, lexicon
from classifier.features import LETTER_GRAMS
from classifier.keys import GRAM, LETTER_BITS, NOTHING, STEM, Keys, letter_numbers, windows
from classifier.masking import PLACEHOLDERS
from classifier.tokens import kind_of, number_kind, stem

Integers = NDArray[np.int64]
CodesOf: TypeAlias = Callable[[Keys], Integers]  # what is counted for keys: columns, or the keys themselves

MEMORY_WORDS: Final = 100_000
NEXT_WORD_KEY: Final = 2  # letters of the next word that phrases are looked up by
HAN_RUN: Final = 0  # the place of every Chinese run
IS_WORD, IS_STOP, NEGATES, IN_SUBJECT, BEGINS_PHRASE = 1, 2, 4, 8, 16
_NUMBERS_WITH_MEANING: Final = 3  # digits: 404, 500, 2 (of something)
_HAN_NAME: Final = " han"  # names that begin with a blank are no words
_MAY_BE_MONEY: Final = "人卢"  # characters that 人民币 and 卢布 begin with
_LETTERS: Final = letter_numbers()


class Grower:
    """An array that grows at its end."""

    def __init__(self, dtype: Any) -> None:
        self._room = np.zeros(1024, dtype=dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, values: Sequence[Any] | NDArray[Any]) -> None:
        """Append values."""
        size = self._size + len(values)
        if size > len(self._room):
            room = np.zeros(max(size, 2 * len(self._room)), dtype=self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : size] = values
        self._size = size

    @property
    def values(self) -> NDArray[Any]:
        """Return all values, not to be kept."""
        return self._room[: self._size]


class Ragged:
    """Rows of different lengths, one after the other."""

    def __init__(self) -> None:
        self.starts, self.lengths, self._flat = Grower(np.int64), Grower(np.int64), Grower(np.int64)

    def extend(self, lengths: Sequence[int] | Integers, flat: Sequence[int] | Integers) -> None:
        """Append rows of these lengths."""
        self.starts.extend(len(self._flat) + np.cumsum(lengths) - lengths)
        self.lengths.extend(lengths)
        self._flat.extend(flat)

    def rows(self, places: Integers) -> tuple[Integers, Integers]:
        """Return the values of some rows, one row after the other, and how many each row has."""
        lengths = self.lengths.values.take(places)
        flat = np.repeat(self.starts.values.take(places) - lengths.cumsum() + lengths, lengths)
        flat += np.arange(len(flat))
        return self._flat.values.take(flat), lengths


class _Named(NamedTuple):
    """A name of the memory: what lexicons look it up by, the stem that is counted for it, its kind."""

    name: str
    text: str
    root: str  # "" where nothing is counted
    kind: str


class Words:
    """The memory; `stem_numbers` has the number of each known stem, a growing one gets new ones."""

    def __init__(self, codes_of: CodesOf, stem_numbers: dict[str, int], *, growing: bool) -> None:
        self._codes_of = codes_of
        self._stem_numbers = stem_numbers
        self._growing = growing
        self._lexicon = lexicon()
        self.clear()

    def clear(self) -> None:
        """Forget all words."""
        self._places: dict[str, int] = {_HAN_NAME: HAN_RUN}
        self.flags, self.stems, self.own = Grower(np.uint8), Grower(np.int64), Grower(np.int64)
        self.flags.extend([0])
        self.stems.extend([NOTHING])
        self.own.extend([NOTHING])
        self.codes, self.concepts = Ragged(), Ragged()
        self.codes.extend([0], [])
        self.concepts.extend([0], [])
        self._phrases: dict[int, dict[str, list[Phrase]]] = {}
        self.begun: dict[tuple[int, int], tuple[Phrase, ...]] = {}  # by places of two neighbours

    def places_of(self, pieces: Sequence[str]) -> Integers:
        """Return the places of tokens, learning those that are new."""
        if len(self._places) > MEMORY_WORDS:
            self.clear()
        found = np.fromiter(map(self._places.get, pieces, repeat(NOTHING)), np.int64, len(pieces))
        absent = (found < 0).nonzero()[0].tolist()
        if not absent:
            return found
        names = [_name(pieces[place]) for place in absent]
        self.learn(name for name in dict.fromkeys(names) if name not in self._places)
        found[absent] = [self._places[name] for name in names]
        return found

    def phrases_begun(self, place: int, next_place: int, next_text: str) -> tuple[Phrase, ...]:
        """Return the phrases that a word and the token after it begin, remembered for a next word."""
        by_beginning = self._phrases.get(place, {})
        keys = dict.fromkeys((next_text[:1], next_text[:NEXT_WORD_KEY]))
        likely = [phrase for key in keys if key in by_beginning for phrase in by_beginning[key]]
        phrases = tuple([phrase for phrase in likely if fits(phrase[0][0], next_text)])
        if len(self.begun) >= MEMORY_WORDS:
            self.begun.clear()
        if (
            next_place == HAN_RUN or self.flags.values[next_place] & IS_WORD
        ):  # all else is known by its kind only
            self.begun[place, next_place] = phrases
        return phrases

    def learn(self, names: Iterable[str]) -> None:
        """Work out what is to be known of new words and kinds of numbers and placeholders."""
        new = [_named(name) for name in names]
        if not new:
            return
        stems = np.array([self._stem_number(word.root) for word in new], dtype=np.int64)
        own = self._codes_of(np.where(stems >= 0, STEM | stems, NOTHING))
        first = len(self.flags)
        self._places |= {word.name: place for place, word in enumerate(new, start=first)}
        self.stems.extend(stems)
        self.own.extend(own)
        letters, owners = self._letter_codes(new)
        codes, whose = np.concatenate([own, letters]), np.concatenate([np.arange(len(new)), owners])
        order = np.flatnonzero(codes >= 0)
        order = order[np.argsort(whose[order], kind="stable")]
        self.codes.extend(np.bincount(whose[order], minlength=len(new)), codes[order])
        self.flags.extend([self._meaning(word, first + number) for number, word in enumerate(new)])

    def _stem_number(self, root: str) -> int:
        if not root:
            return NOTHING
        if self._growing:
            return self._stem_numbers.setdefault(root, len(self._stem_numbers))
        return self._stem_numbers.get(root, NOTHING)

    def _letter_codes(self, new: Sequence[_Named]) -> tuple[Integers, Integers]:
        """Return codes of letter n-grams and whose they are; the ends of a word count as blanks."""
        padded = [f" {word.name} " if word.kind == "word" else "" for word in new]
        points = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32)
        lengths = np.array([len(text) for text in padded])
        owners, ends = np.repeat(np.arange(len(padded)), lengths), np.repeat(np.cumsum(lengths), lengths)
        payloads, places = windows(_LETTERS[points], ends, LETTER_GRAMS, LETTER_BITS)
        return self._codes_of(GRAM | np.concatenate(payloads)), owners[np.concatenate(places)]

    def _meaning(self, word: _Named, place: int) -> int:
        """Note the concepts and phrases of a new word; returns its flags."""
        flags = IS_WORD * (word.kind == "word") + IS_STOP * (word.kind == "stop")
        flags += IN_SUBJECT * (word.kind not in {"stop", "number"})
        flags += NEGATES * (word.text in self._lexicon.negations)
        concepts, phrases = self._lexicon.of_word(word.text, word.root if word.kind == "word" else word.text)
        self.concepts.extend([len(concepts)], concepts)
        if phrases:
            by_beginning = self._phrases.setdefault(place, {})
            for phrase in phrases:
                by_beginning.setdefault(phrase[0][0][0][:NEXT_WORD_KEY], []).append(phrase)
        return flags + BEGINS_PHRASE * bool(phrases)


def _name(piece: str) -> str:
    """Return under which name a token is remembered: a word as it is, a number or placeholder by its kind."""
    if "\u4e00" <= piece[0] <= "\u9fff" and piece[0] not in _MAY_BE_MONEY and "@" not in piece:
        return _HAN_NAME
    kind = kind_of(piece)
    if kind in {"word", "stop"} or (kind == "number" and len(piece) <= _NUMBERS_WITH_MEANING):
        return piece
    return f" {number_kind(piece) if kind == 'number' else kind}"


def _named(name: str) -> _Named:
    """Take a name apart again."""
    if name[0] == " ":
        return _Named(name, name[1:], name[1:], "placeholder" if name[1:] in PLACEHOLDERS else "number")
    kind = kind_of(name)
    if kind == "stop":
        return _Named(name, name, name if name in "!?" else "", kind)
    return _Named(name, name, number_kind(name) if kind == "number" else stem(name), kind)
