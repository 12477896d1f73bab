"""Error codes and error texts of programs: UPPER_SNAKE names, JSON error bodies, messages in quotes.

Numbers are read by `error_numbers`. Of a JSON body the name in `code` counts, or its message when the code
is only a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from intake.extraction.error_marks import (
    FILE,
    LEAD,
    MAX_MARKS,
    REACH,
    ErrorMark,
    is_led,
    is_spoken_of,
    mark_of,
)
from intake.extraction.error_numbers import find_numbers
from intake.extraction.lexicon import load_toml
from intake.extraction.neighbours import word_before
from intake.extraction.regions import Region
from intake.extraction.vocabulary import ERROR_TEXT, ERROR_WORD

_SNAKE: Final = re.compile(
    r"(?<![A-Za-z0-9_/.-])(?:net::)?(?:[A-Z][A-Z0-9]{1,24}|E(?=_[A-Z]{3}))(?:_[A-Z0-9]{1,24}){1,8}(?![A-Za-z0-9_=-])"
)
_LOWER_SNAKE: Final = re.compile(r"(?<![a-z0-9_/.-])[a-z]{3,20}(?:_[a-z]{2,20}){1,6}(?![a-z0-9_=/-])")
_FIELD_END: Final = re.compile(
    r"_(?:ids?|names?|at|date|number|status|type|list|count|url|code)$"
)  # no error
_JSON_CODE: Final = re.compile(r"\"code\" ?: ?\"(?P<s>[A-Za-z][A-Za-z0-9_ .-]{2,60})\"")
_JSON_TEXT: Final = re.compile(r"\"(?:message|detail|errortext|error)\" ?: ?\"(?P<s>[^\"\n]{4,140})\"")
_STATE: Final = "status"
_BAD_STATE: Final = re.compile(
    "err|fail|invalid|denied|forbid|reject|conflict|expired|exceed|not_found|unauthor"
)
_HEX: Final = re.compile(r"[0-9a-f]{5,8}(?:-|$)")
_SCRIPT: Final = re.compile(
    r"(?<![A-Za-z])(?:[A-Z][a-z]{1,14}){1,4}(?:Error|Exception)(?![A-Za-z])"  # TypeError, TimeoutException
)
_LONG_PART: Final = re.compile("_[0-9]{6}")
# What is set to a value, but for a key that tells an error: code=TOO_MANY_REQUESTS.
_PARAMETER: Final = re.compile(
    r"(?:^|[^a-z])(?!(?:[a-z]*(?:err|fail|code|reason|status|message|exception))+=)[a-z_]{2,20}=\s?\"?$"
)
_KEY: Final = 24
_SCRIPT_SCORE: Final = 4.4  # more than the numbers in its message
_CAMEL: Final = re.compile(
    r"[A-Z](?<![A-Za-z0-9/-].)[a-z]{2,14}(?:[A-Z][a-z]{1,14}){1,6}(?:[A-Z]{2,4})?(?![A-Za-z0-9-])"
)
# PostingNotFound, InvalidArgument: names that say by themselves that something failed.
_FAILS: Final = re.compile(
    r"^(?:Failed|Invalid|Incorrect|Unknown|Missing|Cannot|Unable|Not|Wrong|Too)[A-Z]"
    r"|(?:Error|Exception|NotFound|Failed|Denied|Forbidden|Exceeded|Expired|Conflict|Invalid|Timeout|Mismatch)$"
)
_TEXT: Final = re.compile(r"\"(?P<s>[^\"\n]{1,110})\"")
_SHORTEST_TEXT: Final = 6
_LONGEST_TEXT: Final = 110
_FILE_END: Final = re.compile(r"\.[a-z]{2,4}(?![a-z0-9])")  # IMG_20251112.jpg is a file
_NO_NEWS: Final = re.compile(
    r"\"code\" ?: ?(?:7|13|16|2), ?\"message\" ?: ?$"
)  # gRPC: denied, internal, unknown
_NO_NAMES: Final = frozenset({"internal", "unknown", "error"})
_STATUS_OR_BODY: Final = re.compile(r"[45\"](?:(?<=[45])(?<![0-9+-].)[0-9]{2}(?![0-9-])|(?<=\")code\")")
_STATUS_DIGITS: Final = re.compile("[45](?<![0-9+-].)[0-9]{2}(?![0-9-])")


def _names(region: Region) -> Iterator[ErrorMark]:
    snakes = "_" in region.folded
    if snakes:
        yield from _capitals(region)
    for match in _SCRIPT.finditer(region.folded) if _has_script(region.folded) else ():
        yield mark_of(region, match.start(), _end_of_quote(region, *match.span()), _SCRIPT_SCORE)
    status = (region.has_digit and _STATUS_DIGITS.search(region.near) is not None) or '"code"' in region.lower
    camels = _CAMEL.finditer(region.folded) if status or ERROR_WORD in region.hits else iter(())
    for match in islice(camels, MAX_MARKS):
        if _FAILS.search(match[0]) and is_led(region, match.start(), "before_name"):
            yield mark_of(region, *match.span(), 2.6)
            continue
        if not status:
            continue
        before = region.lower[max(0, match.start() - 4) : match.start()].strip()
        beside = before.endswith('"') or before.isdigit()
        if (beside or is_spoken_of(region, *match.span())) and _near_status(region, *match.span()):
            yield mark_of(region, *match.span(), 2.6)
    if snakes and ERROR_WORD in region.hits:
        yield from _small_letters(region)


def _capitals(region: Region) -> Iterator[ErrorMark]:
    """Yield names like TOO_MANY_REQUESTS, but for numbers of boxes and values that a parameter is set to."""
    parameters: set[str] = set()
    for match in _SNAKE.finditer(region.folded):
        name = match[0].lower()
        if _FILE_END.match(region.lower, match.end()):
            continue
        low = max(0, match.start() - _KEY)
        if _LONG_PART.search(name) or _PARAMETER.search(region.lower, low, match.start()):
            parameters.add(name)  # WB_1189004421 of a box, language=ZH_HANS
        if name in parameters:
            continue
        if not name.startswith(_not_error("start")) and not name.endswith(_not_error("end")):
            yield mark_of(region, *match.span(), 3.4)


def _small_letters(region: Region) -> Iterator[ErrorMark]:
    """Yield names like invalid_grant behind a word that leads to an error, but for states of things."""
    for match in _LOWER_SNAKE.finditer(region.lower):
        if _FIELD_END.search(match[0]) is None and is_led(region, match.start(), "before_name"):
            if word_before(region.lower, match.start()) == _STATE and _BAD_STATE.search(match[0]) is None:
                continue  # postings with the status awaiting_packaging
            yield mark_of(region, *match.span(), 2.4)


def _has_script(text: str) -> bool:
    return "Error" in text or "Exception" in text


def _end_of_quote(region: Region, start: int, end: int) -> int:
    """Return where the quoted message ends that begins with an error's name, else `end`."""
    if region.folded[max(0, start - 1) : start] != '"' or region.folded[end : end + 1] != ":":
        return end
    closing = region.folded.find('"', end, end + _LONGEST_TEXT)
    return end if closing < 0 or "\n" in region.folded[end:closing] else closing


