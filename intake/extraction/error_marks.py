"""A written error code or text, and the words right before it.

Shared by `errors` (names and texts) and `error_numbers`. In goes a region, out come spans with a score on
the scale of `claims`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import Final, NamedTuple

from intake.extraction.lexicon import CJK_FROM, load_toml, words_of
from intake.extraction.neighbours import word_before
from intake.extraction.regions import Region
from intake.extraction.vocabulary import ERROR_WORD

FILE: Final = "errors.toml"
LEAD: Final = 40  # characters before a code that may say what it is
REACH: Final = 60
MAX_MARKS: Final = 300  # of one form and field; more is a log, not a letter
TIE: Final = re.compile(r"[\s:：(\[=\"'>№#~-]{0,3}")  # between a word and what it leads to


class ErrorMark(NamedTuple):
    """A written error code or text; an empty value only blocks its span."""

    start: int
    end: int
    value: str
    score: float


def mark_of(region: Region, start: int, end: int, score: float) -> ErrorMark:
    """Return [start, end) as a mark whose value is what is written there."""
    return ErrorMark(start, end, region.folded[start:end], score)


def is_led(region: Region, start: int, key: str) -> bool:
    """Tell whether a word of the list `key` stands right before `start`.

    Words of the list `glued` count behind any Chinese letter, but for 报 where it ends the name of a paper
    (周报 is a weekly report).
    """
    words, hits = words_of(FILE, "words", key), region.hits.get(ERROR_WORD, ())
    if words.fullmatch(word_before(region.lower, start)):
        return True
    index = bisect_right(hits, start, key=itemgetter(1)) - 1
    if index < 0 or TIE.fullmatch(region.lower, hits[index][1], start) is None:
        return False
    first, end = hits[index]
    word = region.lower[first:end]
    glued_to = region.lower[max(0, first - 1) : first]
    free = (
        not glued_to.isalpha()
        or (word < CJK_FROM <= glued_to)
        or (
            words_of(FILE, "words", "glued").fullmatch(word)
            and (
                word != "报" or region.lower[first - 1] not in load_toml(FILE)["words"]["reports_not_behind"]
            )
        )
    )
    return free and words.fullmatch(word)


def is_spoken_of(region: Region, start: int, end: int) -> bool:
    """Tell whether a call, an answer or an error is spoken of near [start, end)."""
    around = region.lower[max(0, start - REACH) : end + 40]
    return words_of(FILE, "words", "speaks").search(around) is not None
