"""Identifiers, dates and amounts as typed placeholder words: a number's kind counts, its digits do not.

In goes lower-cased text, out comes the same text with placeholders such as `xposting`. The
shapes are light ones (domain section 3): typing an identifier for good is the work of
`intake.extraction`, here it is enough that the same mail always looks the same.
"""

from __future__ import annotations

import re
from typing import Final

# Order matters: what stands first takes its digits away from the ones below.
_SHAPES: Final[tuple[tuple[str, str], ...]] = (
    (r"https?://\S{1,500}|(?<!\w)www\.\S{1,500}", "xlink"),
    (r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", "xaddress"),
    (r"wb[-_ ]?gi[-_ ]?\d{1,12}", "xwbgi"),
    (r"(?<![\d-])\d{8,10}-\d{4}(?:-\d{1,2})?(?![\d-])", "xposting"),
    (r"rz[- ]?\d{6,12}", "xticket"),
    (r"(?<![0-9a-f-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f-])", "xuuid"),
    (r"\d{1,4}[./-]\d{1,2}(?:[./-]\d{2,4})?(?!\d)|\d{1,2}月\d{1,2}日?", "xdate"),
    (r"(?<!\d)2000\d{9}(?!\d)", "xsupply"),
    (r"\d[\d   .,]{0,14}\d\s{0,2}(?:₽|руб\w{0,4}|р\.|rub(?![a-z])|卢布|元)", "xmoney"),
    (r"(?<!\d)\d{13}(?!\d)", "xbarcode"),
    (r"(?<!\d)\d{9,10}(?!\d)", "xproduct"),
    (r"(?<!\d)\d{5,}(?!\d)", "xnumber"),
    (r"\d+", "xdigits"),
)
PLACEHOLDERS: Final = frozenset(name for _, name in _SHAPES)
_COMPILED: Final = tuple((re.compile(shape), f" {name} ") for shape, name in _SHAPES)


def fold(text: str) -> str:
    """Return text as features are read from it: lower case, ё as е."""
    return text.lower().replace("ё", "е")


def mask(folded: str) -> str:
    """Replace identifiers, dates, amounts, links and addresses in folded text by placeholder words."""
    for shape, name in _COMPILED:
        folded = shape.sub(name, folded)
    return folded
