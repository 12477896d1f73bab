"""Tokens of folded text: words with their stems, Chinese runs, placeholders, ends of clauses.

In goes folded text, out come tokens with their spans. The alphabet decides how a token is
read, not the language of the mail: a Russian cabinet term in a Chinese mail is the same word
as in a Russian one. Longer words and texts than a person writes are cut by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

import snowballstemmer

from classifier.masking import SHAPES

HAN: Final = "\u4e00-\u9fff"
_LONGEST_WORD: Final = 40
_LONGEST_NUMBER: Final = 14  # digits of the longest number that has a kind of its own
_WORD: Final = rf"[a-z][a-z0-9_]{{0,{_LONGEST_WORD - 1}}}|[а-яіїєґў]{{1,{_LONGEST_WORD}}}"


def _scanner(shapes: Iterable[tuple[str, str]]) -> re.Pattern[str]:
    return re.compile(
        "".join(f"(?P<{name}>{shape})|" for name, shape in shapes)
        + rf"(?P<word>{_WORD})|(?P<han>[{HAN}]+)|(?P<number>\d{{1,{_LONGEST_WORD}}})|(?P<stop>[.!?;。\n])"
    )


_EVERYTHING: Final = _scanner(SHAPES)
_WITHOUT_ADDRESSES: Final = _scanner(shape for shape in SHAPES if shape[0] != "xaddress")
_RUSSIAN: Final = snowballstemmer.stemmer("russian")
_ENGLISH: Final = snowballstemmer.stemmer("english")


Token: TypeAlias = tuple[str, str, int, int]  # kind, text, start, end; kind: see `scan`


def scan(folded: str) -> list[Token]:
    """Return the tokens of folded text in order; what is no token (spaces, commas) is passed over.

    The kind of a token is word, number, han (a run of Chinese characters), stop (the end of a
    clause) or the name of a placeholder.
    """
    # An address is looked for at every word, so the shape is left out where none can be.
    scanner = _EVERYTHING if "@" in folded else _WITHOUT_ADDRESSES
    return [(match.lastgroup or "", match[0], *match.span()) for match in scanner.finditer(folded)]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of one folded word, by its alphabet."""
    return str((_RUSSIAN if word[0] > "z" else _ENGLISH).stemWord(word))


def number_kind(digits: str) -> str:
    """Return the word that stands for a bare number: only its length counts."""
    return f"n{min(len(digits), _LONGEST_NUMBER)}"
