"""Words of the desk that mean the same in Russian, Chinese and English, as one shared token each.

In goes folded text, out come concept names with their spans; the table is
`lexicon/concepts.toml`. Through it a Russian mail teaches the model something about Chinese
ones: in cross-validation on the train part it raises accuracy by about four points.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from classifier.tokens import Piece, stem

_TABLE: Final = Path(__file__).parent / "lexicon" / "concepts.toml"
_WORD: Final = re.compile(r"[a-zа-я]{1,60}")

WordPattern: TypeAlias = tuple[str, bool]  # a stem, or the beginning of a word (True)
Term: TypeAlias = tuple[tuple[WordPattern, ...], str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The table in the shape that looking up needs."""

    by_stem: dict[str, list[Term]]
    by_beginning: dict[str, list[Term]]
    longest_beginning: int
    han: re.Pattern[str]
    han_concepts: dict[str, list[str]]


@cache
def lexicon() -> Lexicon:
    """Load the table once per process."""
    by_stem: dict[str, list[Term]] = {}
    by_beginning: dict[str, list[Term]] = {}
    han_concepts: dict[str, list[str]] = {}
    for group in tomllib.loads(_TABLE.read_text(encoding="utf-8")).values():
        for concept, (russian, chinese, english) in group.items():
            for term in chinese.split():
                han_concepts.setdefault(term.replace("_", ""), []).append(concept)
            for term in f"{russian} {english}".split():
                patterns = tuple(_pattern(word) for word in term.split("_") if word)
                first, is_beginning = patterns[0]
                (by_beginning if is_beginning else by_stem).setdefault(first, []).append((patterns, concept))
    longest_first = sorted(map(re.escape, han_concepts), key=len, reverse=True)
    return Lexicon(
        by_stem, by_beginning, max(map(len, by_beginning)), re.compile("|".join(longest_first)), han_concepts
    )


def _pattern(word: str) -> WordPattern:
    folded = word.lower().replace("ё", "е")
    return (folded[:-1], True) if folded.endswith("*") else (stem(folded), False)


def concept_pieces(folded: str) -> Iterator[Piece]:
    """Yield the concepts of a text, each as often as it occurs."""
    table = lexicon()
    found = [(m[0], stem(m[0]), m.start(), m.end()) for m in _WORD.finditer(folded)]
    for index, (word, its_stem, start, _) in enumerate(found):
        terms = list(table.by_stem.get(its_stem, ()))
        for size in range(2, min(table.longest_beginning, len(word)) + 1):
            terms += table.by_beginning.get(word[:size], ())
        for patterns, concept in terms:
            rest = found[index : index + len(patterns)]
            if len(rest) == len(patterns) and all(map(_fits, patterns, rest)):
                yield concept, start, rest[-1][3]
    for match in table.han.finditer(folded):
        for concept in table.han_concepts[match[0]]:
            yield concept, match.start(), match.end()


def _fits(pattern: WordPattern, word: tuple[str, str, int, int]) -> bool:
    text, is_beginning = pattern
    return word[0].startswith(text) if is_beginning else word[1] == text
