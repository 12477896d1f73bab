"""Which words a mail is found by: text in, tokens for the index out; a query in, what to look for out.

One way for every language and both databases, since neither can be relied on to cut Chinese into
words or to find a part of a number:

* a word of letters is one token in lower case; it is looked for by its beginning, without its ending;
* Chinese characters, kana and hangul become overlapping pairs, so that two characters are found, and
  the last one of a run stands alone too;
* a word with a digit also gives each of its ends of four characters and more, so that any part of a
  number is the beginning of a token.

Texts are hostile: their length, the length of a word and the count of tokens are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Final

MOST_CHARS: Final = 60_000  # of one mail
MOST_TOKENS: Final = 6_000
LONGEST_TOKEN: Final = 48
SHORTEST_PART: Final = 4  # of a number, and of a word that is looked for by its beginning
MOST_TERMS: Final = 16  # of one query
_ENDING: Final = 2  # letters that a long word may lose, so that cases and plurals are found
_KEEPS_ENDING: Final = 5  # a word of so many letters or fewer is taken as it is
_PAIRED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_RUN: Final = re.compile(rf"[{_PAIRED}]+|[^\W_{_PAIRED}]+")
_IS_PAIRED: Final = re.compile(rf"[{_PAIRED}]")
_HAS_DIGIT: Final = re.compile(r"\d")


def tokens_of(texts: Iterable[str]) -> list[str]:
    """Return the tokens of a mail, each once, in the order of their first place."""
    found: dict[str, None] = {}
    left = MOST_CHARS
    for text in texts:
        runs = dict.fromkeys(_RUN.findall(_folded(text[:left])))
        cut = [_remembered(run) if len(run) <= LONGEST_TOKEN else _cut(run) for run in runs]
        found.update(dict.fromkeys(chain.from_iterable(cut)))  # at most one for each character
        if len(found) >= MOST_TOKENS:
            return list(found)[:MOST_TOKENS]
        left -= len(text)
        if left <= 0:
            break
    return list(found)


def terms_of(query: str) -> list[tuple[str, bool]]:
    """Return what a query looks for: tokens, and whether each is only the beginning of one.

    All of them must be there. Empty when the query holds no letter and no digit.
    """
    found: dict[tuple[str, bool], None] = {}
    for run in _RUN.findall(_folded(query)):
        found.update(dict.fromkeys(_terms(run)))
    return list(found)[:MOST_TERMS]


def stem(word: str) -> str:
    """Cut the ending of a long word of letters, but never of a Chinese one or of a number."""
    is_cut = len(word) > _KEEPS_ENDING and not _HAS_DIGIT.search(word) and not _IS_PAIRED.match(word)
    return word[:-_ENDING] if is_cut else word


def _folded(text: str) -> str:
    return text.lower().replace("ё", "е").replace("\u0130", "i")


def _cut(run: str) -> tuple[str, ...]:
    if _IS_PAIRED.match(run):
        return (*(run[at : at + 2] for at in range(len(run) - 1)), run[-1])
    word = run[:LONGEST_TOKEN]
    if _HAS_DIGIT.search(word):
        return (word, *(word[at:] for at in range(1, len(word) - SHORTEST_PART + 1)))
    return (word,)


_remembered: Final = lru_cache(maxsize=16_384)(_cut)  # mails repeat their words; long runs are not kept


def _terms(run: str) -> Iterable[tuple[str, bool]]:
    if _IS_PAIRED.match(run):
        pairs = [(run[at : at + 2], False) for at in range(len(run) - 1)]
        return pairs or [(run, True)]
    word = stem(run[:LONGEST_TOKEN])
    return [(word, len(word) >= SHORTEST_PART)]
