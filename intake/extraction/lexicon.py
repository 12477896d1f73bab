"""Word lists of the data files, found in one quick pass over a text.

A list entry is a word or phrase in lower case (ё as е); `*` at its end stands for any inflection. Entries
in letters must start and end at a word's border, Chinese ones may stand anywhere. The first two letters
lead to a small prefix-tree expression, so a pass costs a dictionary look-up per word of the text.

The context words of identifiers live in `data/words_<language>.toml`: one table per role (an entity type,
with a subtype behind a dot, or `none` for numbers that must stay untyped), in it lists by how sure the word
makes us: `sure`, `likely`, `hint`, `touching` for words that count only right before the number, and `about`
for words that only say what the whole mail is about. All languages are read at once, because a Chinese
letter quotes Russian screens and the other way round.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

WEIGHTS: Final = {"sure": 3.0, "likely": 2.2, "hint": 1.2, "touching": 2.2, "about": 0.0}
_LETTER: Final = "a-zа-яіїәғқңөұүһ"
_CJK_FROM: Final = "\u2e80"
MARKETPLACE: Final = "marketplace."  # roles of the words that name one begin so


@cache
def load_toml(name: str) -> dict[str, Any]:
    """Return the parsed data file `name` of this package."""
    return tomllib.loads((files("intake.extraction") / "data" / name).read_text(encoding="utf-8"))


def _branch(tails: list[str]) -> str:
    """Return an expression that matches the longest of `tails` (each may end in `*`)."""
    heads: dict[str, list[str]] = {}
    end = ""
    for tail in tails:
        if tail == "*":
            end = f"[{_LETTER}]{{0,8}}"
        elif tail == "":
            end = end or "$"
        else:
            heads.setdefault(tail[0], []).append(tail[1:])
    branches = [re.escape(head) + _branch(rest) for head, rest in sorted(heads.items())]
    if not branches:
        return "" if end == "$" else end
    inner = "|".join(branches)
    if end == "$":
        return f"(?:{inner})?"
    return f"(?:{inner}|{end})" if end else f"(?:{inner})" if len(branches) > 1 else inner


Starts = list[tuple[int, str]]
_START: Final = re.compile(rf"[{_LETTER}0-9](?<![{_LETTER}0-9_].)|[\u2e80-\uffef]")


def word_starts(lower_text: str) -> Starts:
    """Return where words begin (every Chinese character is a beginning), each with the two letters there."""
    return [
        (place.start(), lower_text[place.start() : place.start() + 2])
        for place in _START.finditer(lower_text)
    ]


class Words:
    """A list of words and phrases that can be looked for in a folded, lower-case text."""

    def __init__(self, words: Iterable[str]) -> None:
        groups: dict[str, list[str]] = {}
        for word in words:
            groups.setdefault(word[0] if len(word.rstrip("*")) == 1 else word[:2], []).append(word)
        self._patterns = {key: _compiled(group) for key, group in groups.items()}
        self._short = frozenset(key for key in groups if len(key) == 1)
        narrow = "".join(sorted({re.escape(key[0]) for key in groups if key < _CJK_FROM}))
        wide = "".join(sorted({key[0] for key in groups if key >= _CJK_FROM}))
        starts = [f"[{narrow}](?<![{_LETTER}0-9_].)"] if narrow else []
        self._keys = re.compile("|".join(starts + ([f"[{wide}]"] if wide else [])))

    def finditer(self, text: str, starts: Starts | None = None) -> Iterator[re.Match[str]]:
        """Yield the longest match at each place, without overlaps, in order.

        `starts` (from `word_starts`) is worth its price where several lists are looked for in one text.
        """
        reached = 0
        for here, key in self._own_starts(text) if starts is None else starts:
            if here < reached:
                continue
            pattern = self._patterns.get(key)
            match = pattern.match(text, here) if pattern is not None else None
            if match is None and key[0] in self._short:
                match = self._patterns[key[0]].match(text, here)
            if match is not None:
                reached = match.end()
                yield match

    def _own_starts(self, text: str) -> Iterator[tuple[int, str]]:
        for place in self._keys.finditer(text):
            here = place.start()
            yield here, text[here : here + 2]

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match, None when there is none."""
        return next(self.finditer(text), None)

    def match(self, text: str) -> bool:
        """Tell whether the text begins with one of the words."""
        return any(pattern.match(text) for pattern in self._for(text))

    def fullmatch(self, text: str) -> bool:
        """Tell whether the text is one of the words."""
        return any(pattern.fullmatch(text) for pattern in self._for(text))

    def _for(self, text: str) -> list[re.Pattern[str]]:
        keys = {text[:2], text[:1]}
        return [pattern for key in keys if (pattern := self._patterns.get(key)) is not None]


