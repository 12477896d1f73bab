"""One field of the mail, prepared once for everything that reads it.

A region keeps the redacted text as written and three views of the same length: folded (dashes, blanks,
full-width forms), folded lower case, and folded with Latin look-alike letters; and its context words.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from intake.extraction.lexicon import Cue, lexicon
from intake.extraction.normalise import fold, latin, lower


@dataclass(frozen=True, slots=True)
class Region:
    """One field with its views; all views have the length of `text`."""

    where: str
    text: str
    folded: str
    lower: str
    latin: str
    cues: tuple[Cue, ...]
    cue_ends: tuple[int, ...]

    def cues_before(self, position: int, count: int) -> tuple[Cue, ...]:
        """Return up to `count` context words that end at or before `position`, nearest first."""
        last = bisect_right(self.cue_ends, position)
        return self.cues[max(0, last - count) : last][::-1]

    def cue_after(self, position: int) -> Cue | None:
        """Return the first context word that ends after `position`."""
        index = bisect_right(self.cue_ends, position)
        return self.cues[index] if index < len(self.cues) else None

    def line_start(self, position: int) -> int:
        """Return the offset at which the line of `position` starts."""
        return self.folded.rfind("\n", 0, position) + 1


def read_region(where: str, text: str) -> Region:
    """Prepare one (already redacted) field."""
    folded = fold(text)
    small = lower(folded)
    cues = lexicon().find(small)
    return Region(where, text, folded, small, latin(folded), cues, tuple(cue.end for cue in cues))
