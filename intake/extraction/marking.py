"""Marking codes of Честный ЗНАК: GS1 application identifiers 01 (GTIN-14) and 21 (serial).

The serial has 13 characters for most goods and may hold any printable sign, also quotes and `<`; the
crypto tail 91/92 follows behind a group separator that mail programs drop. The value is the code without
blanks and without the brackets of the readable form.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from intake.extraction.regions import Region

SERIAL_LENGTH: Final = 13
# A scanner may put its name for DataMatrix or Code 128 first (ISO/IEC 15424): ]d2, ]C1.
_PLAIN: Final = re.compile(
    r"01(?:(?<![0-9A-Za-z]..)|(?<=\](?:d2|C1)..))(?P<gtin>[0-9]{14})21(?P<serial>[!-~]{5,13})"
)
# The 21 was lost: nothing else is 16 digits from 01 on and 13 characters with small and capital letters.
_UNTAGGED: Final = re.compile(
    r"01(?<![0-9A-Za-z]..)[0-9]{14}(?=[!-~]{0,12}[a-z])(?=[!-~]{0,12}[A-Z])[!-~]{12}[0-9A-Za-z]"
    r"(?=[.,;:)\"'\]}>]{0,3}(?![!-~]))"
)
_READABLE: Final = re.compile(r"\(01\) ?(?P<gtin>[0-9]{14}) ?\(21\) ?(?P<serial>[!-~]{5,13})")
_BLANKS: Final = re.compile(r"01(?<![0-9A-Za-z]..) ?(?P<gtin>[0-9]{14})[ \n]21 ?(?P<serial>[!-~]{5,13})")
# The group separator itself, and how programs show it.
_SEPARATOR: Final = r"(?:\u001d|\u241d| |<GS>|\{GS\}|\[GS\]|\\u001d|\\x1d|\\F|~1|\^\])"
_TAIL: Final = re.compile(rf"{_SEPARATOR}?\(?91\)?[!-~]{{4}}{_SEPARATOR}?\(?92\)?[!-~]{{4,88}}")
_SHOWN: Final = re.compile(_SEPARATOR)
# A serial has up to 20 characters (GS1 General Specifications, AI 21).
_MORE: Final = re.compile(r"(?![,;<|/\])}>])[!-~]{0,6}[0-9A-Za-z](?=[.,;:)\"'\]}>]{0,3}(?![!-~]))")
_END: Final = ".,;:)\"'"
_SHORTEST_SERIAL: Final = 5


class MarkingMark(NamedTuple):
    """A written marking code and its value."""

    start: int
    end: int
    value: str


def find_marking_codes(region: Region) -> list[MarkingMark]:
    """Return the marking codes of a region; the serial is cut at blank space and at its usual length."""
    if "01" not in region.folded:
        return []
    patterns = [_PLAIN, _BLANKS, _READABLE] if "(01)" in region.folded else [_PLAIN, _BLANKS]
    marks = (_read(region, match) for pattern in patterns for match in pattern.finditer(region.folded))
    found = [mark for mark in marks if mark is not None]
    if not found:
        found = [MarkingMark(*match.span(), match[0]) for match in _UNTAGGED.finditer(region.folded)]
    return found


def _read(region: Region, match: re.Match[str]) -> MarkingMark | None:
    """Return the code that begins with `match`, None when its serial was no plain text as it was written."""
    serial = re.match(r"[!-~]+", region.text[match.start("serial") : match.end("serial")])
    if serial is None or len(serial[0]) < _SHORTEST_SERIAL:
        return None
    start = match.start("serial")
    kept = serial[0] if len(serial[0]) == SERIAL_LENGTH else serial[0].rstrip(_END)
    tail = _TAIL.match(region.folded, start + len(kept)) if len(kept) == SERIAL_LENGTH else None
    more = _MORE.match(region.text, start + len(kept)) if len(kept) == SERIAL_LENGTH and not tail else None
    if more is not None:
        kept += more[0]
    end = start + len(kept)
    value = f"01{match['gtin']}21{kept}"
    if tail is not None:
        value += re.sub(r"[\s()]", "", _SHOWN.sub("", tail[0]))
        end = tail.end()
    return MarkingMark(match.start(), end, value)
