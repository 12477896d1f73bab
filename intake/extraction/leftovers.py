"""The seller's number without a word: alone on its line, behind a name, at the end of the letter.

Only asked when the mail names no seller otherwise, and only when one single number can be meant: joint
resolution instead of a default for every number of that length.
"""

from __future__ import annotations

import re
from typing import Final

from intake.extraction.readings import BAR, Reading
from intake.extraction.regions import NEW_TEXT

_SHAPES: Final = frozenset({"6 digits", "7 digits", "uuid"})
_BEFORE: Final = re.compile(r"(?:^|[,，—(/:：;。？！.!?-])\s{0,2}$")
_BEHIND: Final = re.compile(r"\s{0,2}[).。]?\s{0,2}(?:$|\n)")
_MAX_LINE: Final = 60
_WEAK: Final = 1.3  # what a mail's topic alone gives


def _stands_alone(reading: Reading) -> bool:
    region, candidate = reading.region, reading.candidate
    before = region.lower[region.line_start(candidate.start) : candidate.start]
    behind = _BEHIND.match(region.lower, candidate.end)
    tail = before[-3:]
    return (
        behind is not None
        and _BEFORE.search(tail) is not None
        and (len(before) <= _MAX_LINE or tail[-1] in "？！。")
    )


def adopt_seller(readings: list[Reading]) -> None:
    """Give the one lonely number of the new text the role of the seller, when no other number has it."""
    new = [reading for reading in readings if reading.region.where in NEW_TEXT]
    if any(reading.role == "seller_id" for reading in new):
        return
    lonely = [
        reading
        for reading in new
        if reading.candidate.shape.name in _SHAPES
        and (not reading.role or reading.cue <= _WEAK)
        and _stands_alone(reading)
    ]
    if len({reading.candidate.value for reading in lonely}) != 1:
        return
    for reading in lonely:
        reading.role = "seller_id"
        reading.scores["seller_id"] = max(BAR, reading.scores.get("seller_id", 0.0))
        reading.words["seller_id"] = "the only number left"
