"""Folding of text, and shapes of identifiers, dates and amounts: a number's kind counts, its digits do not.

In goes text as written, out comes text of the same length in which case, ё, full-width and
traditional characters no longer differ; so every span stays a span of the mail. The shapes
are light ones (domain section 3): typing an identifier for good is the work of
`intake.extraction`, here it is enough that the same mail always looks the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

BASIC_PLANE: Final = 0x10000  # code points that case and spelling are folded in

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
def _folded() -> NDArray[np.uint32]:
    """Return what folding puts in the place of each character of the basic plane."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    same = dict(zip(map(ord, table["traditional"]), map(ord, table["simplified"]), strict=True))
    same |= {code: ord(chr(code - _FULL_TO_HALF).lower()) for code in _FULL_WIDTH} | {ord("ё"): ord("е")}
    # A few capitals (İ) have no lower case of one character: they stay, so that places stay.
    lowered = [chr(code).lower() for code in range(BASIC_PLANE)]
    codes = [ord(low) if len(low) == 1 else code for code, low in enumerate(lowered)]
    return np.array([same.get(code, code) for code in codes], dtype="<u4")


def fold_all(texts: Sequence[str]) -> list[str]:
    """Return texts as features are read from them, each of the same length."""
    joined = "".join(texts)
    if joined.isascii():
        return [text.lower() for text in texts]
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    same = _folded().take(codes, mode="clip")
    if int(codes.max()) >= BASIC_PLANE:
        same = np.where(codes < BASIC_PLANE, same, codes)
    folded = same.tobytes().decode("utf-32-le", "surrogatepass")
    ends = list(accumulate(map(len, texts)))
    return [folded[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def fold(text: str) -> str:
    """Return one text as features are read from it, of the same length."""
    return fold_all([text])[0]


def mask(folded: str) -> str:
    """Replace identifiers, dates, amounts, links and addresses in folded text by placeholder words."""
    return _MASKED.sub(lambda match: f" {match.lastgroup} ", folded)
