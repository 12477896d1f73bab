"""Finding phrases of a list in a text, quickly where there are none.

An alternation of ninety phrases that ignores case is tried at every letter, and most lines of
a letter hold none of them: such a search took a third of the time of reading a mail. Looking
for plain lower-case words first is many times quicker and answers for nearly every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from intake.rarest_letter import by_rarest_letter


class PhraseFinder:
    """What a compiled alternation of phrases does, behind a look for the phrases as plain words.

    `whole_words` makes phrases of the Latin alphabet count only as whole words.
    """

    __slots__ = ("_needles", "expression")

    def __init__(self, phrases: Iterable[str], *, whole_words: bool = False) -> None:
        listed = tuple(phrases)
        alternatives = (
            rf"\b{re.escape(phrase)}\b" if whole_words and phrase.isascii() else re.escape(phrase)
            for phrase in listed
        )
        self.expression = re.compile("|".join(alternatives), re.IGNORECASE)
        self._needles = by_rarest_letter(_shortest({phrase.lower() for phrase in listed}))

    def may_find(self, text: str) -> bool:
        """Tell whether a search in the text can succeed."""
        small = text.lower()
        for letter, needles in self._needles:
            if letter in small:
                for needle in needles:
                    if needle in small:
                        return True
        return False

    def search(self, text: str) -> re.Match[str] | None:
        """Find the first phrase, as `re.Pattern.search`."""
        return self.expression.search(text) if self.may_find(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Find every phrase, as `re.Pattern.finditer`."""
        return self.expression.finditer(text) if self.may_find(text) else iter(())

    def sub(self, replacement: str, text: str) -> str:
        """Replace every phrase, as `re.Pattern.sub`."""
        return self.expression.sub(replacement, text) if self.may_find(text) else text


def _shortest(phrases: set[str]) -> tuple[str, ...]:
    """Drop phrases that contain another: where they stand, the other stands too."""
    kept: list[str] = []
    for phrase in sorted(phrases, key=len):
        if not any(other in phrase for other in kept):
            kept.append(phrase)
    return tuple(kept)
