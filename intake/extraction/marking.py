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
_PLAIN: Final = re.compile(r"01(?<![0-9A-Za-z]..)(?P<gtin>[0-9]{14})21(?P<serial>[!-~]{5,13})")
_READABLE: Final = re.compile(r"\(01\) ?(?P<gtin>[0-9]{14}) ?\(21\) ?(?P<serial>[!-~]{5,13})")
_TAIL: Final = re.compile(r"(?:\u001d| )?\(?91\)?[!-~]{4}(?:\u001d| )?\(?92\)?[!-~]{4,88}")
_END: Final = ".,;:)\"'"


class MarkingMark(NamedTuple):
    """A written marking code and its value."""

    start: int
    end: int
    value: str


def find_marking_codes(region: Region) -> list[MarkingMark]:
    """Return the marking codes of a region; the serial is cut at blank space and at its usual length."""
    marks: list[MarkingMark] = []
    if "01" not in region.folded:
        return marks
    for pattern in (_PLAIN, _READABLE) if "(01)" in region.folded else (_PLAIN,):
        for match in pattern.finditer(region.folded):
            written = region.text[match.start("serial") : match.end("serial")]
            serial = re.match(r"[!-~]+", written)
            if serial is None or len(serial[0]) < 5:
                continue
            kept = serial[0] if len(serial[0]) == SERIAL_LENGTH else serial[0].rstrip(_END)
            end = match.start("serial") + len(kept)
            tail = _TAIL.match(region.folded, end)
            value = f"01{match['gtin']}21{kept}"
            if tail is not None and len(kept) == SERIAL_LENGTH:
                value += re.sub(r"[\s()\u001d]", "", tail[0])
                end = tail.end()
            marks.append(MarkingMark(match.start(), end, value))
    return marks
