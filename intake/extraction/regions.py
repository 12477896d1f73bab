"""One field of the mail, prepared once for everything that reads it.

A `View` is the text as written with its folded forms (dashes, blanks, full width; lower case), all of the
same length, and the words of all lists that stand in it; secrets are looked for in it. A `Region` is a view
of redacted text with Latin look-alike letters and its context words, which is what all other extractors
read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import Final

from intake.extraction.lexicon import Cue, lexicon
from intake.extraction.normalise import fold, latin, lower
from intake.extraction.numerals import kinds_of_digits, near_digits
from intake.extraction.vocabulary import CUE, all_words, only_secret_words
from intake.extraction.word_scan import Hits

NEW_TEXT: Final = frozenset({"subject", "body"})
# Of one field: secrets are looked for in all of it, facts only so far (long seller letters have 10,000).
MAX_READ_CHARS: Final = 24_000
_LABEL_CHARS: Final = 200
_SECRET_SIGN: Final = re.compile(r"[0-9０-９!#$%^&*+=~@]")  # every kind of secret has a digit or a sign
# What a broken quoted-printable decoder leaves (RFC 2045, 6.7); "=3D" shows that it did.
_QUOTED_PRINTABLE: Final = re.compile("=(?:3D|20|09|0D|0A|C2=A0)")
# Ten digits in groups: without them there is no telephone, card or posting number.
_MANY: Final = 10
_MANY_DIGITS: Final = re.compile(r"[0-9](?:[0-9]{9}|(?:[ ().-]{0,3}[0-9]){9})")


class View:
    """One field and its folded forms; offsets are the same in all of them. Nobody changes one."""

    __slots__ = ("folded", "has_digit", "has_many_digits", "hits", "lower", "near", "signs", "text", "where")

    def __init__(
        self, where: str, text: str, folded: str, lower: str, hits: Hits, signs: frozenset[str], near: str
    ) -> None:
        self.where = where
        self.text = text
        self.folded = folded
        self.lower = lower
        self.hits = hits
        self.signs = signs  # of `signs`, those that stand in `lower`
        self.near = near  # what stands around the digits of `lower` (`numerals.near_digits`)
        self.has_digit = near != ""
        self.has_many_digits = len(near) >= _MANY and _MANY_DIGITS.search(near) is not None

    def named(self, where: str) -> View:
        """Return the same text as a field of another name."""
        return View(where, self.text, self.folded, self.lower, self.hits, self.signs, self.near)


class Region(View):
    """One redacted field with everything that extractors need."""

    __slots__ = ("cue_ends", "cues", "digits", "latin")

    def __init__(self, view: View) -> None:
        super().__init__(view.where, view.text, view.folded, view.lower, view.hits, view.signs, view.near)
        self.latin = latin(view.folded)
        self.cues = lexicon().cues(view.lower, view.hits.get(CUE, ()))
        self.cue_ends = tuple([cue.end for cue in self.cues])
        self.digits = kinds_of_digits(view.near) if view.has_digit else 0  # of joined digits (`numerals`)

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


def read_view(where: str, text: str, *, only_secrets: bool = False) -> View:
    """Fold one field and find its words."""
    if not text:
        return _empty_view(where)
    folded = fold(text)
    if "=3D" in folded:
        folded = _QUOTED_PRINTABLE.sub(lambda match: " " * len(match[0]), folded)
    small = lower(folded)
    words = only_secret_words() if only_secrets or len(text) > MAX_READ_CHARS else all_words()
    hits, signs = words.scan(small)
    return View(where, text, folded, small, hits, signs, near_digits(small))


def read_label(where: str, text: str) -> View:
    """Read a name or warning, in which nothing but secrets is looked for: most can hold none."""
    return read_view(where, text, only_secrets=True) if may_hold_secret(text) else _bare_view(where, text)


def may_hold_secret(text: str) -> bool:
    """Tell whether a text is long, or has a digit or sign as every secret does."""
    return len(text) >= _LABEL_CHARS or _SECRET_SIGN.search(text) is not None


@lru_cache(maxsize=32)
def _empty_view(where: str) -> View:
    return _bare_view(where, "")


def _bare_view(where: str, text: str) -> View:
    return View(where, text, "", "", {}, frozenset(), "")


def read_region(view: View) -> Region:
    """Prepare one redacted field for the extractors; what is longer than `MAX_READ_CHARS` is cut."""
    if len(view.text) > MAX_READ_CHARS:
        view = read_view(view.where, view.text[:MAX_READ_CHARS])
    return Region(view)
