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
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from intake.extraction.additions import added_words, merged

WEIGHTS: Final = {"sure": 3.0, "likely": 2.2, "hint": 1.2, "touching": 2.2, "about": 0.0}
LETTER: Final = "a-zа-яіїәғқңөұүһ"
CJK_FROM: Final = "\u2e80"
_MAX_IN_ONE: Final = 400  # entries of a list that is one expression
_BLANK_SIGNS: Final = " \n_-"
_FIRST_WORD: Final = re.compile(f"[{LETTER}]+")
MARKETPLACE: Final = "marketplace."  # roles of the words that name one begin so


@cache
def load_toml(name: str) -> dict[str, Any]:
    """Return the parsed data file `name` of this package, with what added files say of it."""
    text = (files("intake.extraction") / "data" / name).read_text(encoding="utf-8")
    return merged(name, tomllib.loads(text))


def either(tails: Iterable[str]) -> str:
    """Return an expression that matches the longest of `tails` (each may end in `*`)."""
    heads: dict[str, list[str]] = {}
    end = ""
    for tail in tails:
        if tail == "*":
            end = f"[{LETTER}]{{0,8}}"
        elif tail == "":
            end = end or "$"
        else:
            heads.setdefault(tail[0], []).append(tail[1:])
    branches = [re.escape(head) + either(rest) for head, rest in sorted(heads.items())]
    if not branches:
        return "" if end == "$" else end
    inner = "|".join(branches)
    if end == "$":
        return f"(?:{inner})?"
    return f"(?:{inner}|{end})" if end else f"(?:{inner})" if len(branches) > 1 else inner


class Words:
    """A list of words and phrases that can be looked for in a folded, lower-case text."""

    def __init__(self, words: Iterable[str]) -> None:
        groups: dict[str, list[str]] = {}
        for word in words:
            groups.setdefault(word[0] if len(word.rstrip("*")) == 1 else word[:2], []).append(word)
        self._patterns = {key: _compiled(group) for key, group in groups.items()}
        self._short = frozenset(key for key in groups if len(key) == 1)
        self._tails: dict[str, set[str]] = {}
        for word in (word.rstrip("*") for group in groups.values() for word in group):
            head = _FIRST_WORD.match(word)
            if head is not None and head.end() < len(word):
                self._tails.setdefault(head[0], set()).update(_next_two(word[head.end() :]))
        narrow = "".join(sorted({re.escape(key[0]) for key in groups if key < CJK_FROM}))
        wide = "".join(sorted({key[0] for key in groups if key >= CJK_FROM}))
        starts = [f"[{narrow}](?<![{LETTER}0-9_].)"] if narrow else []
        self._starts = re.compile("|".join(starts + ([f"[{wide}]"] if wide else [])))
        listed = [word for group in groups.values() for word in group]
        self._whole = _in_one(listed) if 0 < len(listed) <= _MAX_IN_ONE else None

    def first_characters(self) -> Iterable[str]:
        """Return the first one or two characters of every entry."""
        return self._patterns

    def patterns_for(self, text: str) -> tuple[re.Pattern[str], ...]:
        """Return the expressions that may match where `text` begins, in the order to try them."""
        keys = (text[:2], text[:1]) if text[:1] in self._short else (text[:2],)
        return tuple(pattern for key in keys if (pattern := self._patterns.get(key)) is not None)

    def next_two(self, word: str) -> frozenset[str] | None:
        """Return what two characters stand behind `word` in longer entries; None where any may."""
        tails = self._tails.get(word, ())
        return None if any(len(tail) == 1 for tail in tails) else frozenset(tails)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return the longest match at each place, without overlaps, in order."""
        return self._one_by_one(text) if self._whole is None else self._whole.finditer(text)

    def _one_by_one(self, text: str) -> Iterator[re.Match[str]]:
        reached = 0
        for place in self._starts.finditer(text):
            here = place.start()
            if here < reached:
                continue
            for pattern in self.patterns_for(text[here : here + 2]):
                match = pattern.match(text, here)
                if match is not None:
                    reached = match.end()
                    yield match
                    break

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match, None when there is none."""
        return next(self._one_by_one(text), None) if self._whole is None else self._whole.search(text)

    def match(self, text: str) -> bool:
        """Tell whether the text begins with one of the words."""
        return any(pattern.match(text) for pattern in self._for(text))

    def fullmatch(self, text: str) -> bool:
        """Tell whether the text is one of the words."""
        return any(pattern.fullmatch(text) for pattern in self._for(text))

    def _for(self, text: str) -> list[re.Pattern[str]]:
        keys = {text[:2], text[:1]}
        return [pattern for key in keys if (pattern := self._patterns.get(key)) is not None]


def _next_two(tail: str) -> Iterator[str]:
    """Yield the two characters with which the rest of an entry may begin (a blank: see `_compiled`)."""
    first = _BLANK_SIGNS if tail[0] == " " else tail[0]
    second = _BLANK_SIGNS if tail[1:2] == " " else tail[1:2]
    for one in first:
        yield from (one + two for two in (second or [""]))
        if tail[0] == " ":
            yield from (one + two for two in _BLANK_SIGNS)