def find_error_texts(region: Region) -> Iterator[ErrorMark]:
    """Yield texts like "access denied"; they count only in a mail without any code."""
    for start, end in region.hits.get(ERROR_TEXT, ()):
        yield mark_of(region, start, end, 2.0)


def _not_error(place: str) -> tuple[str, ...]:
    return tuple(load_toml(FILE)["words"][f"not_error_{place}"])


def _near_status(region: Region, start: int, end: int) -> bool:
    """Tell whether an HTTP error status or a JSON body stands near a CamelCase name."""
    around = region.lower[max(0, start - REACH) : end + 30]
    return _STATUS_OR_BODY.search(around) is not None


def _bodies(region: Region) -> Iterator[ErrorMark]:
    named = []
    if '":' not in region.lower and '" :' not in region.lower:
        return
    for match in _JSON_CODE.finditer(region.folded):
        machine = _HEX.match(match["s"].lower()) is not None
        yield ErrorMark(match.start("s"), match.end("s"), "" if machine else match["s"], 3.6)
        if not machine:
            named.append(match.start())
    for match in _JSON_TEXT.finditer(region.lower):
        before = region.lower[max(0, match.start("s") - LEAD) : match.start("s") - 1]
        around = region.lower[max(0, match.start() - REACH) : match.end() + REACH]
        if (
            (" " in match["s"] or match["s"] in _NO_NAMES)
            and _NO_NEWS.search(before)
            and _STATUS_DIGITS.search(around)
        ):
            continue  # the sentence tells no more than the status beside it
        if not any(abs(place - match.start()) < 160 for place in named):
            yield mark_of(region, match.start("s"), match.end("s"), 3.0)


def _quoted(region: Region) -> Iterator[ErrorMark]:
    for match in _TEXT.finditer(region.lower):
        opens = not region.lower[max(0, match.start() - 1) : match.start()].isascii() or match.start() == 0
        opens = opens or not region.lower[match.start() - 1].isalnum()
        if opens and len(match["s"]) >= _SHORTEST_TEXT and is_led(region, match.start(), "before_text"):
            yield mark_of(region, match.start("s"), match.end("s"), 1.9)


def find_errors(region: Region) -> list[ErrorMark]:
    """Return the error codes and texts of a region; competing readings are left in."""
    found = list(_names(region))
    if region.has_digit:
        found += find_numbers(region)
    if '"' in region.folded:
        found += _bodies(region)
        if ERROR_WORD in region.hits:
            found += _quoted(region)
    return found
