"""Character tables that make look-alike writing equal without moving a single offset.

Every function maps one character to one character, so an offset in the result is an offset in the input:
full-width forms to ASCII, every dash to `-`, every blank to a space, every quotation mark to `"`. NFKC is
not enough: it leaves U+2010, U+2012-U+2014 and U+2212 alone and may change the length.
"""

from __future__ import annotations

import re
from typing import Final

_DASHES: Final = "‐‑‒–—―−⁃﹘﹣－⸺ー─"
_BLANKS: Final = (
    "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_QUOTES: Final = "«»“”„‟‹›「」『』《》〈〉＂″"
# Chinese punctuation stays: "少了95，11日" holds no decimal comma and "日期：11.12" no clock time.
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，：；！？"}
_FOLD: Final[dict[int, int]] = (
    {ord(char): 0x20 for char in _BLANKS + _INVISIBLE}
    | _FULL_WIDTH
    | {ord(char): ord("-") for char in _DASHES}
    | {ord(char): ord('"') for char in _QUOTES}
    | {ord("【"): ord("["), ord("】"): ord("]"), ord("〔"): ord("["), ord("〕"): ord("]")}
    | {ord("〜"): ord("~"), ord("\r"): ord("\n")}
)
# Capital Cyrillic letters that look Latin: РВ123456785RU is typed in the wrong layout more often than not.
_LATINISED: Final = tuple(zip("АВЕКМНОРСТУХ", "ABEKMHOPCTYX", strict=True))
_FOLDED: Final = {chr(code): chr(folded) for code, folded in _FOLD.items()}
_ANY_FOLDED: Final = re.compile("[" + "".join(map(re.escape, _FOLDED)) + "]")
_MAX_REPLACED: Final = 12  # different characters that are replaced one by one; more go through the table


def fold(text: str) -> str:
    """Return `text` with look-alike characters made equal; same length."""
    if text.isascii():
        return text.replace("\t", " ").replace("\r", "\n")
    found = set(_ANY_FOLDED.findall(text))
    if len(found) > _MAX_REPLACED:
        return text.translate(_FOLD)
    for char in found:
        text = text.replace(char, _FOLDED[char])
    return text


def lower(folded: str) -> str:
    """Return `folded` in lower case with ё as е; same length (the few letters that would grow stay)."""
    result = folded.lower().replace("ё", "е")
    if len(result) == len(folded):
        return result
    small = (char.lower() for char in folded)
    return "".join(low if len(low) == 1 else char for low, char in zip(small, folded, strict=True)).replace(
        "ё", "е"
    )


def latin(folded: str) -> str:
    """Return `folded` with capital Cyrillic look-alikes as Latin letters; same length."""
    if not folded.isascii():
        for cyrillic, look_alike in _LATINISED:
            if cyrillic in folded:
                folded = folded.replace(cyrillic, look_alike)
    return folded


def without_spaces(text: str) -> str:
    """Return the folded form of an identifier without blank space: the corpus form of a value."""
    return "".join(fold(text).split())
