"""The words of all findings, found in one pass over a field: wishes, risks, roles, names, days and terms.

A mark carries the kind of its word and a value: `preferred_channel` email, `warehouse` хоругвино, `day` -1,
`weekday` 2, `span` "week -1", `strong` (a deadline follows), `end` week. Lists: `findings.toml`,
`months.toml`, `relative.toml`. The longest word at a place wins, whatever its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from intake.extraction.lexicon import Lexicon, load_toml
from intake.extraction.regions import Region

WORDED: Final = ("preferred_channel", "priority_stated", "business_risk", "sender_role")


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of a finding at [start, end) of a field."""

    kind: str
    value: str
    start: int
    end: int


def _warehouses() -> Iterator[tuple[str, str, list[str]]]:
    data = load_toml("findings.toml")["warehouse"]
    for name, words in data["named"].items():
        yield "warehouse", name, words
    for town, words in data["towns"].items():
        yield "warehouse", town, [word + suffix for word in words for suffix in data["suffixes"]]


def _rows() -> Iterator[tuple[str, str, list[str]]]:
    """Yield (kind, value, words) of every list."""
    data, months, relative = (load_toml(f"{name}.toml") for name in ("findings", "months", "relative"))
    for kind in WORDED:
        for value, words in data[kind].items():
            yield kind, value, words
    yield from _warehouses()
    yield "strong", "", data["deadline"]["strong"]
    for kind, table in (
        ("end", data["deadline_end"]),
        ("day", months["relative_days"]),
        ("weekday", months["weekdays"]),
        ("span", relative["spans"]),
    ):
        for value, words in table.items():
            yield kind, value, words


@cache
def _lexicon() -> Lexicon:
    return Lexicon({f"{kind}.{value}": {"sure": words}} for kind, value, words in _rows())


def find_marks(region: Region) -> list[Mark]:
    """Return the words of findings of a region in reading order."""
    marks = []
    for cue in _lexicon().find(region.lower, region.starts):
        for meaning in cue.meanings:
            kind, _, value = meaning.role.partition(".")
            marks.append(Mark(kind, value, cue.start, cue.end))
    return marks
