"""Our own ticket numbers, RZ-100042, in all the ways people write them.

Accepted: full width, any dash, a blank or nothing between letters and digits, lost brackets, digits in two
groups, the letters typed in the Russian layout (КЯ, РЗ). Numbers start at 100001.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from intake.extraction.regions import Region

FIRST_NUMBER: Final = 100001
_TAG: Final = re.compile(
    r"[RrPрKк](?<![0-9A-Za-zА-Яа-я].)(?:(?<=[Rr])[Zz]|(?<=P)[ZЗ]|(?<=р)з|(?<=K)Я|(?<=к)я)[ _#:：№.-]{0,3}"
    r"(?P<n>[1-9][0-9]{2} ?[0-9]{3,6})(?![0-9A-Za-z]|-[0-9])"
)
_LETTERS: Final = ("rz", "рз", "pz", "pз", "рz", "кя", "kя")  # what every tag has in lower case


class TicketMark(NamedTuple):
    """A written ticket number in its normal form."""

    start: int
    end: int
    value: str


def find_tickets(region: Region) -> list[TicketMark]:
    """Return the ticket numbers of a region in reading order."""
    marks: list[TicketMark] = []
    if not any(map(region.lower.__contains__, _LETTERS)):
        return marks
    for match in _TAG.finditer(region.latin):
        number = match["n"].replace(" ", "")
        if int(number) >= FIRST_NUMBER:
            marks.append(TicketMark(match.start(), match.end(), f"RZ-{number}"))
    return marks
