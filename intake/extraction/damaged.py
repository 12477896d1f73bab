"""Identifiers that were damaged on their way: glued to words, typed with letters for digits, wrapped.

In goes a region, out come candidates beside those of `candidates`: a posting number or supply written
together with a Russian word, "О"/"l"/"З" for 0/1/3 inside digits, Cyrillic letters inside a long hexadecimal
id, and codes that a line break, a soft break of quoted-printable (RFC 2045 6.7) or an invisible character
cuts in two. Values are the mended ones; offsets cover what is written. Each search runs only where a cheap
sign of the damage occurs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from intake.extraction.candidates import Candidate
from intake.extraction.regions import Region
from intake.extraction.shapes import Shape, match_text

MAX_MENDED: Final = 50  # of one kind and region
_SIGNS: Final = "0-9A-Za-zА-Яа-яЁё_-"
_CYRILLIC: Final = re.compile("[А-Яа-яЁё]")
_GLUE: Final = re.compile(
    r"[0-9W](?:(?<=[0-9])[0-9]{7,9}-[0-9]{4}(?:-[0-9]{1,2})?(?![0-9-])"
    r"|(?<=W)B[ _-]?GI[ _-]?[0-9]{8,9}(?![0-9]))"
)
# Over what stands around the digits of the lower-case text: 1O2, or a letter before six digits.
_FALSE_DIGIT: Final = re.compile("[0-9](?:[оoзliб][0-9]|(?<=[oоliз].)(?<![a-zа-я]..)[0-9]{5})")
_TYPED: Final = re.compile(
    rf"(?<![{_SIGNS}])[0-9OОoоЗзlIб]{{7,13}}(?:-[0-9OОoоЗзlб]{{4}}(?:-[0-9OОoоЗзlб]{{1,2}})?)?(?![{_SIGNS}])"
)
_DIGITS: Final = str.maketrans("OОoоЗзlIб", "000033116")
_MOST_LETTERS: Final = 2
_LOOK_ALIKE: Final = str.maketrans("аеосрхАЕОСРХВ", "aeocpxAEOCPXB")
_LONG: Final = re.compile(rf"(?<![.{_SIGNS}])[0-9A-Za-zаеосрхАЕОСРХВ._-]{{30,70}}(?![{_SIGNS}])")
_LONG_RUN: Final = re.compile(r"(?:\S{0,29}+(?!\S)\s++)*+\S{30}")  # no blank in thirty characters
_LONG_NAMES: Final = frozenset({"long hex", "wb srid", "uuid", "time uuid"})
_CUTS: Final = re.compile("=\n|(?<=-)\n(?:> ?)?|[\u00ad\u200b\u200c\u2060]")
_CUT_SIGNS: Final = ("=\n", "-\n", "\u00ad", "\u200b", "\u200c", "\u2060")
_LEFT: Final = re.compile("[0-9A-Za-z-]{1,40}$")
_RIGHT: Final = re.compile("[0-9A-Za-z-]{1,40}")
_SURE: Final = 2.0  # prior from which a shape speaks for itself
_DOUBT: Final = 0.7  # taken off where letters had to be read as digits
_LONG_NUMBER: Final = 8


def _glued(region: Region) -> Iterator[Candidate]:
    for match in islice(_GLUE.finditer(region.latin), MAX_MENDED):
        start, end = match.span()
        before, behind = region.folded[max(0, start - 1) : start], region.folded[end : end + 1]
        if any(char and (char in "-_" or (char.isalnum() and char.isascii())) for char in (before, behind)):
            continue
        if not (_CYRILLIC.match(before) or _CYRILLIC.match(behind)):
            continue
        shape = match_text(match[0])
        if shape is not None:
            value = "".join(char for char in match[0] if char.isdigit())
            yield Candidate(start, end, shape.value.replace("{digits}", value) or match[0], shape)


def _typed(region: Region) -> Iterator[Candidate]:
    for match in islice(_TYPED.finditer(region.folded), MAX_MENDED):
        mended = match[0].translate(_DIGITS)
        letters = sum(not char.isdigit() for char in match[0].replace("-", ""))
        shape = match_text(mended) if 0 < letters <= _MOST_LETTERS else None
        if shape is None:
            continue
        if max(shape.roles.values()) < _SURE:
            roles = {role: prior - _DOUBT for role, prior in shape.roles.items() if role != "none"}
            shape = Shape(shape.name, roles)
        yield Candidate(match.start(), match.end(), mended, shape)


def _in_long_codes(region: Region) -> Iterator[Candidate]:
    for match in islice(_LONG.finditer(region.folded), MAX_MENDED):
        if _CYRILLIC.search(match[0]) is None:
            continue
        mended = match[0].rstrip(".").translate(_LOOK_ALIKE)
        shape = match_text(mended)
        if shape is not None and shape.name in _LONG_NAMES:
            yield Candidate(match.start(), match.start() + len(mended), mended, shape)


def _cut(region: Region) -> Iterator[Candidate]:
    for cut in islice(_CUTS.finditer(region.text), MAX_MENDED):
        left = _LEFT.search(region.folded[max(0, cut.start() - 40) : cut.start()])
        right = _RIGHT.match(region.folded, cut.end())
        if left is None or right is None:
            continue
        joined = left[0] + right[0]
        shape = match_text(joined)
        digits = sum(char.isdigit() for char in joined)
        if shape is None or digits < _LONG_NUMBER or not (right[0][0].isdigit() and left[0][0].isalnum()):
            continue
        if max(shape.roles.values()) >= _SURE or cut[0][0] != "\n":
            yield Candidate(cut.start() - len(left[0]), right.end(), joined, shape)


def find_damaged(region: Region) -> list[Candidate]:
    """Return the candidates of a region that can be read once their damage is mended."""
    if not region.has_digit:
        return []
    found: list[Candidate] = []
    if not region.folded.isascii():
        if region.has_many_digits or "gi" in region.lower:
            found += _glued(region)
        if _LONG_RUN.match(region.folded) is not None:
            found += _in_long_codes(region)
    if _FALSE_DIGIT.search(region.near) is not None:
        found += _typed(region)
    if any(map(region.text.__contains__, _CUT_SIGNS)):
        found += _cut(region)
    return found