def _compiled(group: list[str]) -> re.Pattern[str]:
    border = "" if group[0][0] >= _CJK_FROM else f"(?![{_LETTER}])"
    return re.compile((_branch(group) + border).replace(r"\ ", r"[ \n_-]{1,2}"))


@cache
def words_of(name: str, table: str, key: str) -> Words:
    """Return a list of words of a data file."""
    return Words(load_toml(name)[table][key])


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a context word says about the number beside it."""

    role: str  # "order_number", "document_number.act", "none"
    weight: float
    touching: bool = False
    about: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """A context word that was found at [start, end) of a region."""

    start: int
    end: int
    word: str
    meanings: tuple[Meaning, ...]


class Lexicon:
    """Words with meanings, compiled once."""

    def __init__(self, tables: Iterable[dict[str, Any]]) -> None:
        self._stems: dict[str, list[Meaning]] = {}
        for table in tables:
            for role, groups in table.items():
                self._add(role, groups)
        self._words = Words(self._stems)
        self._longest = max(len(stem) for stem in self._stems)
        self._known: dict[str, tuple[Meaning, ...]] = {}

    def _add(self, role: str, groups: dict[str, Any]) -> None:
        for strength, words in groups.items():
            if isinstance(words, dict):  # a subtype table: [document_number.act]
                self._add(f"{role}.{strength}", words)
                continue
            for word in words:
                meaning = Meaning(role, WEIGHTS[strength], strength == "touching", strength == "about")
                self._stems.setdefault(word, []).append(meaning)

    def _meanings(self, word: str) -> tuple[Meaning, ...]:
        found = self._known.get(word)
        if found is None:
            key = re.sub(r"[\n_-]", " ", word).replace("  ", " ")
            stems = (
                self._stems.get(key[:length] + "*") for length in range(min(len(key), self._longest), 0, -1)
            )
            inflected = next((meanings for meanings in stems if meanings is not None), [])
            exact = self._stems.get(key) or self._stems.get(word) or []
            found = tuple(dict.fromkeys([*exact, *inflected]))
            if len(self._known) < 4096:  # inflected forms are many: hostile text must not fill the memory
                self._known[word] = found
        return found

    def spans(self, lower_text: str) -> Iterator[tuple[int, int, tuple[Meaning, ...]]]:
        """Yield (start, end, meanings) of the words of a long text, without a record for each."""
        known = self._known
        for match in self._words.finditer(lower_text):
            word = match[0]
            yield match.start(), match.end(), known.get(word) or self._meanings(word)

    def find(self, lower_text: str, starts: Starts | None = None) -> tuple[Cue, ...]:
        """Return the words of a folded, lower-case text with their meanings, in order."""
        return tuple(
            Cue(match.start(), match.end(), match[0], self._meanings(match[0]))
            for match in self._words.finditer(lower_text, starts)
        )


@cache
def lexicon() -> Lexicon:
    """Return the context words of identifiers in all languages, and the words that name a marketplace."""
    places = {
        f"{MARKETPLACE}{name}": {"about": table["words"]}
        for name, table in load_toml("marketplaces.toml").items()
        if isinstance(table, dict)
    }
    return Lexicon([places, *(load_toml(f"words_{name}.toml") for name in ("ru", "zh", "en", "none"))])
