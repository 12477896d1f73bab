"""What a piece of text between two blanks holds: words that may begin an entry of a list, and signs.

In go word lists and signs, out comes a memory that answers for a piece ("заказ,") at once when it was met
before. Mails share nearly all their words, so hardly any is worked out twice. Pieces with digits are
remembered by their outline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from intake.extraction.lexicon import CJK_FROM, LETTER, Words
from intake.extraction.signs import Signs

WORD: Final = re.compile(f"[{LETTER}]+")
JOINERS: Final = frozenset("0123456789_")  # a word right behind one of these begins nothing
MAX_PIECE: Final = 40  # characters; a longer one is not remembered
MAX_REMEMBERED: Final = 20_000  # pieces; hostile text must not fill the memory
WIDE: Final = re.compile(f"[{CJK_FROM}-\uffef]")
_NUMERIC: Final = "0123456789.,:;-"
_DIGIT: Final = re.compile("[0-9]")
_OUTLINE: Final = str.maketrans("123456789", "000000000")
_Value = TypeVar("_Value")


class Step(NamedTuple):
    """What to do at a word for one list: take `length` characters, or let the expressions decide.

    They decide where one of `before` stands behind the word (None: wherever it stands).
    """

    name: str
    length: int
    patterns: tuple[re.Pattern[str], ...]
    before: frozenset[str] | None


class Place(NamedTuple):
    """A word that may begin something: `steps` where one of `before` stands behind it, else `fixed`.

    `fixed` are list names with the length of the entry that the word is by itself.

    Where `before` is None the steps are always to be done; a single letter has none, since the character
    behind it decides.
    """

    start: int
    end: int
    before: frozenset[str] | None
    steps: tuple[Step, ...]
    fixed: tuple[tuple[str, int], ...] = ()


class Piece(NamedTuple):
    """What a piece holds; whether a sign of `maybe` stands in the text, the piece alone cannot tell."""

    places: tuple[Place, ...]
    signs: frozenset[str]
    maybe: frozenset[str]


Known = Piece | None  # None: nothing
NUMBERED: Final = Piece((), frozenset(), frozenset())  # begins with a digit what begins an entry: 69码


class Steps(dict[str, tuple[Step, ...]]):
    """What to do at a word, or at two characters of which the first is no word or a single letter."""

    def __init__(self, lists: Mapping[str, Words]) -> None:
        super().__init__()
        self._lists = lists
        self.by_key: dict[str, list[str]] = {}  # first one or two characters of an entry -> names of lists
        for name, words in lists.items():
            for key in words.first_characters():
                self.by_key.setdefault(key, []).append(name)

    def __missing__(self, word: str) -> tuple[Step, ...]:
        names = dict.fromkeys([*self.by_key.get(word[:2], ()), *self.by_key.get(word[:1], ())])
        steps = (_step(name, self._lists[name], word) for name in names)
        return _remember(self, word, tuple(step for step in steps if step is not None))

    def starts(self) -> re.Pattern[str]:
        """Return an expression for all words, and for the other characters that may begin something."""
        first = {key[0] for key in self.by_key}
        wide = "".join(sorted(char for char in first if char >= CJK_FROM))
        digits = "".join(sorted(char for char in first if char.isdigit()))
        return re.compile(
            rf"[{LETTER}{digits}{wide}](?:(?<=[{CJK_FROM}-\uffef])"
            rf"|(?<![{LETTER}0-9_].)(?:(?<=[0-9])|[{LETTER}]*))"
        )


class Pieces(dict[str, Known]):
    """What is known of the pieces that were met before."""

    def __init__(self, steps: Steps, signs: Signs) -> None:
        super().__init__()
        self._steps, self._signs = steps, signs
        self._letters = frozenset(key[0] for key in steps.by_key)
        numbered = [re.escape(key) for key in steps.by_key if key[0].isdigit()]
        self._numbered = re.compile(rf"(?<![{LETTER}0-9_])(?:{'|'.join(numbered) or '(?!)'})")  # 69 of 69码
        self._of_numbers = tuple(sign for sign in signs.listed if not sign.strip(_NUMERIC))  # "......"
        self._outlines: dict[str, Known] = {}

    def __missing__(self, piece: str) -> Known:
        if not piece.strip(_NUMERIC) and not any(map(piece.__contains__, self._of_numbers)):
            return None
        if _DIGIT.search(piece) is None:
            return _remember(self, piece, self._read(piece))
        if self._numbered.search(piece) is not None:
            return NUMBERED
        outline = piece.translate(_OUTLINE)
        if outline in self._outlines:
            return self._outlines[outline]
        return _remember(self._outlines, outline, self._read(outline))

    def _read(self, piece: str) -> Known:
        signs, maybe = self._signs.of_piece(piece)
        places = tuple(self._places(piece))
        return Piece(places, signs, maybe) if places or signs or maybe else None

    def _places(self, piece: str) -> Iterator[Place]:
        for match in WORD.finditer(piece):
            start = match.start()
            if start and piece[start - 1] in JOINERS:
                continue
            place = self.place(match[0], start)
            if place is not None:
                yield place

    def place(self, word: str, start: int) -> Place | None:
        """Return what a word at `start` may begin; None when that is nothing."""
        end = start + len(word)
        if len(word) == 1:
            return Place(start, end, None, ()) if word in self._letters else None
        steps = self._steps[word]
        if not steps:
            return None
        ends = [step.before for step in steps if step.before is not None]
        before = frozenset[str]().union(*ends) if len(ends) == len(steps) else None
        fixed = tuple((step.name, step.length) for step in steps if step.length)
        return Place(start, end, before, steps, fixed)


def _remember(known: dict[str, _Value], piece: str, value: _Value) -> _Value:
    if len(piece) <= MAX_PIECE:
        if len(known) >= MAX_REMEMBERED:
            known.clear()
        known[piece] = value
    return value


def _step(name: str, words: Words, word: str) -> Step | None:
    patterns = words.patterns_for(word)
    if not patterns:
        return None
    if WORD.fullmatch(word) is None:
        return Step(name, 0, patterns, None)
    end, before = end_of(patterns, word, 0), words.next_two(word)
    return None if end == 0 and before is not None and not before else Step(name, end, patterns, before)


def end_of(patterns: tuple[re.Pattern[str], ...], text: str, start: int) -> int:
    """Return where what one of `patterns` finds at `start` ends, 0 when none does."""
    for pattern in patterns:
        match = pattern.match(text, start)
        if match is not None:
            return match.end()
    return 0
