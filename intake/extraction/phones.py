"""Telephone numbers in E.164: Russian with 8 or +7, Chinese mobile and land lines, any other with a plus.

An 11-digit run is a phone by its start (7, 8 or 13-19) unless a context word says that it is an identifier;
that is left to the competition. Lengths follow ITU-T E.164 (at most 15 digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from intake.extraction.lexicon import words_of
from intake.extraction.regions import Region

_REACH: Final = 24
_WITHOUT_PREFIX: Final = 10  # digits of a Russian number that lacks its 8 or +7
EXTENSION: Final = re.compile(
    r"[\s,(]{0,3}(?:доб\.?|доп\.?|вн\.?|ext\.?|x|转|分机)[\s:：]{0,2}(?P<d>[0-9]{1,6})(?![0-9])"
)
_FREE: Final = r"(?<![0-9a-z+_.,/-].)"  # the digit before it starts a number, code or decimal
_END: Final = r"(?![0-9-]|[.,][0-9])"
_STRONG: Final = (
    ("+", 5.5, re.compile(r"\+(?<![0-9a-z+].) ?(?P<d>[1-9](?:[ ().-]{0,3}[0-9]){7,14})(?![0-9])")),
    (
        "+7",  # (495) 555-03-71 and (8172) 33-09-71
        5.0,
        re.compile(
            r"\((?<![0-9a-z+].)(?P<d>[3489][0-9]{2}\) ?[0-9]{3}[ -][0-9]{2}[ -][0-9]{2}"
            r"|[3489][0-9]{3}\) ?[0-9]{2}[ -][0-9]{2}[ -][0-9]{2})(?![0-9])"
        ),
    ),
    (
        "+86",  # 0571-8790-3321: area code and seven or eight digits
        4.2,
        re.compile(
            rf"0{_FREE}(?P<d>(?:10|2[0-9]|[3-9][0-9]{{2}})"
            r"-(?:[0-9]{8}|[0-9]{7}|[0-9]{4}[ -][0-9]{4}))(?![0-9-])"
        ),
    ),
    (
        "+86",
        4.2,
        re.compile(
            rf"(?P<d>[48]{_FREE}00(?:-(?:[0-9]{{3}}-?[0-9]{{4}}|[0-9]{{4}}-[0-9]{{3}})"
            r"| [0-9]{3} [0-9]{4}))(?! ?[0-9-])"
        ),
    ),
    (
        "+",  # 0044 161 496 0733
        5.0,
        re.compile(rf"0{_FREE}(?<![0-9] .)0 ?(?P<d>[1-9][0-9]{{0,2}}(?:[ -][0-9]{{2,4}}){{2,5}})(?![0-9-])"),
    ),
)
_RUNS: Final = (
    (
        "+7",
        re.compile(
            rf"8{_FREE}[ -]?\(?(?P<d>[3489][0-9]{{2}}\)?(?:[ -]{{0,2}}[0-9]){{7}}"
            rf"|[3489][0-9]{{3,4}}\)(?:[ -]{{0,2}}[0-9]){{5,6}}){_END}"
        ),
    ),
    ("+7", re.compile(rf"7{_FREE}[ -]?\(?(?P<d>9[0-9]{{2}}\)?(?:[ -]{{0,2}}[0-9]){{7}}){_END}")),
    ("+7", re.compile(rf"(?P<d>9{_FREE}[0-9]{{2}}(?:[ -]{{0,2}}[0-9]){{7}}){_END}")),  # only after a word
    ("+86", re.compile(rf"(?P<d>1{_FREE}[3-9][0-9](?:[ -]?[0-9]{{4}}){{2}}){_END}")),
)


class PhoneMark(NamedTuple):
    """A written telephone number and its E.164 value."""

    start: int
    end: int
    value: str
    score: float


def _mark(match: re.Match[str], prefix: str, score: float) -> PhoneMark:
    digits = "".join(char for char in match["d"] if char.isdigit())
    return PhoneMark(match.start(), match.end(), prefix + digits, score)


def find_phones(region: Region) -> Iterator[PhoneMark]:
    """Yield every telephone number of a region; competing readings of the same digits are left in."""
    for prefix, score, pattern in _STRONG:
        for match in pattern.finditer(region.lower):
            yield _mark(match, prefix, score)
    words = words_of("neighbours.toml", "phone", "words")
    for prefix, pattern in _RUNS:
        for match in pattern.finditer(region.lower):
            spoken = words.search(region.lower[max(0, match.start() - _REACH) : match.start()]) is not None
            digits = sum(char.isdigit() for char in match[0])
            if digits == _WITHOUT_PREFIX and not spoken:
                continue
            solid = match[0].isdigit()
            yield _mark(match, prefix, (2.1 if solid else 4.5) + (1.0 if spoken else 0.0))
