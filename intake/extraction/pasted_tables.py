"""Tables pasted into the text of a mail: lines with "|", tabs or ";" under a line of column heads.

Unlike in an attachment the head only adds evidence for the numbers below it; the words and shapes of the
rows still speak too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from intake.extraction.lexicon import lexicon
from intake.extraction.regions import Region

Roles = dict[str, float]

MAX_ROWS: Final = 300
MAX_COLUMNS: Final = 30
MAX_HEADS: Final = 200  # lines of one field that are tried as a head
MAX_HEAD: Final = 30  # characters; a longer cell is a clause of a sentence
_SIGNS: Final = ("|", "\t", ";")
_LONG_NUMBER: Final = re.compile(r"[0-9]{4}")


def roles_of_head(head: str) -> Roles:
    """Return role -> weight of what a folded, lower-case column head says of its cells."""
    found: Roles = {}
    for cue in lexicon().find(head):
        for meaning in cue.sense.meanings:
            if not meaning.touching:
                found[meaning.role] = max(found.get(meaning.role, 0.0), meaning.weight)
    return found


class PastedTables:
    """The cells of all pasted tables of a region with what their heads say."""

    def __init__(self, region: Region | None) -> None:
        self._starts: list[int] = []
        self._cells: list[tuple[int, Roles]] = []
        if region is not None:
            self._find(region)

    @property
    def are_there(self) -> bool:
        """Tell whether there is any cell."""
        return bool(self._starts)

    def _find(self, region: Region) -> None:
        heads: list[Roles] = []
        sign, rows, offset, tried = "", 0, 0, 0
        for line in region.text.split("\n"):
            count = line.count(sign) if sign else 0
            if heads and count == len(heads) - 1 and rows < MAX_ROWS:
                self._add_row(line, offset, sign, heads)
                rows += 1
            else:
                sign, heads, rows = "", [], 0
                for candidate in _SIGNS if tried < MAX_HEADS else ():
                    if 1 <= line.count(candidate) < MAX_COLUMNS and not _LONG_NUMBER.search(line):
                        small = region.lower[offset : offset + len(line)]
                        sign, heads = candidate, _heads(line, small, candidate)
                        tried += 1
                        break
            offset += len(line) + 1

    def _add_row(self, line: str, offset: int, sign: str, heads: list[Roles]) -> None:
        for cell, roles in zip(line.split(sign), heads, strict=True):
            self._starts.append(offset)
            self._cells.append((offset + len(cell), roles))
            offset += len(cell) + 1

    def roles_at(self, start: int) -> Roles:
        """Return what the head above the cell at `start` says, nothing outside a table."""
        index = bisect_right(self._starts, start) - 1
        if index < 0 or self._cells[index][0] < start:
            return {}
        return self._cells[index][1]


_NO_TABLES: Final = PastedTables(None)


def pasted_tables(region: Region) -> PastedTables:
    """Return the pasted tables of a region."""
    text = region.text
    return PastedTables(region) if "|" in text or "\t" in text or ";" in text else _NO_TABLES


def _heads(line: str, small: str, sign: str) -> list[Roles]:
    heads, offset = [], 0
    if any(len(cell) > MAX_HEAD for cell in line.split(sign)):
        return []
    for cell in line.split(sign):
        heads.append(roles_of_head(small[offset : offset + len(cell)]))
        offset += len(cell) + 1
    return heads if any(heads) else []
