"""The words of all findings, found in one pass over a field: wishes, risks, roles, names, days and terms.

A mark carries the kind of its word and a value: `preferred_channel` email, `warehouse` хоругвино, `day` -1,
`weekday` 2, `span` "week -1", `strong` (a deadline follows), `end` week. Lists: `findings.toml`,
`months.toml`, `relative.toml`. The longest word at a place wins, whatever its kind.
"""

from __future__ import annotations

from typing import NamedTuple

from intake.extraction.regions import Region
from intake.extraction.vocabulary import FINDING, finding_words


class Mark(NamedTuple):
    """A word of a finding at [start, end) of a field."""

    kind: str
    value: str
    start: int
    end: int


def find_marks(region: Region) -> list[Mark]:
    """Return the words of findings of a region in reading order."""
    marks = []
    for start, end in region.hits.get(FINDING, ()):
        for meaning in finding_words().meanings(region.lower[start:end]):
            kind, _, value = meaning.role.partition(".")
            marks.append(Mark(kind, value, start, end))
    return marks
