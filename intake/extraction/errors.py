"""Error codes and error texts of programs: HTTP status codes, UPPER_SNAKE names, JSON error bodies.

A status code (RFC 9110, or an SMTP reply in a bounce) counts where a call, an answer or an error is spoken
of; of a JSON body the name in `code` counts, or its message when the code is only a number.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from intake.extraction.lexicon import load_toml, words_of
from intake.extraction.neighbours import word_before, word_behind, word_set
from intake.extraction.regions import Region
from intake.extraction.vocabulary import ERROR_TEXT, ERROR_WORD

_FILE: Final = "errors.toml"
_SNAKE: Final = re.compile(
    r"(?<![A-Za-z0-9_/.-])(?:net::)?[A-Z][A-Z0-9]{1,24}(?:_[A-Z0-9]{1,24}){1,8}(?![A-Za-z0-9_=-])"
)
_LOWER_SNAKE: Final = re.compile(r"(?<![a-z0-9_/.-])[a-z]{3,20}(?:_[a-z]{2,20}){1,6}(?![a-z0-9_=/-])")
_STATUS: Final = re.compile(
    r"[45](?<![0-9a-z.,:/_+×х*-].)(?<![0-9] .)[0-9]{2}(?![0-9a-zа-я]|[.,:/-][0-9]| [0-9]{3}(?![0-9a-z]))"
)
_JSON_CODE: Final = re.compile(r"\"code\" ?: ?\"(?P<s>[A-Za-z][A-Za-z0-9_ .-]{2,60})\"")
_JSON_TEXT: Final = re.compile(r"\"(?:message|detail|errortext|error)\" ?: ?\"(?P<s>[^\"\n]{4,140})\"")
_HEX: Final = re.compile(r"[0-9a-f]{5,8}(?:-|$)")
_SCRIPT: Final = re.compile(
    r"(?<![A-Za-z])(?:Type|Reference|Syntax|Range|Network|Value|Key)Error(?![A-Za-z])"
)
_CAMEL: Final = re.compile(
    r"[A-Z](?<![A-Za-z0-9/].)[a-z]{2,14}(?:[A-Z][a-z]{1,14}){1,6}(?:[A-Z]{2,4})?(?![A-Za-z0-9])"
)
# PostingNotFound, InvalidArgument: names that say by themselves that something failed.
_CODE: Final = re.compile(r"код|code|码|#")
_FAILS: Final = re.compile(
    r"^(?:Failed|Invalid|Incorrect|Unknown|Missing|Cannot|Unable|Not|Wrong|Too)[A-Z]"
    r"|(?:Error|Exception|NotFound|Failed|Denied|Forbidden|Exceeded|Expired|Conflict|Invalid|Timeout|Mismatch)$"
)
_TEXT: Final = re.compile(r"\"(?P<s>[^\"\n]{1,110})\"")
_SHORTEST_TEXT: Final = 6
_LONGEST_TEXT: Final = 110
_NUMBER: Final = re.compile(
    r"[0-9a-z](?<![0-9a-z.,:/_+-].)(?:(?<=[0-9])(?:[0-9]{3,4}|[0-9]{0,2}-[0-9]{3,5})"
    r"|(?<=[a-z])[a-z]{0,3}(?:-[0-9]{3,5}|[0-9]{2,5}))"
    r"(?![0-9a-zа-я]|[.,:/-][0-9])"
)
_TIE: Final = re.compile(r"[\s:：(\"'>№#~-]{0,3}")  # between a word and what it leads to
_OWN_NAME: Final = re.compile(
    r"(?:0x(?<![0-9a-z].{2})[0-9a-f]{4,8}|err(?<![0-9a-z_-].{3})(?:or)?-[0-9]{2,6})(?![0-9a-z-])"
)
_CALL: Final = re.compile(r"/v[1-6]/[a-z]|https? [45][0-9]{2}|(?<![a-z])(?:get|post|put|patch) /")
_FILE_END: Final = re.compile(r"\.[a-z]{2,4}(?![a-z0-9])")  # IMG_20251112.jpg is a file
_PLURAL: Final = re.compile("[a-z]{3,}s$|[а-я]{2,}(?:ов|ев|ей|ки|ок|ек)$")
_NO_NEWS: Final = re.compile(
    r"\"code\" ?: ?(?:7|13|16|2), ?\"message\" ?: ?$"
)  # gRPC: denied, internal, unknown
_STATUS_OR_BODY: Final = re.compile(r"[45\"](?:(?<=[45])(?<![0-9+-].)[0-9]{2}(?![0-9-])|(?<=\")code\")")
_STATUS_DIGITS: Final = re.compile("[45](?<![0-9+-].)[0-9]{2}(?![0-9-])")
# 38 orders of 412: what stands behind "of" is the whole of something that was counted.
_SHARE: Final = re.compile(r"(?<![0-9])[0-9]{1,5}(?: [a-zа-я]{2,15}){0,3} (?:из|of|out of) $")
_REACH: Final = 60
_LEAD: Final = 40
MAX_MARKS: Final = 300  # of one form and field; more is a log, not a letter


class ErrorMark(NamedTuple):
    """A written error code or text; an empty value only blocks its span."""

    start: int
    end: int
    value: str
    score: float


def _mark(region: Region, start: int, end: int, score: float) -> ErrorMark:
    return ErrorMark(start, end, region.folded[start:end], score)


def _led(region: Region, start: int, key: str) -> bool:
    """Tell whether a word of the list `key` stands right before `start`.

    Words of the list `glued` count behind any Chinese letter; 报 only behind some, since it ends the names of
    papers as well (周报 is a weekly report).
    """
    words, hits = words_of(_FILE, "words", key), region.hits.get(ERROR_WORD, ())
    if words.fullmatch(word_before(region.lower, start)):
        return True
    index = bisect_right(hits, start, key=itemgetter(1)) - 1
    if index < 0 or _TIE.fullmatch(region.lower, hits[index][1], start) is None:
        return False
    first, end = hits[index]
    word = region.lower[first:end]
    free = not region.lower[max(0, first - 1) : first].isalpha() or (
        words_of(_FILE, "words", "glued").fullmatch(word)
        and (word != "报" or region.lower[first - 1] in load_toml(_FILE)["words"]["reports_behind"])
    )
    return free and words.fullmatch(word)


def _is_spoken_of(region: Region, start: int, end: int) -> bool:
    around = region.lower[max(0, start - _REACH) : end + 40]
    return words_of(_FILE, "words", "speaks").search(around) is not None


def _names(region: Region) -> Iterator[ErrorMark]:
    snakes = "_" in region.folded
    for match in _SNAKE.finditer(region.folded) if snakes else ():
        name = match[0].lower()
        if _FILE_END.match(region.lower, match.end()):
            continue
        if not name.startswith(_not_error("start")) and not name.endswith(_not_error("end")):
            yield _mark(region, *match.span(), 3.4)
    for match in _SCRIPT.finditer(region.folded) if "Error" in region.folded else ():
        yield _mark(region, match.start(), _end_of_quote(region, *match.span()), 3.0)
    status = (region.has_digit and _STATUS_DIGITS.search(region.near) is not None) or '"code"' in region.lower
    camels = _CAMEL.finditer(region.folded) if status or ERROR_WORD in region.hits else iter(())
    for match in islice(camels, MAX_MARKS):
        if _FAILS.search(match[0]) and _led(region, match.start(), "before_name"):
            yield _mark(region, *match.span(), 2.6)
            continue
        if not status:
            continue
        before = region.lower[max(0, match.start() - 4) : match.start()].strip()
        beside = before.endswith('"') or before.isdigit()
        if (beside or _is_spoken_of(region, *match.span())) and _near_status(region, *match.span()):
            yield _mark(region, *match.span(), 2.6)
    for match in _LOWER_SNAKE.finditer(region.lower) if snakes and ERROR_WORD in region.hits else ():
        if _led(region, match.start(), "before_name"):
            yield _mark(region, *match.span(), 2.4)


def _end_of_quote(region: Region, start: int, end: int) -> int:
    """Return where the quoted message ends that begins with an error's name, else `end`."""
    if region.folded[max(0, start - 1) : start] != '"' or region.folded[end : end + 1] != ":":
        return end
    closing = region.folded.find('"', end, end + _LONGEST_TEXT)
    return end if closing < 0 or "\n" in region.folded[end:closing] else closing


