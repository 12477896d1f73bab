"""Many word lists, and signs, looked for in one pass over a text.

A text's words are far fewer than the entries of all lists together, and most are in no list. So the text is
cut at its blanks, and what a piece may begin is looked up (`word_pieces`); only where a word may go on
("order" of "order id") the expressions of its lists run. Chinese has no blanks: there each pair of characters
is looked up. What a list finds is what `Words.finditer` would find: the longest entry at each place, without
overlaps within the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate, compress, count
from typing import Final

from intake.extraction.lexicon import Words
from intake.extraction.signs import Signs
from intake.extraction.word_pieces import NUMBERED, WIDE, Pieces, Step, Steps

MAX_LETTER: Final = 24_000  # characters; of what is longer no letter is made, and its pieces are no words
Hits = dict[str, list[tuple[int, int]]]


class WordScan:
    """Named word lists, and signs, that are looked for together."""

    def __init__(self, lists: Mapping[str, Words], signs: Iterable[str] = ()) -> None:
        self._signs = Signs(signs)
        self._steps = Steps(lists)
        self._pieces = Pieces(self._steps, self._signs)
        self._starts = self._steps.starts()

    def find(self, lower_text: str) -> Hits:
        """Return list name -> (start, end) of what was found, in order; lists without a find are absent."""
        return self.scan(lower_text)[0]

    def scan(self, lower_text: str) -> tuple[Hits, frozenset[str]]:
        """Return what `find` returns, and the signs that stand in the text."""
        is_long = len(lower_text) > MAX_LETTER
        if is_long or (not lower_text.isascii() and WIDE.search(lower_text) is not None):
            return self._find_wide(lower_text), self._signs.find(lower_text)
        pieces = lower_text.replace("\n", " ").split(" ")
        known = [*map(self._pieces.__getitem__, pieces)]
        if NUMBERED in known:
            return self._find_wide(lower_text), self._signs.find(lower_text)
        ends = accumulate(map(len, pieces))  # without the blanks
        signs: set[str] = set()
        found: Hits = {}
        steps_at = self._steps
        of_interest = compress(zip(count(), ends, pieces, known, strict=False), known)
        for blanks, end_of_piece, piece, holds in of_interest:
            inside, sure, maybe = holds or NUMBERED
            if sure:
                signs |= sure
            if maybe:
                signs.update([sign for sign in maybe if sign in lower_text])
            base = blanks + end_of_piece - len(piece)
            for start, end, before, steps, fixed in inside:
                here = base + start
                if before is None:
                    todo = steps or steps_at[lower_text[here : here + 2]]
                    if todo:
                        _take(found, lower_text, here, lower_text[base + end : base + end + 2], todo)
                elif (behind := lower_text[base + end : base + end + 2]) in before:
                    _take(found, lower_text, here, behind, steps)
                elif fixed:
                    _note(found, here, fixed)
        return found, frozenset(signs)

    def _find_wide(self, lower_text: str) -> Hits:
        """Find the words of a text that has no blanks between them, or too many."""
        found: Hits = {}
        known = self._steps
        for match in self._starts.finditer(lower_text):
            word, here = match[0], match.start()
            steps = known[word if len(word) > 1 else lower_text[here : here + 2]]
            if steps:
                _take(found, lower_text, here, lower_text[(end := match.end()) : end + 2], steps)
        return found


def _note(found: Hits, here: int, fixed: tuple[tuple[str, int], ...]) -> None:
    """Note the entries, list name and length, that a word is by itself."""
    for name, length in fixed:
        hits = found.get(name)
        if hits is None:
            found[name] = [(here, here + length)]
        elif here >= hits[-1][1]:
            hits.append((here, here + length))


def _take(found: Hits, text: str, here: int, behind: str, steps: tuple[Step, ...]) -> None:
    """Do the steps at a word, behind which the characters `behind` stand."""
    for name, length, patterns, before in steps:
        hits = found.get(name)
        if hits is not None and here < hits[-1][1]:
            continue
        if before is None or behind in before:
            for pattern in patterns:
                match = pattern.match(text, here)
                if match is not None:
                    end = match.end()
                    break
            else:
                continue
        elif length:
            end = here + length
        else:
            continue
        if hits is None:
            found[name] = [(here, end)]
        else:
            hits.append((here, end))
