"""The shapes of identifiers (`data/shapes.toml`), and which of them a token has.

In goes a token, letters and digits with joining signs, out comes its shape: a name, the roles that it allows
with what each is worth before any word speaks, and how its value is written. The first shape of the file that
fits is the token's; only those are tried that its length and its characters allow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from intake.extraction.lexicon import Meaning, load_toml

_DIGITS: Final = "0123456789"
_LONGEST: Final = 64  # characters of a token from which on every shape is tried
_ELEMENT: Final = re.compile(
    r"(?P<what>\[[^\]]+\]|[0-9A-Za-zА-Яа-яЁё_-])(?:\{(?P<low>[0-9]+)(?:,(?P<high>[0-9]+))?\}|(?P<maybe>\?))?(?![{?*+])"
)


def fits(role: str, meant: str) -> bool:
    """Tell whether a context word for `meant` speaks for a candidate's `role`."""
    return role == meant or role.startswith(meant + ".") or meant.startswith(role + ".")


Heard = tuple[tuple[Meaning, float], ...]
_MAX_HEARD: Final = (
    4096  # words of one shape; inflected forms are many, and hostile text must not fill the memory
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One row of `shapes.toml`: role -> prior score."""

    name: str
    roles: dict[str, float]
    value: str = ""
    latin: bool = False  # the value is written with Latin letters whatever was typed
    heads: dict[str, str] = field(init=False, compare=False)  # role -> entity type
    topics: frozenset[str] = field(init=False, compare=False)  # roles and their entity types
    _fitting: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, compare=False)
    _heard: dict[str, Heard] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "heads", {role: role.partition(".")[0] for role in self.roles})
        object.__setattr__(self, "topics", frozenset([*self.roles, *self.heads.values()]))

    def fitting(self, meant: str) -> tuple[str, ...]:
        """Return the roles that a context word for `meant` speaks for."""
        known = self._fitting.get(meant)
        if known is None:
            known = self._fitting[meant] = tuple(role for role in self.roles if fits(role, meant))
        return known

    def heard(self, word: str, meanings: tuple[Meaning, ...]) -> Heard:
        """Return what a context word says for roles of this shape, each with the highest prior of these."""
        known = self._heard.get(word)
        if known is None:
            fitting = [(meaning, self.fitting(meaning.role)) for meaning in meanings]
            known = tuple(
                (meaning, max(self.roles[role] for role in roles)) for meaning, roles in fitting if roles
            )
            if len(self._heard) < _MAX_HEARD:
                self._heard[word] = known
        return known


CODE: Final = Shape("code", {"article": 0.2, "document_number": 0.0, "none": -0.6})
SEPARATED: Final = "digits with separators"  # name of the shape that a list of numbers with slashes has too
SHORT_RANGE: Final = "short range"  # 42-44, 3/5
LETTERED: Final = "letters and a long number"
WORDS: Final = Shape("code without digits", {"article": -0.7, "document_number": -1.5})
SPACED: Final = Shape("digits in groups", {})


@dataclass(frozen=True, slots=True)
class Shapes:
    """The expressions of all shapes; the name of the group that took part leads to the shape."""

    by_group: dict[str, Shape]
    rows: tuple[tuple[str, int, int, bool], ...]  # expression, shortest and longest token, fits digits alone
    spaced: re.Pattern[str]  # over text, for shapes that may hold blanks
    begins: re.Pattern[str]  # where such a shape begins that does not begin with a digit
    needles: tuple[str, ...]  # the same as plain strings


@cache
def all_shapes() -> Shapes:
    """Return all shapes, compiled once."""
    whole, spaced, begins, shapes = [], [], [], {}
    for number, row in enumerate(load_toml("shapes.toml")["shape"]):
        group = f"s{number}"
        shapes[group] = Shape(row["name"], row["roles"], row.get("value", ""), row.get("latin", False))
        # The group's name stands behind, so that a wrong first character rules a shape out at once.
        pattern = row["pattern"].replace(" ?", "")
        whole.append((f"(?:{pattern})(?P<{group}>)", *_lengths(pattern)))
        if " " in row["pattern"]:
            spaced.append(f"(?:{row['pattern']})(?P<{group}>)")
            begins += row.get("begins", [])
    guard = rf"(?<![0-9A-Za-z_])(?<![0-9A-Za-z]-)(?:{'|'.join(spaced)})(?![0-9A-Za-z_])(?!-[0-9A-Za-z])"
    return Shapes(shapes, tuple(whole), re.compile(guard), re.compile("|".join(begins)), tuple(begins))


def _lengths(pattern: str) -> tuple[int, int, bool]:
    """Return the shortest and longest token of a plain row of characters and classes, else all lengths.

    The third is False where every token must hold something that is no digit.
    """
    low, high, at, digits = 0, 0, 0, True
    while at < len(pattern):
        element = _ELEMENT.match(pattern, at)
        if element is None or "\\" in element[0]:
            return 0, _LONGEST, True
        least = int(element["low"] or (0 if element["maybe"] else 1))
        low, high, at = low + least, high + int(element["high"] or element["low"] or 1), element.end()
        digits = digits and (not least or re.search(element["what"], _DIGITS) is not None)
    return low, high, digits


@cache
def _whole_of(length: int, digits: bool) -> re.Pattern[str]:
    """Return the expression of the shapes that a token of `length` characters, or digits, may have."""
    rows = [
        row
        for row, low, high, fits_digits in all_shapes().rows
        if (low <= length <= high or length == _LONGEST) and (fits_digits or not digits)
    ]
    return re.compile("|".join(rows or ["(?!)"]))


def whole_shape(text: str, start: int, end: int) -> tuple[re.Match[str], Shape] | None:
    """Return the shape that [start, end) has as a whole, with its match; None when it has none."""
    pattern = _whole_of(min(end - start, _LONGEST), text[start:end].isdecimal())
    match = pattern.fullmatch(text, start, end)
    group = None if match is None else match.lastgroup
    return None if match is None or group is None else (match, all_shapes().by_group[group])


def shape_value(shape: Shape, written: str) -> str:
    """Return the normal form of what is written in a shape."""
    compact = "".join(written.split())
    if shape.value:
        return shape.value.replace("{digits}", "".join(char for char in compact if char.isdigit()))
    return compact


def match_text(written: str) -> Shape | None:
    """Return the shape that `written` has as a whole, letters Latin; None when it has none."""
    found = whole_shape(written, 0, len(written))
    return None if found is None else found[1]
