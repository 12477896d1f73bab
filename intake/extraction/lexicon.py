"""The context words of an identifier, found in one pass over a text.

The words live in `data/words_<language>.toml`: one table per role (an entity type, with a subtype behind
a dot, or `none` for numbers that must stay untyped), in it lists by how sure the word makes us: `sure`,
`likely`, `hint`, `touching` for words that count only right before the number, and `about` for words that
only say what the whole mail is about. `*` at the end of a word stands for any inflection. All languages are
read at once, because a Chinese letter quotes Russian screens and the other way round. The words become one
prefix-tree expression, so a scan is linear.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

WEIGHTS: Final = {"sure": 3.0, "likely": 2.2, "hint": 1.2, "touching": 2.2, "about": 0.0}
_LETTER: Final = "a-zа-яіїәғқңөұүһ"
_CJK_FROM: Final = "\u2e80"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a context word says about the number beside it."""

    role: str  # "order_number", "document_number.act", "none"
    weight: float
    touching: bool
    about: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """A context word that was found at [start, end) of a region."""

    start: int
    end: int
    word: str
    meanings: tuple[Meaning, ...]


@cache
def load_toml(name: str) -> dict[str, Any]:
    """Return the parsed data file `name` of this package."""
    return tomllib.loads((files("intake.extraction") / "data" / name).read_text(encoding="utf-8"))


def _branch(words: list[str]) -> str:
    """Return an expression that matches the longest of `words` (each may end in `*`)."""
    heads: dict[str, list[str]] = {}
    ends = ""
    for word in words:
        if word in ("", "*"):
            ends = f"[{_LETTER}]{{0,8}}" if word else ends or "$"
        else:
            heads.setdefault(word[0], []).append(word[1:])
    branches = [re.escape(head) + _branch(tails) for head, tails in sorted(heads.items())]
    if not branches:
        return "" if ends == "$" else ends
    inner = "|".join(branches)
    if ends == "$":
        return f"(?:{inner})?"
    return f"(?:{inner}|{ends})" if ends else f"(?:{inner})" if len(branches) > 1 else inner


def word_pattern(words: list[str]) -> re.Pattern[str]:
    """Compile `words` to one expression; alphabetic words must start and end at a word's border."""
    wide = [word for word in words if word[0] >= _CJK_FROM]
    narrow = [word for word in words if word[0] < _CJK_FROM]
    parts = []
    if narrow:
        parts.append(f"(?<![{_LETTER}0-9_]){_branch(narrow)}(?![{_LETTER}])")
    if wide:
        parts.append(_branch(wide))
    return re.compile("|".join(parts).replace(r"\ ", r"[ \n_-]{1,2}"))


@cache
def words_of(name: str, table: str, key: str) -> re.Pattern[str]:
    """Return one expression for a list of words of a data file."""
    return word_pattern(load_toml(name)[table][key])


class Lexicon:
    """All context words, compiled once."""

    def __init__(self, tables: list[dict[str, dict[str, list[str]]]]) -> None:
        self._stems: dict[str, list[Meaning]] = {}
        for table in tables:
            for role, groups in table.items():
                self._add(role, groups)
        self._pattern = word_pattern(list(self._stems))
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
            exact = self._stems.get(key)
            for length in range(min(len(key), self._longest), 0, -1):
                if exact is not None:
                    break
                exact = self._stems.get(key[:length] + "*")
            found = tuple(exact or ())
            if len(self._known) < 4096:  # the words of a mail are many, those of the lexicon few
                self._known[word] = found
        return found

    def find(self, lower_text: str) -> tuple[Cue, ...]:
        """Return the context words of a folded, lower-case text in order."""
        return tuple(
            Cue(match.start(), match.end(), match[0], self._meanings(match[0]))
            for match in self._pattern.finditer(lower_text)
        )


@cache
def lexicon() -> Lexicon:
    """Return the context words of all languages."""
    return Lexicon([load_toml(f"words_{language}.toml") for language in ("ru", "zh", "en")])
