"""Word lists as data: how the small vocabularies of the decisions are written and matched.

In go the tables of a TOML file beside this module and a text, out come the entries that
occur. An entry matches at the start of a word, so a stem stands for all its endings
("склад" finds "складе"); `$` at its end closes the word ("act$"); ` .. ` is a gap of up to
25 characters on the same line; Chinese characters match anywhere, since Chinese writes
no spaces. Case, "ё" and the kind of spaces do not matter. Text beyond `TEXT_CAP_CHARS` is
not looked at, and no pattern has nested repetition: matching time is linear.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT_CAP_CHARS: Final = 20_000
TEXTS_REMEMBERED: Final = 64  # one mail's texts are folded for several lists
_SPACES: Final = re.compile(r"[^\S\n]+")
_LETTER_OR_DIGIT: Final = "0-9a-zа-яё"


@cache
def read_table(name: str) -> dict[str, Any]:
    """Parse the data file `name` (TOML) of this package. Raises FileNotFoundError when it is not shipped."""
    return tomllib.loads(resources.files("workers").joinpath(name).read_text(encoding="utf-8"))


@lru_cache(maxsize=TEXTS_REMEMBERED)
def fold(text: str) -> str:
    """Text as the lists see it: capped, lower case, `ё` as `е`, one plain space between words."""
    return _SPACES.sub(" ", text[:TEXT_CAP_CHARS].casefold().replace("ё", "е"))


@dataclass(frozen=True, slots=True)
class WordList:
    """A compiled list of entries."""

    pattern: re.Pattern[str]
    pieces: tuple[str, ...]  # one of them stands in every text in which an entry occurs

    def may_occur(self, folded: str) -> bool:
        """Tell whether a search may find anything: far quicker than the search, and seldom true."""
        return any(piece in folded for piece in self.pieces)

    def found(self, folded: str) -> tuple[str, ...]:
        """Distinct entries' texts in the order of their first occurrence; `folded` comes from `fold`."""
        if not self.may_occur(folded):
            return ()
        return tuple(dict.fromkeys(match.group(0) for match in self.pattern.finditer(folded)))

    def occurs(self, folded: str) -> bool:
        """Whether any entry occurs in `folded`."""
        return self.may_occur(folded) and self.pattern.search(folded) is not None


def word_list(entries: Iterable[str]) -> WordList:
    """Compile entries written as the module docstring says; an empty list matches nothing."""
    spaced: dict[str, list[str]] = {}  # by first character: most places of a text are dismissed at once
    unspaced: dict[str, list[str]] = {}
    distinct = list(dict.fromkeys(fold(entry) for entry in entries))
    for entry in distinct:
        groups = spaced if re.match(rf"[{_LETTER_OR_DIGIT}]", entry) else unspaced
        groups.setdefault(entry[0], []).append(_rest_of(entry))
    parts = [_grouped(spaced, rf"(?<![{_LETTER_OR_DIGIT}])"), _grouped(unspaced, "")]
    return WordList(re.compile("|".join(part for part in parts if part) or r"(?!)"), _pieces(distinct))


def _pieces(entries: Iterable[str]) -> tuple[str, ...]:
    """Return the longest literal part of each entry, without those that another one is a part of."""
    longest = {max(entry.removesuffix("$").split(" .. "), key=len) for entry in entries}
    kept: list[str] = []
    for piece in sorted(longest, key=lambda piece: (len(piece), piece)):
        if not any(part in piece for part in kept):
            kept.append(piece)
    return tuple(kept)


def _grouped(groups: dict[str, list[str]], start: str) -> str:
    if not groups:
        return ""
    first = "".join(re.escape(char) for char in groups)
    choices = "|".join(f"{re.escape(char)}(?:{'|'.join(rests)})" for char, rests in groups.items())
    return f"(?=[{first}]){start}(?:{choices})"


def _rest_of(entry: str) -> str:
    closed = entry.endswith("$")
    pieces = [re.escape(piece) for piece in entry.removesuffix("$")[1:].split(" .. ")]
    body = r"[^\n]{0,25}?".join(pieces)
    return f"{body}(?![{_LETTER_OR_DIGIT}])" if closed else body
