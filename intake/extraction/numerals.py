"""What kinds of joined digits a text holds, so that an extractor whose kind is absent need not search.

Digits joined by dots, slashes or dashes are reduced to their outline (`18.11.2026` is `00.00.0000`); what an
outline may be is worked out once and remembered. The answer errs to one side: an absent kind is absent for
certain, a present one may be something else.
"""

from __future__ import annotations

import re
from typing import Final

DAY_MONTH: Final = 1  # 18.11, 4/9
FULL_DATE: Final = 2  # 18.11.2026, 4-9-26
ISO_DATE: Final = 4  # 2026-11-18
MONTH_DASH_DAY: Final = 8  # 11-18
IP_ADDRESS: Final = 16

MAX_REMEMBERED: Final = 10_000  # outlines; hostile text must not fill the memory
_JOINED: Final = re.compile(r"[0-9](?<![0-9].)[0-9]*+(?:[./-][0-9]++)+")
_OUTLINE: Final = str.maketrans("123456789", "000000000")
_KINDS: Final = (
    (DAY_MONTH, re.compile(r"(?<![0./])0{1,2}[./]0{1,2}(?![0./])")),
    (FULL_DATE, re.compile(r"(?<!0)0{1,2}([./-])0{1,2}\1(?:00|0000)(?!0)")),
    (ISO_DATE, re.compile(r"(?<!0)0000([./-])0{1,2}\1")),
    (MONTH_DASH_DAY, re.compile(r"(?<!0)00-00(?!0)")),
    (IP_ADDRESS, re.compile(r"0\.0{1,3}\.0{1,3}\.0")),
)
_AROUND_DIGITS: Final = re.compile("[0-9][0-9]*+(?:[^0-9]{1,10}+[0-9]++)*+")
_MARGIN: Final = 4
_known: dict[str, int] = {}


def near_digits(lower_text: str) -> str:
    """Return the digits of a text with four characters on both sides and up to ten in between.

    A fraction of the text, in which an expression that looks no farther from a digit can be ruled out; what
    is far apart in the text is kept apart by a NUL. "" when there is no digit.
    """
    spans = [match.span() for match in _AROUND_DIGITS.finditer(lower_text)]
    return "\0".join([lower_text[max(0, low - _MARGIN) : high + _MARGIN] for low, high in spans])


def kinds_of_digits(near: str) -> int:
    """Return the kinds of joined digits in what `near_digits` returned, as a sum of the constants above."""
    kinds = 0
    for written in set(_JOINED.findall(near)):
        outline = written.translate(_OUTLINE)
        known = _known.get(outline)
        kinds |= _learn(outline) if known is None else known
    return kinds


def _learn(outline: str) -> int:
    kinds = sum(kind for kind, pattern in _KINDS if pattern.search(outline))
    if len(_known) >= MAX_REMEMBERED:
        _known.clear()
    _known[outline] = kinds
    return kinds
