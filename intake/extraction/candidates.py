"""Everything in a text that looks like an identifier, with the roles its shape allows.

Shapes are data (`data/shapes.toml`). A token (letters and digits with joining signs) is matched whole
against them; what only makes sense with blanks inside (a posting number typed with spaces, digits in
groups) is searched for beside that. Nothing is decided here: candidates may overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intake.extraction.regions import Region
from intake.extraction.shapes import (
    CODE,
    LETTERED,
    SEPARATED,
    SPACED,
    WORDS,
    Shape,
    all_shapes,
    match_text,
    shape_value,
    whole_shape,
)

MAX_CANDIDATES: Final = 600  # of one region; more is a list that no reader wants
_SIGNS: Final = "0-9A-Za-zА-Яа-яЁё"
# Words that go on neither with a digit nor with a joined word are passed over within one match.
_TOKEN: Final = re.compile(
    rf"[^{_SIGNS}]*+(?:(?![A-Za-z]{{20}}(?![A-Za-z]))[A-Za-zА-Яа-яЁё]++(?![0-9]|[-_/.+][{_SIGNS}])[^{_SIGNS}]++)*+"
    rf"(?:([{_SIGNS}]+(?:[-_/.+][{_SIGNS}]+)*"
    r"(?:[-/][一-鿿]{1,2}(?![一-鿿])|[红白黑蓝灰绿粉黄紫棕](?![一-鿿])|[-/][红白黑蓝灰绿粉黄紫棕米橙]色?(?=[一-鿿]))?)|\Z)"
)
_NUMBER_OF: Final = frozenset({"No.", "no.", "NO.", "Nr."})  # No.1-36
_SHORT_NUMBERS: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}")
_DIGITS: Final = "0123456789"
_DIGIT: Final = re.compile(r"[0-9]")
_LONG_WORD: Final = re.compile("[A-Za-z]{20}")
_WORTHY: Final = re.compile(r"[0-9]|^[A-Za-z]{20}$|[A-Za-z][-_]|[A-ZА-Я]{2}-")
_SOLID: Final = frozenset({"none", "campaign_id"})  # campaigns are never written in groups, sums are
_SUM: Final = re.compile("[0-9]{1,3} [0-9]{3}")
_GROUPS: Final = re.compile(
    r"[0-9](?<![0-9.,:/-].)(?<![0-9] .)[0-9]{0,4}(?: [0-9]{2,5}){1,4}(?![0-9])(?! [0-9])(?![.,:/-][0-9])"
)
_GROUP_START: Final = re.compile("[0-9] [0-9][0-9]")
_GLUED: Final = re.compile(
    r"([A-Za-zА-Яа-я](?:[A-Za-zА-Яа-я-]{0,20}[A-Za-zА-Яа-я])?)([0-9]{4,20})([А-Яа-я]{0,4})"
)
_PART: Final = re.compile(r"[^/.+]+")
_LISTED: Final = re.compile(r"[^/.+-]+")
_TRIPLES: Final = re.compile(r"[0-9]{3} [0-9]{3} [0-9]{3}")
_GROUP_BEFORE: Final = re.compile("(?<![0-9.,])[0-9]{1,3} $")
_GROUP_BEHIND: Final = re.compile(" [0-9]{3}(?![0-9])")
_GROUP: Final = 3  # digits between two blanks of a large number
_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?: [0-9]{3}){3,4}")  # a large number or a list of prices
# Quantities, sizes, ordinals and decimals are no codes, nor are short names like MP4.
_NO_CODE: Final = re.compile(
    r"[0-9.,]+|[0-9]{1,2}(?:\.[0-9]{1,2})?-[0-9]{1,2}\.[0-9]{1,2}|[A-ZА-Я]{4,6}[0-9]|[0-9]+(?:[.,][0-9]+)?(?:-?[a-zа-яё]{1,4}|[A-ZА-Я]{1,4})|[A-Za-zА-Яа-я]{1,3}[0-9]{1,2}(?:\.[0-9])?"
    r"|(?:GMT|UTC|UTF|TOP|ТОП|USB|ISO)[-+ ]{0,2}[0-9][0-9A-Za-z/-]{0,23}"
    r"|(?:Wi|Li)-[A-Za-z0-9/-]{1,24}|(?=[^ ]{0,16}[Ww]i-?[Ff]i)[A-Za-z0-9/_-]{4,40}"
    r"|(?:TP-?Link|Keenetic|ASUS|Xiaomi|MGTS|Tenda)[_-][0-9A-Za-z_-]{2,24}"
    r"|[MGRМ][0-9]{1,2}(?:[xх/][0-9]{1,2}(?:[.,][0-9]{1,2})?)+|(?:LP)?DDR[2-6][LX]?(?:-[0-9]{3,5})?|GS1-[0-9]{2,3}"
    r"|X-(?=[^ ]{0,30}[a-z])[A-Za-z0-9-]{1,40}"
    r"|(?:IMG|DSC|PXL|VID|WA|MVI|MOV|Screenshot)[_-][0-9A-Za-z_-]{4,40}"
    r"|\S+\.(?:xls[xm]?|csv|pdf|jpe?g|png|doc[xm]?|zip|rar|mp4|txt|xml)"
    r"|[А-ЯЁ](?:[а-яё]{3,}|[А-ЯЁ]{4,})[-_][0-9]{1,4}|v[0-9]/\S+|[vV][0-9]{1,3}(?:\.[0-9]{1,5}){1,3}"
    r"|(?:WPA[23]?|COVID|HTTPS?/|TLS|SSL|RJ|RS|IPX?|H|SARS|SD|Bluetooth|GSM|LTE)[-.]?[0-9A-Z]{1,4}(?:\.[0-9])?"
    r"|[a-z]{2,6}_(?=[0-9A-Za-z]{0,40}[a-z])(?=[0-9A-Za-z]{0,40}[A-Z])(?=[0-9A-Za-z]{0,40}[0-9])[0-9A-Za-z]{8,40}"
    r"|[0-9]{1,6}(?:mAh|kWh|Wh|[kMG]Hz|kPa|dB|мАч|кВт|Гц)"
    r"|[0-9]+(?:[.,][0-9]+)?[xхXХ*][0-9.,xхXХ*]+[a-zа-я]{0,3}|[0-9]{1,4}(?:[a-zA-Zа-я]{2,3}/[0-9]{1,4}[a-zA-Zа-я]{2,3})+"
)
_WORD_CODE: Final = re.compile(
    r"(?!(?:[A-ZА-Я]-){2})[A-Z]{2,6}(?:-[A-Z]{2,8}){1,3}"
    # Any words joined by signs of which one is in capitals: collar-M-red, DZ-shin/pro-L; but no FBS-склад.
    r"|(?!(?:[A-ZА-Я]-){2}|[A-ZА-Я]+-[а-яё]+$|[А-ЯЁ][а-яё]+-)"
    r"(?=[^ ]{0,30}(?<![A-ZА-Яa-zа-я])[A-ZА-Я]{1,8}(?![A-Za-zА-Яа-я]))"
    r"[A-Za-zА-Яа-яё]{1,12}(?:[-/][A-Za-zА-Яа-яё]{1,12}){1,4}"
    r"|[a-z]{3,12}[-_][a-z]{3,12}|[A-ZА-Я]{2,3}-[a-zа-я]{3,8}/[а-яё]{3,8}"
)
_DECIMAL: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3,12}")  # 55.7558 of a coordinate
_COLOUR: Final = re.compile(r"(?=[0-9]{0,5}[A-Fa-f])[0-9A-Fa-f]{6}")
_LONG_DIGITS: Final = re.compile(
    r"[0-9]{5,}(?:[/+][0-9]{5,})+|(?P<same>[0-9]{5,8})[0-9]{2,4}-(?P=same)[0-9]{2,4}"
)


class Candidate:  # written out: a generated __init__ is not compiled
    """A span that may be an identifier; `value` is its normal form, nobody changes it."""

    __slots__ = ("end", "glued", "shape", "start", "value")

    def __init__(self, start: int, end: int, value: str, shape: Shape, glued: str = "") -> None:
        self.start = start
        self.end = end
        self.value = value
        self.shape = shape
        self.glued = glued  # the word that stands right before the digits, as in SKU160249683


def match_shape(region: Region, start: int, end: int, glued: str = "") -> Candidate | None:
    """Return [start, end) as a candidate when it has the shape of an identifier as a whole."""
    found = whole_shape(region.latin, start, end)
    if found is None:
        return None
    match, shape = found
    written = match[0] if shape.latin else region.folded[start:end]
    return Candidate(start, end, shape_value(shape, written), shape, glued)


def _code(region: Region, start: int, end: int) -> Candidate | None:
    token = region.folded[start:end]
    if not 3 <= len(token) <= 50 or _NO_CODE.fullmatch(token) or _DECIMAL.fullmatch(token):
        return None
    if region.folded[start - 1 : start] == "#" and _COLOUR.fullmatch(token):
        return None
    if _DIGIT.search(token) is not None:
        return Candidate(start, end, token, CODE)
    return Candidate(start, end, token, WORDS) if _WORD_CODE.fullmatch(token) else None


def _glued(region: Region, start: int, end: int) -> Candidate | None:
    match = _GLUED.fullmatch(region.folded, start, end)
    return match_shape(region, match.start(2), match.end(2), match[1].lower()) if match is not None else None


def _has_glued_word(region: Region, start: int, end: int) -> bool:
    glued = _glued(region, start, end)
    return glued is not None and any(cue.end == glued.start for cue in region.cues_before(glued.start, 1))


def _of_token(region: Region, start: int, end: int, token: str) -> Iterator[Candidate]:
    if "." in token and _SHORT_NUMBERS.fullmatch(token) is not None:
        return
    if end - start == 36 and region.folded[max(0, start - 2) : start] == "1:":
        start -= 2
    joined = "/" in token or "+" in token or ("-" in token and token[0] in _DIGITS)
    listed = joined and _LONG_DIGITS.fullmatch(token) is not None
    whole = match_shape(region, start, end)
    if listed and whole is not None and whole.shape.name == SEPARATED:
        whole = None
    if whole is not None and whole.shape.name == LETTERED and _has_glued_word(region, start, end):
        whole = None  # SKU3382125437: a context word without its blank
    if whole is not None:
        yield whole
        return
    glued = None if token[0].isdigit() else _glued(region, start, end)
    if glued is not None:
        yield glued
    if listed or "/" in token or ("." in token and not _DECIMAL.fullmatch(token)):
        for part in (_LISTED if listed else _PART).finditer(token):
            place = start + part.start(), start + part.end()
            if len(part[0]) < 5:
                continue
            found = match_shape(region, *place) or _glued(region, *place)
            if found is not None and len(found.value) >= 5:
                yield found
    code = _code(region, start, end)
    if code is not None:
        yield code


def _is_group(region: Region, start: int, end: int) -> bool:
    """Tell whether three digits are a group of a larger number: of 12 000 "boxes" no 000 is counted."""
    return region.folded[start:end].isdecimal() and (
        _GROUP_BEFORE.search(region.folded, max(0, start - 5), start) is not None
        or _GROUP_BEHIND.match(region.folded, end) is not None
    )


def _grouped(region: Region) -> Iterator[Candidate]:
    """Yield identifiers typed in groups of digits: 225 610 337, 2000 0210 44876."""
    if _GROUP_START.search(region.near) is None:
        return
    for match in _GROUPS.finditer(region.folded):
        solid = match[0].replace(" ", "")
        shape = match_text(solid)
        if shape is None or len(solid) < 6:
            continue
        loss = 0.0 if _TRIPLES.fullmatch(match[0]) else 2.0 if _THOUSANDS.fullmatch(match[0]) else 0.8
        left_out = _SOLID | {"document_number"} if _SUM.fullmatch(match[0]) else _SOLID
        roles = {role: prior - loss for role, prior in shape.roles.items() if role not in left_out}
        yield Candidate(match.start(), match.end(), solid, Shape(SPACED.name, roles))


def _spaced(region: Region, begins: list[int]) -> Iterator[Candidate]:
    """Yield identifiers whose shape holds blanks, which start at one of `begins`."""
    reached = 0
    for start in sorted(begins):
        match = all_shapes().spaced.match(region.latin, start) if start >= reached else None
        if match is None or match.lastgroup is None:
            continue
        reached = match.end()
        if " " in match[0]:
            shape = all_shapes().by_group[match.lastgroup]
            written = match[0] if shape.latin else region.folded[start:reached]
            yield Candidate(start, reached, shape_value(shape, written), shape)


def find_candidates(region: Region) -> list[Candidate]:
    """Return every span of a region that looks like an identifier, in reading order."""
    found: list[Candidate] = []
    joined = region.has_digit or "-" in region.folded or "_" in region.folded
    if not joined and _LONG_WORD.search(region.folded) is None:
        return found  # nothing is worthy
    may_begin = region.has_digit and any(map(region.latin.__contains__, all_shapes().needles))
    begins = [match.start() for match in all_shapes().begins.finditer(region.latin)] if may_begin else []
    for match in _TOKEN.finditer(region.folded):
        token = match[1]
        if len(found) >= MAX_CANDIDATES:
            break
        if token and (token[0] in _DIGITS or _WORTHY.search(token)):
            start, end = match.span(1)
            if token[:3] in _NUMBER_OF and len(token) > 3:
                start, token = start + 3, token[3:]
            if len(token) > 2 and not (len(token) == _GROUP and _is_group(region, start, end)):
                found += _of_token(region, start, end, token)
            if token[0] in _DIGITS and region.folded[end : end + 1] == " ":
                begins.append(start)
    if begins:
        found += _spaced(region, begins)
    grouped = list(_grouped(region)) if begins else []
    if grouped:
        inside = {place for group in grouped for place in range(group.start, group.end)}
        found = [item for item in found if item.start not in inside or len(item.value) > 5] + grouped
    if len(found) > 1:
        found.sort(key=lambda candidate: (candidate.start, -candidate.end))
    return found[:MAX_CANDIDATES]
