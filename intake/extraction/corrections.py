"""A seller who takes back one value and gives another (rules R33, R66): "не 1250, а 1260", 更正为, should be.

In go a region, out come pairs of spans: the value that was wrong and the one that is right, or, for a
thing that moves, where from and where to. The expressions are data (`findings.toml`) and start at the words
that make a correction; a value is a run of letters, digits and joining signs with at least one digit, with
a word or two before it. What stands before the words is read backwards over a short window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Final

from intake.extraction.lexicon import load_toml
from intake.extraction.regions import Region

MAX_PER_FORM: Final = 30
_WINDOW: Final = 70  # characters before the words in which the value before them must stand
_LEAD: Final = (
    r"[\s:：#№\"]{0,3}(?:[A-Za-zА-Яа-яЁё]{1,14}[.:：]?[ ]|[\u4e00-\u9fff]{1,6}[ :：]?){0,3}[#№\":：]{0,2}\s?"
)
_UNIT: Final = r"\"?(?: ?(?:руб(?:лей|\.)?|₽|р\.|шт\.?|rub|rubles|pcs|元|卢布|件))?"
_LETTER: Final = "0-9A-Za-zА-Яа-яЁё"
_CODE: Final = (
    rf"(?=[^\s]{{0,40}}[0-9])[{_LETTER}](?:[{_LETTER}._/:+-]{{0,45}}[{_LETTER}])?"
    r"(?: [0-9]{3}(?![0-9])){0,3}"
)
# A word that may not stand inside another: asked for the letter before it only where it stands.
_GUARDED: Final = re.compile(r"^\(\?<!(\[[^\]]+\])\)([a-zа-я ]+)(?![a-zа-я ?*+{])")
_ENDS: Final = re.compile(rf"(?<![{_LETTER}])(?P<v>{_CODE}){_UNIT}[,，;；.]?\s?$")


@dataclass(frozen=True, slots=True)
class Correction:
    """Two values of which one takes the place of the other; `moved`: the thing goes from one to the other."""

    start: int
    end: int
    old: tuple[int, int]
    new: tuple[int, int]
    moved: bool = False


@dataclass(frozen=True, slots=True)
class _Form:
    pattern: re.Pattern[str]
    signs: frozenset[str]  # one of these must stand in a text that can match
    before: str  # the value that stands before the pattern: "old", "new" or ""
    lead: tuple[str, ...]  # words between that value and the pattern, the longest first
    moved: bool


@cache
def _forms() -> tuple[_Form, ...]:
    forms = []
    for row in load_toml("findings.toml")["correction"]:
        pattern = row["pattern"]
        for name in ("old", "new"):
            pattern = pattern.replace(f"<{name}>", rf"{_LEAD}(?P<{name}>{_CODE}){_UNIT}")
        # Over the lower-case text, whose offsets are the same; a search for a literal is the quickest.
        compiled = re.compile(_GUARDED.sub(r"\2(?<!\1\2)", pattern, count=1))
        lead = tuple(sorted(row.get("lead", ()), key=len, reverse=True))
        signs, before = frozenset(row["signs"]), row.get("before", "")
        forms.append(_Form(compiled, signs, before, lead, row.get("moved", False)))
    return tuple(forms)


@cache
def _signs() -> frozenset[str]:
    return frozenset().union(*(form.signs for form in _forms()))


@lru_cache(maxsize=1024)
def _forms_for(present: frozenset[str]) -> tuple[_Form, ...]:
    """Return the forms of which one of the signs `present` stands in every match."""
    return tuple(form for form in _forms() if not present.isdisjoint(form.signs))


def find_corrections(region: Region) -> Iterator[Correction]:
    """Yield the corrections of a region, at most 30 of one form; overlapping readings are left in."""
    if not region.has_digit:
        return
    for form in _forms_for(region.signs & _signs()):
        reached = 0
        for match in islice(form.pattern.finditer(region.lower), MAX_PER_FORM):
            found = _correction(region, form, match, reached)
            reached = match.end()
            if found is not None:
                yield found


def _correction(region: Region, form: _Form, match: re.Match[str], reached: int) -> Correction | None:
    spans = {name: match.span(name) for name in ("old", "new") if name in form.pattern.groupindex}
    start = match.start()
    if form.before:
        start -= next((len(word) for word in form.lead if region.lower.endswith(word, reached, start)), 0)
        low = max(0, start - _WINDOW)
        value = _ENDS.search(region.folded[low:start])
        if value is None:
            return None
        spans[form.before] = (low + value.start("v"), low + value.end("v"))
        start = low + value.start("v")
    old, new = spans["old"], spans["new"]
    return Correction(start, max(old[1], new[1]), old, new, form.moved)
