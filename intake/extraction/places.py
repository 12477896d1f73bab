"""What is named: warehouses, screens and methods, campaigns, a courier's address and time slot, placeholders.

In goes a prepared region, out come spans with their values. Names and patterns are data (`findings.toml`);
each pattern runs only where a cheap sign of it occurs in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Final

from intake.extraction.finding_words import Mark
from intake.extraction.lexicon import load_toml, words_of
from intake.extraction.regions import Region
from intake.extraction.signs import BLANKS, OPENING

MAX_PER_PATTERN: Final = 20
MAX_BRACKETS: Final = 60
_FILE: Final = "findings.toml"
_NEAR: Final = 45
_WITH_DIGITS: Final = frozenset({"courier_address", "time_slot"})
_INSIDE: Final = r"[^\[\]<>{}()\n0-9@]"
_BRACKETS: Final = re.compile(  # what is no such thing up to the closing bracket is given up at once
    rf"[\[<{{(][\[<{{(]?\s?(?={_INSIDE}{{2,41}}+\s?[\]>}})])(?P<v>{_INSIDE}{{2,40}}?)\s?[\]>}})]{{1,2}}"
)
_BLANK: Final = re.compile(
    r"(?<![A-Za-zА-Яа-я0-9])(?:[XХxх]{4,20}|_{4,40}|\.{6,40}|\?{3,10})(?![A-Za-zА-Яа-я0-9])"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A span that names something, its kind and its value."""

    kind: str
    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    signs: frozenset[str]
    regex: re.Pattern[str]
    near: str
    digits: re.Pattern[str] | None  # what stands around the digits of every text that can match


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(
            row["kind"],
            frozenset(row["signs"]),
            re.compile(row["pattern"]),
            row.get("near", ""),
            re.compile(row["digits"]) if "digits" in row else None,
        )
        for row in load_toml(_FILE)["pattern"]
    )


@cache
def _signs() -> frozenset[str]:
    return frozenset().union(*(pattern.signs for pattern in _patterns()))


@cache
def place_signs() -> frozenset[str]:
    """Return the signs of which one stands in every text where a place is found without a word of a list."""
    return _signs() | OPENING | BLANKS


@lru_cache(maxsize=1024)
def _patterns_for(present: frozenset[str]) -> tuple[_Pattern, ...]:
    """Return the patterns of which one of the signs `present` stands in every match."""
    return tuple(pattern for pattern in _patterns() if not present.isdisjoint(pattern.signs))


def _by_pattern(region: Region) -> Iterator[Place]:
    for pattern in _patterns_for(region.signs & _signs()):
        if pattern.kind in _WITH_DIGITS and not region.has_digit:
            continue
        if pattern.digits is not None and pattern.digits.search(region.near) is None:
            continue
        for count, match in enumerate(pattern.regex.finditer(region.folded)):
            if count >= MAX_PER_PATTERN:
                break
            low, high = match.span("v")
            around = region.lower[max(0, match.start() - _NEAR) : match.end() + _NEAR]
            if pattern.near and not words_of(_FILE, "near", pattern.near).search(around):
                continue
            yield Place(pattern.kind, low, high, " ".join(match["v"].split()).strip(' ".'))


def _placeholders(region: Region) -> Iterator[Place]:
    """Yield what a template left open: [номер поставки], {sku}, "SKU: XXXXX" (rule R43)."""
    if not region.signs.isdisjoint(OPENING):
        for match in islice(_BRACKETS.finditer(region.folded), MAX_BRACKETS):
            low, high = match.span("v")
            if _names_a_field(region, low, high):
                yield Place("placeholder", match.start(), match.end(), region.lower[low:high])
    blanks = not region.signs.isdisjoint(BLANKS)
    for match in islice(_BLANK.finditer(region.folded), MAX_BRACKETS) if blanks else ():
        cues = region.cues_before(match.start(), 1)
        if cues and match.start() - cues[0].end <= 6 and cues[0].sense.meanings:
            yield Place("placeholder", match.start(), match.end(), cues[0].word)


def _names_a_field(region: Region, low: int, high: int) -> bool:
    inside = region.lower[low:high]
    words = words_of(_FILE, "placeholder", "words")
    if words.fullmatch(inside) or inside.startswith(tuple(load_toml(_FILE)["placeholder"]["starts"])):
        return True
    cues = [cue for cue in region.cues_before(high, 3) if cue.start >= low]
    covered = sum(cue.end - cue.start for cue in cues)
    return covered >= 0.6 * (high - low) and any(
        meaning.weight >= 2.0 for cue in cues for meaning in cue.sense.meanings
    )


def find_places(region: Region, marks: Iterable[Mark]) -> Iterator[Place]:
    """Yield everything of a region that names a place or a thing, overlaps included."""
    for mark in marks:
        if mark.kind == "warehouse":
            yield Place(mark.kind, mark.start, mark.end, mark.value)
    yield from _by_pattern(region)
    yield from _placeholders(region)
