"""Many word lists looked for in one pass over a text.

A text's words are far fewer than the entries of all lists together, and most words are in no list: so each
word (or pair of Chinese characters) is looked up once in a table of what it may begin, and only where it may
begin something the expressions of its lists run. What a list finds is what `Words.finditer` would find: the
longest entry at each place, without overlaps within the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from intake.extraction.lexicon import CJK_FROM, LETTER, Words

Hits = dict[str, list[tuple[int, int]]]

_LETTERS: Final = re.compile(f"[{LETTER}]+")
MAX_WORD: Final = 40  # a longer run of letters begins nothing
MAX_REMEMBERED: Final = 20_000  # words; hostile text must not fill the memory


class _Step(NamedTuple):
    """What to do at a word for one list: take `length` characters, or let the expressions decide.

    They decide where one of `before` stands behind the word (None: wherever it stands).
    """

    name: str
    length: int
    patterns: tuple[re.Pattern[str], ...]
    before: frozenset[str] | None


class WordScan:
    """Named word lists that are looked for together."""

    def __init__(self, lists: Mapping[str, Words]) -> None:
        self._lists = dict(lists)
        self._by_key: dict[str, list[str]] = {}
        for name, words in self._lists.items():
            for key in words.first_characters():
                self._by_key.setdefault(key, []).append(name)
        self._steps: dict[str, tuple[_Step, ...]] = {}
        first = {key[0] for key in self._by_key}
        wide = "".join(sorted(char for char in first if char >= CJK_FROM))
        digits = "".join(sorted(char for char in first if char.isdigit()))
        self._starts = re.compile(
            rf"[{LETTER}{digits}{wide}](?:(?<=[{CJK_FROM}-\uffef])"
            rf"|(?<![{LETTER}0-9_].)(?:(?<=[0-9])|[{LETTER}]*))"
        )

    def find(self, lower_text: str) -> Hits:
        """Return list name -> (start, end) of what was found, in order; lists without a find are absent."""
        found: Hits = {}
        remembered = self._steps
        for match in self._starts.finditer(lower_text):
            word = match[0]
            if len(word) == 1:
                here = match.start()
                word = lower_text[here : here + 2]
            steps = remembered.get(word)
            if steps is None:
                steps = self._learn(word)
            for name, length, patterns, before in steps:
                here = match.start()
                hits = found.get(name)
                if hits is not None and here < hits[-1][1]:
                    continue
                end = here + length if length else 0
                if before is None or (before and lower_text[(stop := match.end()) : stop + 2] in before):
                    end = _end(patterns, lower_text, here)
                if hits is not None and end:
                    hits.append((here, end))
                elif end:
                    found[name] = [(here, end)]
        return found

    def _learn(self, word: str) -> tuple[_Step, ...]:
        names = dict.fromkeys([*self._by_key.get(word[:2], ()), *self._by_key.get(word[0], ())])
        steps = tuple(step for name in names if (step := _step(name, self._lists[name], word)) is not None)
        if len(word) <= MAX_WORD:
            if len(self._steps) >= MAX_REMEMBERED:
                self._steps.clear()
            self._steps[word] = steps
        return steps


def _step(name: str, words: Words, word: str) -> _Step | None:
    patterns = words.patterns_for(word)
    if not patterns:
        return None
    if _LETTERS.fullmatch(word) is None:
        return _Step(name, 0, patterns, None)
    end, before = _end(patterns, word, 0), words.next_two(word)
    return None if end == 0 and before is not None and not before else _Step(name, end, patterns, before)


def _end(patterns: tuple[re.Pattern[str], ...], text: str, start: int) -> int:
    for pattern in patterns:
        match = pattern.match(text, start)
        if match is not None:
            return match.end()
    return 0
