"""Tokens of folded text: words with their stems, Chinese runs, placeholders, ends of clauses.

In goes folded text, out come tokens in order, or the chunks between blanks that they can be read
from one by one. The alphabet decides how a token is read, not the
language of the mail: a Russian cabinet term in a Chinese mail is the same word as in a Russian
one. What kind a token is follows from its text alone. Longer words and texts than a person
writes are cut by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import snowballstemmer

from classifier.masking import SHAPES

HAN: Final = "\u4e00-\u9fff"
_LONGEST_WORD: Final = 40
_LONGEST_NUMBER: Final = 14  # digits of the longest number that has a kind of its own
_LATIN: Final = rf"[a-z0-9_]{{0,{_LONGEST_WORD - 1}}}"
_CYRILLIC: Final = rf"[а-яіїєґў]{{0,{_LONGEST_WORD - 1}}}"
_KINDS: Final = (
    ("word", rf"[a-z]{_LATIN}|[а-яіїєґў]{_CYRILLIC}"),
    ("han", rf"[{HAN}]+"),
    ("number", rf"\d{{1,{_LONGEST_WORD}}}"),
    ("stop", r"[.!?;。\n]"),
)
# Most tokens are words that begin like no shape, so these are tried first: the tokens stay the same (a test
# holds that), scanning takes a quarter of the time. An address alone may begin with any letter.
_PLAIN: Final = "|".join(
    (
        rf"[а-пс-яіїєґў]{_CYRILLIC}",
        rf"[gijklmnopqstuxyz]{_LATIN}",
        rf"р(?!уб){_CYRILLIC}",
        rf"(?!https?:|www\.|rz[- –—]?\d|v\d|rub|rur|rmb|cny|[0-9a-f]{{8}}-)[a-z]{_LATIN}",
        rf"[\u4e00-\u4eb9\u4ebb-\u5361\u5363-\u9fff][{HAN}]*",  # all but the beginnings of 人民币 and 卢布
        r"[.!?;。\n]",
    )
)
_MAY_BEGIN_A_SHAPE: Final = r"(?=[hwa-f\drcv/+₽¥$€£р卢人])"


def _either(*rows: tuple[str, str]) -> str:
    return "|".join(f"(?:{shape})" for _, shape in rows)


_EVERYTHING: Final = re.compile(_either(*SHAPES, *_KINDS))
# Tokens with a blank inside: a phone number and "rz 100042". No other shape or kind takes one in, and what
# they look at behind and ahead of themselves is the same at a blank as at the end of a text.
_PHONE_BEGINS: Final = re.compile(r"\+\d")
_WITHOUT_ADDRESSES: Final = re.compile(
    f"{_PLAIN}|{_MAY_BEGIN_A_SHAPE}(?:{_either(*(row for row in SHAPES if row[0] != 'xaddress'))})|"
    + _either(*_KINDS)
)
_NAMED: Final = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in (*SHAPES, *_KINDS)))
_KIND_ALONE: Final = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in _KINDS))
_RUSSIAN: Final = snowballstemmer.stemmer("russian")
_ENGLISH: Final = snowballstemmer.stemmer("english")


def _scanner(folded: str) -> re.Pattern[str]:
    # An address is looked for at every word, so the shape is left out where none can be.
    return _EVERYTHING if "@" in folded else _WITHOUT_ADDRESSES


def _may_hold_blanks(folded: str) -> bool:
    return "rz " in folded or ("+" in folded and _PHONE_BEGINS.search(folded) is not None)


def pieces(folded: str) -> list[str]:
    """Return the tokens of folded text in order; what is no token (spaces, commas) is passed over."""
    return _scanner(folded).findall(folded)


def chunks(folded: str) -> list[str]:
    """Cut folded text at its blanks and line ends; the tokens of the chunks are those of the text.

    A line end is a chunk of its own, a chunk between two blanks is empty, and a line stays whole where a
    token may hold a blank.
    """
    if not _may_hold_blanks(folded):
        return folded.replace("\n", " \n ").split(" ")
    found: list[str] = []
    for line in folded.split("\n"):
        found += [line] if _may_hold_blanks(line) else line.split(" ")
        found.append("\n")
    return found[:-1]


def spans(folded: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each token of `pieces`."""
    return (match.span() for match in _scanner(folded).finditer(folded))


@lru_cache(maxsize=10_000)
def kind_of(piece: str) -> str:
    """Return what a token is: word, number, han (a run of Chinese characters), stop or a placeholder's name.

    A stop is the end of a clause. Raises ValueError for what is no token.
    """
    found = _NAMED.fullmatch(piece) or _KIND_ALONE.fullmatch(piece)
    if found is None or found.lastgroup is None:
        msg = f"{piece!r} is no token: only what `pieces` returns has a kind"
        raise ValueError(msg)
    return found.lastgroup


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of one folded word, by its alphabet."""
    return str((_RUSSIAN if word[0] > "z" else _ENGLISH).stemWord(word))


def number_kind(digits: str) -> str:
    """Return the word that stands for a bare number: only its length counts."""
    return f"n{min(len(digits), _LONGEST_NUMBER)}"
