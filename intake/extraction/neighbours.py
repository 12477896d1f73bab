"""The words right before and right behind a number, and sets of words to look them up in.

Sets come from `data/neighbours.toml`. An entry ending in `*` matches any word that starts with it; a
Chinese entry matches where the text before ends, or the text behind starts, with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from intake.extraction.lexicon import load_toml

# Over the text before the number, backwards: up to three signs (and a line's end), then the word.
_BEFORE: Final = re.compile(
    r"(?:\n?[\s:：(\"'>№#~-]{0,2}[\s:：(\"'>])?([^\s0-9(),，;；:：！？。、\"'\[\]<>|/]+)"
)
_BEHIND: Final = re.compile(r"[\s\"')]{0,2}([^\s0-9.,，;；:：!?！？。、()\"'\[\]<>|]+\.?)")
_CJK_FROM: Final = "\u2e80"
_BEHIND_CHINESE: Final = re.compile("^.*[\u2e80-\uffef]")  # 脚本用python
_MEASURING: Final = frozenset({"units", "measures", "after_against"})  # 条 measures, 条码 does not
_REACH: Final = 30


class WordSet:
    """A fixed set of words, stems and Chinese words."""

    def __init__(self, words: Iterable[str], compounds: Iterable[str] = ()) -> None:
        """Take the words; a text behind that begins with one of `compounds` begins with no Chinese entry."""
        self._compounds = tuple(compounds)
        plain = [word for word in words if word[0] < _CJK_FROM]
        self._exact = frozenset(word for word in plain if not word.endswith("*"))
        self._stems = tuple(word[:-1] for word in plain if word.endswith("*"))
        self._chinese = tuple(word for word in words if word[0] >= _CJK_FROM)

    @property
    def exact(self) -> frozenset[str]:
        """The entries without an open end."""
        return self._exact

    def before(self, word: str) -> bool:
        """Tell whether `word`, which ends right before a number, is in the set."""
        if self._has(word) or (bool(self._chinese) and word.endswith(self._chinese)):
            return True
        return word[:1] >= _CJK_FROM > word[-1:] and self._has(_BEHIND_CHINESE.sub("", word))

    def behind(self, word: str) -> bool:
        """Tell whether `word`, which starts right behind a number, is in the set."""
        # The stop of a sentence may cling to the last word of it: "12.10%."
        plain = self._has(word) or (word.endswith(".") and self._has(word[:-1]))
        if plain or not self._chinese:
            return plain
        return word.startswith(self._chinese) and not word.startswith(self._compounds)

    def _has(self, word: str) -> bool:
        return word in self._exact or (bool(self._stems) and word.startswith(self._stems))


def word_before(lower_text: str, start: int) -> str:
    """Return the word that ends right before `start`, "" when there is none within reach."""
    match = _BEFORE.match(lower_text[max(0, start - _REACH) : start][::-1])
    return match[1][::-1] if match else ""


def word_behind(lower_text: str, end: int) -> str:
    """Return the word that starts right behind `end`, "" when punctuation or a line's end comes first."""
    match = _BEHIND.match(lower_text, end, end + _REACH)
    return match[1] if match else ""


@cache
def word_set(table: str, name: str) -> WordSet:
    """Return a set of `neighbours.toml`."""
    tables = load_toml("neighbours.toml")
    return WordSet(tables[table][name], tables["quantity"]["compounds"] if name in _MEASURING else ())