def find_error_texts(region: Region) -> Iterator[ErrorMark]:
    """Yield texts like "access denied"; they count only in a mail without any code."""
    for start, end in region.hits.get(ERROR_TEXT, ()):
        yield _mark(region, start, end, 2.0)


def _not_error(place: str) -> tuple[str, ...]:
    return tuple(load_toml(_FILE)["words"][f"not_error_{place}"])


def _near_status(region: Region, start: int, end: int) -> bool:
    """Tell whether an HTTP error status or a JSON body stands near a CamelCase name."""
    around = region.lower[max(0, start - _REACH) : end + 30]
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
        before = region.lower[max(0, match.start("s") - _LEAD) : match.start("s") - 1]
        around = region.lower[max(0, match.start() - _REACH) : match.end() + _REACH]
        if " " in match["s"] and _NO_NEWS.search(before) and _STATUS_DIGITS.search(around):
            continue  # the sentence tells no more than the status beside it
        if not any(abs(place - match.start()) < 160 for place in named):
            yield _mark(region, match.start("s"), match.end("s"), 3.0)


def _status_score(region: Region, start: int, end: int, *, calls: bool) -> float:
    """Return how sure a three-digit number is a status code; 0.0 when it is none.

    `calls` tells that the text names a method of an API.
    """
    status, written = load_toml(_FILE)["status"], region.lower[start:end]
    behind = word_behind(region.lower, end)
    if behind and words_of(_FILE, "words", "status_text").match(region.lower[end : end + 24].lstrip(' "(:')):
        return 3.0
    if word_set("quantity", "units").behind(behind) or _SHARE.search(region.lower, max(0, start - 40), start):
        return 0.0
    if written in status["always"] or (
        region.where == "subject"
        and start == 0
        and written in status["spoken"]
        and (
            not behind
            or words_of(_FILE, "words", "after_status").fullmatch(behind)
            or _CAMEL.match(region.folded, end + 1)
        )
    ):
        return 2.6
    if written in status["mail"]:
        around = region.lower[max(0, start - 160) : end + _REACH]
        return 2.6 if words_of(_FILE, "words", "mail_status").search(around) else 0.0
    return _spoken_score(region, start, end, calls=calls) if written in status["spoken"] else 0.0