def _in_one(words: list[str]) -> re.Pattern[str]:
    """Return one expression for a short list; it begins with a set of characters, which is found fast."""
    firsts: dict[str, list[str]] = {}
    for word in words:
        firsts.setdefault(word[0], []).append(word[1:])
    narrow: list[str] = []
    wide: list[str] = []
    for first, tails in sorted(firsts.items()):
        (narrow if first < CJK_FROM else wide).append(f"(?<={re.escape(first)}){either(tails)}")
    ways = [f"(?<![{LETTER}0-9_].)(?:{'|'.join(narrow)})(?![{LETTER}])"] if narrow else []
    begin = "".join(map(re.escape, sorted(firsts)))
    return re.compile(f"[{begin}](?:{'|'.join([*ways, *wide])})".replace(r"\ ", r"[ \n_-]{1,2}"))


def _compiled(group: list[str]) -> re.Pattern[str]:
    border = "" if group[0][0] >= CJK_FROM else f"(?![{LETTER}])"
    return re.compile((either(group) + border).replace(r"\ ", r"[ \n_-]{1,2}"))


@cache
def words_of(name: str, table: str, key: str) -> Words:
    """Return a list of words of a data file."""
    return Words(load_toml(name)[table][key])


class Meaning(NamedTuple):
    """What a context word says about the number beside it."""

    role: str  # "order_number", "document_number.act", "none"
    weight: float
    touching: bool = False


class Sense(NamedTuple):
    """All that a word says: of a number beside it, and of the whole mail (roles, and marketplaces)."""

    meanings: tuple[Meaning, ...]
    about: tuple[str, ...]


class Cue:  # written out: a generated __init__ is not compiled
    """A context word that was found at [start, end) of a region; nobody changes it."""

    __slots__ = ("end", "sense", "start", "word")

    def __init__(self, start: int, end: int, word: str, sense: Sense) -> None:
        self.start = start
        self.end = end
        self.word = word
        self.sense = sense


class Lexicon:
    """Words with meanings, compiled once."""

    def __init__(self, tables: Iterable[dict[str, Any]]) -> None:
        self._stems: dict[str, list[Meaning]] = {}
        for table in tables:
            for role, groups in table.items():
                self._add(role, groups)
        self._words = Words(self._stems)
        self._longest = max(len(stem) for stem in self._stems)
        self._known: dict[str, Sense] = {}

    def _add(self, role: str, groups: dict[str, Any]) -> None:
        for strength, words in groups.items():
            if isinstance(words, dict):  # a subtype table: [document_number.act]
                self._add(f"{role}.{strength}", words)
                continue
            for word in words:
                meaning = Meaning(role, WEIGHTS[strength], strength == "touching")
                self._stems.setdefault(word, []).append(meaning)

    @property
    def words(self) -> Words:
        """The words without their meanings."""
        return self._words

    def sense(self, word: str) -> Sense:
        """Return what a found word says: its own entry first, then the longest stem with `*`."""
        found = self._known.get(word)
        if found is None:
            key = re.sub(r"[\n_-]", " ", word).replace("  ", " ")
            stems = (
                self._stems.get(key[:length] + "*") for length in range(min(len(key), self._longest), 0, -1)
            )
            inflected = next((meanings for meanings in stems if meanings is not None), [])
            exact = self._stems.get(key) or self._stems.get(word) or []
            said = dict.fromkeys([*exact, *inflected])
            near = tuple(meaning for meaning in said if meaning.weight)
            about = tuple(meaning.role for meaning in said if not meaning.weight)
            if not near and " " in key:  # "my point" tells the topic; beside a number it is still a "point"
                last = self.sense(key.rpartition(" ")[2]).meanings
                near = tuple(meaning for meaning in last if meaning.role in about)
            found = Sense(near, about)
            if len(self._known) < 4096:  # inflected forms are many: hostile text must not fill the memory
                self._known[word] = found
        return found

    def meanings(self, word: str) -> tuple[Meaning, ...]:
        """Return what a found word says of a number beside it."""
        return self.sense(word).meanings

    def find(self, lower_text: str) -> tuple[Cue, ...]:
        """Return the words of a folded, lower-case text with their meanings, in order."""
        return self.cues(lower_text, (match.span() for match in self._words.finditer(lower_text)))

    def cues(self, lower_text: str, spans: Iterable[tuple[int, int]]) -> tuple[Cue, ...]:
        """Return the words at `spans` with their meanings."""
        known, sense = self._known, self.sense
        return tuple(
            [
                Cue(start, end, word := lower_text[start:end], known.get(word) or sense(word))
                for start, end in spans
            ]
        )


@cache
def lexicon() -> Lexicon:
    """Return the context words of identifiers in all languages, and the words that name a marketplace."""
    places = {
        f"{MARKETPLACE}{name}": {"about": table["words"]}
        for name, table in load_toml("marketplaces.toml").items()
        if isinstance(table, dict)
    }
    shipped = (load_toml(f"words_{name}.toml") for name in ("ru", "zh", "en", "none"))
    return Lexicon([places, *shipped, *added_words()])
