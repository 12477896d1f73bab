"""Lets everything that was found compete for the text: one character belongs to one entity.

In go claims of all extractors, out come those that win: a higher score first, then the longer span, then
the earlier one. Linear in the text: a mask per region remembers what is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from intake.extraction.regions import Region

MAX_PER_ATTACHMENT: Final = 200
MAX_PER_REGION: Final = 1000


class Claim:  # dozens a mail, most of them lose; written out: a generated __init__ is not compiled
    """One extractor's claim that [start, end) of a region is an entity. Type "" only blocks the span."""

    __slots__ = ("end", "reasons", "region", "score", "start", "subtype", "type", "value")

    def __init__(
        self,
        region: Region,
        start: int,
        end: int,
        type: str,  # noqa: A002 - as the record says it
        value: str,
        score: float,
        subtype: str = "",
        reasons: tuple[str, ...] = (),
    ) -> None:
        self.region = region
        self.start = start
        self.end = end
        self.type = type
        self.value = value
        self.score = score
        self.subtype = subtype
        self.reasons = reasons

    @property
    def text(self) -> str:
        """The span as it is written."""
        return self.region.text[self.start : self.end]


def settle(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims that win their spans, in reading order of each region."""
    taken: dict[int, bytearray] = {}  # by region, not by its name: two attachments may have one name
    won: list[Claim] = []
    for claim in sorted(claims, key=lambda item: (-item.score, item.start - item.end, item.start)):
        mask = taken.get(id(claim.region))
        if mask is None:
            mask = taken[id(claim.region)] = bytearray(len(claim.region.text))
        elif mask.find(1, claim.start, claim.end) >= 0:
            continue
        if claim.start >= claim.end:
            continue
        mask[claim.start : claim.end] = b"\x01" * (claim.end - claim.start)
        if claim.type:
            won.append(claim)
    return sorted(won, key=lambda item: (item.region.where, item.start))