def _spoken_score(region: Region, start: int, end: int, *, calls: bool) -> float:
    """Return the score of a status that counts only where a call, an answer or an error is spoken of."""
    if _led(region, start, "before_number") or _led(region, start, "code"):
        return 2.8
    behind = word_behind(region.lower, end)
    goes_on = not behind or words_of(_FILE, "words", "after_status").fullmatch(behind)
    if not goes_on and ("\u4e00" <= region.lower[end : end + 1] <= "\u9fff" or _PLURAL.match(behind)):
        return 0.0  # 400包, 500 ducks
    return 2.2 if (calls and goes_on) or _is_spoken_of(region, start, end) else 0.0


def _statuses(region: Region) -> Iterator[ErrorMark]:
    there = _STATUS.search(region.near) is not None
    statuses = list(islice(_STATUS.finditer(region.lower), MAX_MARKS)) if there else []
    calls = bool(statuses) and _CALL.search(region.lower) is not None
    for match in statuses:
        score = _status_score(region, *match.span(), calls=calls)
        if score:
            yield _mark(region, *match.span(), score)
    for match in _NUMBER.finditer(region.lower) if ERROR_WORD in region.hits else ():
        allowed = "before_number" if match[0].isdigit() or "-" in match[0] else "before_letters"
        before = region.lower[max(0, match.start() - _LEAD) : match.start()]
        if _led(region, match.start(), allowed):
            coded = not match[0].isdigit() or _CODE.search(before) is not None
            sure = coded and words_of(_FILE, "words", "sure").search(before)
            yield _mark(region, *match.span(), 3.2 if sure else 2.0)
        elif _led(region, match.start(), "code") and words_of(_FILE, "words", "fails").search(before):
            yield _mark(region, *match.span(), 2.6)
    named = "0x" in region.lower or "err" in region.lower
    for match in _OWN_NAME.finditer(region.lower) if named else ():
        yield _mark(region, *match.span(), 3.4)


def _quoted(region: Region) -> Iterator[ErrorMark]:
    for match in _TEXT.finditer(region.lower):
        opens = not region.lower[max(0, match.start() - 1) : match.start()].isascii() or match.start() == 0
        opens = opens or not region.lower[match.start() - 1].isalnum()
        if opens and len(match["s"]) >= _SHORTEST_TEXT and _led(region, match.start(), "before_text"):
            yield _mark(region, match.start("s"), match.end("s"), 1.9)


def find_errors(region: Region) -> list[ErrorMark]:
    """Return the error codes and texts of a region; competing readings are left in."""
    found = list(_names(region))
    if region.has_digit:
        found += _statuses(region)
    if '"' in region.folded:
        found += _bodies(region)
        if ERROR_WORD in region.hits:
            found += _quoted(region)
    return found
