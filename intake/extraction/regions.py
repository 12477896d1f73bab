"""One field of the mail, prepared once for everything that reads it.

A `View` is the text as written with its folded forms (dashes, blanks, full width; lower case), all of the
same length; secrets are looked for in it. A `Region` is a view of redacted text with Latin look-alike
letters and its context words, which is what all other extractors read.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from intake.extraction.lexicon import Cue, Starts, lexicon, word_starts
from intake.extraction.normalise import fold, latin, lower

NEW_TEXT: Final = frozenset({"subject", "body"})


@dataclass(frozen=True, slots=True)
class View:
    """One field and its folded forms; offsets are the same in all of them."""

    where: str
    text: str
    folded: str
    lower: str


@dataclass(frozen=True, slots=True)
class Region(View):
    """One redacted field with everything that extractors need."""

    latin: str
    starts: Starts
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


def read_view(where: str, text: str) -> View:
    """Fold one field."""
    folded = fold(text)
    return View(where, text, folded, lower(folded))


def read_region(view: View) -> Region:
    """Prepare one redacted field for the extractors."""
    starts = word_starts(view.lower)
    cues = lexicon().find(view.lower, starts)
    ends = tuple(cue.end for cue in cues)
    return Region(view.where, view.text, view.folded, view.lower, latin(view.folded), starts, cues, ends)
