"""Pieces of text that features are counted on, each with the span of masked text that it came from.

Russian and English: stemmed words and pairs of words, and letter n-grams inside words.
Chinese: runs of one to four characters, foreign words whole. The measurements behind the
choice are in docs/quality.md.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import snowballstemmer

Piece: TypeAlias = tuple[str, int, int]  # token, start, end

_WORD: Final = re.compile(r"[a-zа-я]{1,60}")
_HAN_OR_WORD: Final = re.compile(r"[\u4e00-\u9fff]+|[a-zа-я]{1,60}")
_RUSSIAN: Final = snowballstemmer.stemmer("russian")
_ENGLISH: Final = snowballstemmer.stemmer("english")
LETTER_GRAMS: Final = (2, 5)
HAN_GRAMS: Final = (1, 4)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the stem of one folded word, by its alphabet."""
    return str((_RUSSIAN if "а" <= word[0] <= "я" else _ENGLISH).stemWord(word))


def words(masked: str) -> list[Piece]:
    """Split folded text into words with their stems as tokens."""
    return [(stem(m[0]), m.start(), m.end()) for m in _WORD.finditer(masked)]


def word_pieces(masked: str) -> Iterator[Piece]:
    """Yield stems and pairs of neighbouring stems."""
    found = words(masked)
    yield from found
    for (left, start, _), (right, _, end) in itertools.pairwise(found):
        yield f"{left}_{right}", start, end


def letter_pieces(masked: str) -> Iterator[Piece]:
    """Yield letter n-grams inside words, the word's ends marked by a blank."""
    low, high = LETTER_GRAMS
    for match in _WORD.finditer(masked):
        word, start, end = f" {match[0]} ", match.start(), match.end()
        for size in range(low, high + 1):
            if size > len(word):
                break
            for offset in range(len(word) - size + 1):
                yield word[offset : offset + size], start, end


def han_pieces(masked: str) -> Iterator[Piece]:
    """Yield character n-grams of Chinese runs, and foreign words whole."""
    low, high = HAN_GRAMS
    for match in _HAN_OR_WORD.finditer(masked):
        run, start = match[0], match.start()
        if not "\u4e00" <= run[0] <= "\u9fff":
            yield run, start, match.end()
            continue
        for size in range(low, high + 1):
            for offset in range(len(run) - size + 1):
                yield run[offset : offset + size], start + offset, start + offset + size
