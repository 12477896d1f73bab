"""What a reader sees of a text, however it is written: for rules about words that may not be said.

In goes a text, out come plain forms of it: compatibility signs as ordinary ones, nothing invisible,
no accents, words spaced out or split by signs put together, and words that mix Latin and Cyrillic
letters in either script (Unicode UTS 39 speaks of confusables; here are the few that Russian and
English share). Links are never looked at in these forms: a forged name would become the real one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CYRILLIC: Final = "асеорхукмтвнзбіј"  # each seen as the Latin sign below it
_LATIN: Final = "aceopxykmtbh36ij"
_TO_LATIN: Final = str.maketrans(_CYRILLIC, _LATIN)
_TO_CYRILLIC: Final = str.maketrans(_LATIN + "0", _CYRILLIC + "о")
_IN_ENGLISH: Final = str.maketrans("013457@$", "oieastas")  # p@ssw0rd
_WORD: Final = re.compile(r"[^\W_][\w@$]{1,60}")
_HAS_LATIN: Final = re.compile(r"[a-z]")
_HAS_CYRILLIC: Final = re.compile(r"[а-я]")
_SPACED_OUT: Final = re.compile(r"(?<!\w)(?:[^\W\d_][ .\-_*·]{1,2}){3,40}[^\W\d_](?!\w)")
_SPACES: Final = re.compile(r"\s+")
_BETWEEN_CJK: Final = re.compile(r"(?<=[\u4e00-\u9fff])[\s.\-_*·|/]{1,5}(?=[\u4e00-\u9fff])")
_SPLIT_WORD: Final = re.compile(r"(?<=[^\W\d_])[*_·|](?=[^\W\d_])")


def plain(text: str) -> str:
    """Return a text without invisible signs and accents, full-width and other spaces as ordinary ones."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(_bare(sign) for sign in composed if unicodedata.category(sign) not in {"Cf", "Mn", "Me"})


def spoken_forms(text: str) -> tuple[str, ...]:
    """Return a text in lower case and on one line, as it would be read aloud in each script it may be in."""
    line = _SPACES.sub(" ", plain(text).casefold().replace("ё", "е"))
    line = _BETWEEN_CJK.sub("", line)
    line = _SPLIT_WORD.sub("", _SPACED_OUT.sub(lambda run: re.sub(r"[\W_]", "", run.group(0)), line))
    return tuple(dict.fromkeys((line, _WORD.sub(_in_cyrillic, line), _WORD.sub(_in_latin, line))))


def _bare(sign: str) -> str:
    """Take the accent off a Latin letter; й and ё are letters of their own."""
    if sign.isascii() or not "\u00c0" <= sign <= "\u024f":
        return sign
    return unicodedata.normalize("NFKD", sign)[0]


def _in_cyrillic(match: re.Match[str]) -> str:
    word = match.group(0)
    return word.translate(_TO_CYRILLIC) if _HAS_CYRILLIC.search(word) else word


def _in_latin(match: re.Match[str]) -> str:
    word = match.group(0)
    if not _HAS_LATIN.search(word):
        return word
    return word.translate(_TO_LATIN).translate(_IN_ENGLISH)
