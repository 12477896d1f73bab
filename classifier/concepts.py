"""Words of the desk that mean the same in Russian, Chinese and English, as one concept each.

In go words and Chinese runs, out come the concepts that they name; the table is
`lexicon/concepts.toml`. Through it a Russian mail teaches the model something about Chinese
ones: cross-validated on the train part it is worth three to four points of accuracy
(docs/quality.md).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

from classifier.masking import fold
from classifier.tokens import stem

_TABLES: Final = Path(__file__).parent / "lexicon"

WordPattern: TypeAlias = tuple[str, bool]  # a stem, or the beginning of a word (True)
Phrase: TypeAlias = tuple[tuple[WordPattern, ...], int]  # the words after the first, and the concept


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The table in the shape that looking up needs; a concept is its place in `names`."""

    names: tuple[str, ...]
    by_stem: dict[str, tuple[list[int], list[Phrase]]]
    by_beginning: dict[str, tuple[list[int], list[Phrase]]]
    han: dict[str, tuple[int, ...]]  # also the beginnings of longer terms, without concepts
    longest_han: int
    negations: frozenset[str]  # words
    han_negations: tuple[str, ...]
    digest: str

    def of_word(self, word: str, root: str) -> tuple[tuple[int, ...], tuple[Phrase, ...]]:
        """Return the concepts that a folded word with its stem names, and the phrases that it may begin."""
        concepts: dict[int, None] = {}
        phrases: list[Phrase] = []
        found = [self.by_stem.get(root)]
        found += [self.by_beginning.get(word[:size]) for size in range(1, len(word) + 1)]
        for entry in found:
            if entry is not None:
                concepts |= dict.fromkeys(entry[0])
                phrases += entry[1]
        return tuple(concepts), tuple(phrases)


def fits(pattern: WordPattern, word: str) -> bool:
    """Tell whether a folded word is what a pattern asks for."""
    text, is_beginning = pattern
    return word.startswith(text) if is_beginning else stem(word) == text


@cache
def lexicon() -> Lexicon:
    """Load the tables once per process."""
    text = (_TABLES / "concepts.toml").read_text(encoding="utf-8")
    negations_text = (_TABLES / "negations.toml").read_text(encoding="utf-8")
    negations = tomllib.loads(negations_text)
    terms = {concept: row for group in tomllib.loads(text).values() for concept, row in group.items()}
    by_stem: dict[str, tuple[list[int], list[Phrase]]] = {}
    by_beginning: dict[str, tuple[list[int], list[Phrase]]] = {}
    han: dict[str, tuple[int, ...]] = {}
    for concept, columns in enumerate(terms.values()):
        for term in " ".join(columns).split():
            folded = fold(term)
            if any("\u4e00" <= char <= "\u9fff" for char in folded):
                _add_han(han, folded.replace("_", ""), concept)
            else:
                _add_words(by_stem, by_beginning, folded, concept)
    return Lexicon(
        names=tuple(terms),
        by_stem=by_stem,
        by_beginning=by_beginning,
        han=han,
        longest_han=max(map(len, han)),
        negations=frozenset(map(fold, [*negations["ru"], *negations["en"]])),
        han_negations=tuple(negations["zh"]),
        digest=hashlib.sha256(f"{text}\0{negations_text}".encode()).hexdigest(),
    )


def _add_han(han: dict[str, tuple[int, ...]], term: str, concept: int) -> None:
    for size in range(1, len(term)):
        han.setdefault(term[:size], ())
    han[term] = (*han.get(term, ()), concept)


def _add_words(
    by_stem: dict[str, tuple[list[int], list[Phrase]]],
    by_beginning: dict[str, tuple[list[int], list[Phrase]]],
    term: str,
    concept: int,
) -> None:
    first, *rest = _patterns(term.replace("-", "_").replace("'", "_").split("_"))
    concepts, phrases = (by_beginning if first[1] else by_stem).setdefault(first[0], ([], []))
    if rest:
        phrases.append((tuple(rest), concept))
    else:
        concepts.append(concept)


def _patterns(words: Iterable[str]) -> list[WordPattern]:
    return [(word[:-1], True) if word.endswith("*") else (stem(word), False) for word in words if word]
