"""Folding of text, and shapes of identifiers, dates and amounts: a number's kind counts, its digits do not.

In goes text as written, out comes text of the same length in which case, ё, full-width and
traditional characters no longer differ; so every span stays a span of the mail. The shapes
are light ones (domain section 3): typing an identifier for good is the work of
`intake.extraction`, here it is enough that the same mail always looks the same.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).parent / "lexicon" / "simplified.toml"
_FULL_WIDTH: Final = range(0xFF01, 0xFF5F)  # the ASCII signs of Chinese keyboards
_FULL_TO_HALF: Final = 0xFEE0

# name -> shape in folded text. Order matters: what stands first takes its digits away from the ones below.
SHAPES: Final[tuple[tuple[str, str], ...]] = (
    ("xlink", r"https?://[^\s<>()，。；、\"']{1,500}|(?<!\w)www\.[^\s<>()，。；]{1,300}"),
    ("xaddress", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"),
    ("xuuid", r"(?<![0-9a-f-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f-])"),
    ("xticket", r"(?<![a-z])rz[- –—]?\d{5,12}"),
    ("xmark", r"(?<!\d)01\d{14}21\S{6,30}"),
    ("xmethod", r"/?(?<![a-z0-9])v\d{1,2}/[a-z0-9_/{}.-]{2,80}|/api/[a-z0-9_/{}.-]{2,80}"),
    ("xposting", r"(?<![\d-])\d{6,12}-\d{4}(?:-\d{1,2})?(?![\d-])"),
    ("xphone", r"\+\d[\d ()-]{8,18}\d"),
    ("xmoney", r"[₽¥$€£]|(?<![a-zа-я])(?:руб(?:л[а-я]{1,4})?|rub|rur|cny|rmb)(?![a-zа-я])|卢布|人民币"),
    (
        "xdate",
        r"(?<!\d)\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?(?!\d)|(?<!\d)20\d\d-\d\d-\d\d(?!\d)|\d{1,2}月\d{1,2}[日号]",
    ),
    ("xtime", r"(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)"),
)
PLACEHOLDERS: Final = frozenset(name for name, _ in SHAPES)
_MASKED: Final = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in SHAPES) + r"|(?P<number>\d+)")


@cache
def _same_letters() -> dict[int, str]:
    """Return what folding puts in the place of a character."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    folded = dict(zip(map(ord, table["traditional"]), table["simplified"], strict=True))
    return folded | {code: chr(code - _FULL_TO_HALF).lower() for code in _FULL_WIDTH} | {ord("ё"): "е"}


def fold(text: str) -> str:
    """Return text as features are read from it, of the same length."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals (İ) have no lower case of one character
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    return lowered.translate(_same_letters())


def mask(folded: str) -> str:
    """Replace identifiers, dates, amounts, links and addresses in folded text by placeholder words."""
    return _MASKED.sub(lambda match: f" {match.lastgroup} ", folded)
