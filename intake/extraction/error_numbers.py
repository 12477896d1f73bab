"""Numbers of errors: HTTP and SMTP status codes, and numbers behind a word for an error's code.

Out come marks on the scale of `claims`. A status code (RFC 9110, or an SMTP reply in a bounce, RFC 5321)
counts where a call, an answer or an error is spoken of, and not where it counts things.
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
from intake.extraction.lexicon import load_toml, words_of
from intake.extraction.neighbours import word_behind, word_set
from intake.extraction.regions import Region
from intake.extraction.vocabulary import ERROR_WORD

# A blank behind a digit joins a larger number, but for the version in "HTTP/1.1 503"; 6 × 500 is a sum.
_STATUS: Final = re.compile(
    r"[45](?<![0-9a-z.,/_+×х*-].)(?<![0-9]:.)(?<![×*] .)(?<![0-9] [xх] .)"
    r"(?:(?<![0-9] .)|(?<=/1\.[01] .)|(?<=/[23] .))"
    r"[0-9]{2}(?![0-9a-zа-я]|[.,:/-][0-9]| [0-9]{3}(?![0-9a-z]))"
)
_CALL: Final = re.compile(r"/v[1-6]/[a-z]|https? [45][0-9]{2}|(?<![a-z])(?:get|post|put|patch) /")
_PLURAL: Final = re.compile("[a-z]{3,}s$|[а-я]{2,}(?:ов|ев|ей|ки|ок|ек)$")
# 38 orders of 412: what stands behind "of" is the whole of something that was counted.
_SHARE: Final = re.compile(r"(?<![0-9])[0-9]{1,5}(?: [a-zа-я]{2,15}){0,3} (?:из|of|out of) $")
_AMOUNTS_TO: Final = re.compile(
    r"(?:(?<![a-zа-я])(?:of|до)|[改变]成|[从到]) ?$"
)  # a deposit of 500, 改成 500
_PART: Final = re.compile(r" (?:из|of|out of) (?:the )?[0-9]")  # 412 of 880 sellers
_CODE: Final = re.compile(r"код|code|码|#")
_NUMBER: Final = re.compile(
    r"[0-9a-z](?<![0-9a-z.,:/_+-].)(?:(?<=[0-9])(?:[0-9]{3,5}|[0-9]{0,2}-[0-9]{3,5})"
    r"|(?<=[a-z])[a-z]{0,3}(?:-[0-9]{3,5}|[0-9]{2,5}))"
    r"(?![0-9a-zа-я]|[.,:/-][0-9])"
)
_SHAPE: Final = r"(?P<s>(?:[a-z]{1,8}-?)?-?[0-9]{1,6})(?![0-9a-zа-я]|[.,:/-][0-9])"
# Right behind the words, or with a few between: "код ошибки указан внизу: PAY-3307".
_BEHIND_NAME: Final = re.compile(
    r"(?:[\s\"'(\[№#]{1,3}|[^0-9.!?;。！？；\n]{0,40}?"
    r"(?:[:：=]|(?<![a-zа-я])(?:is|was|это)(?![a-zа-я])|[是为]| - ))?[\s\"'(\[]{0,2}" + _SHAPE
)
# What a program shows, but for the names of encodings: the header says utf-8.
_SHOWN: Final = re.compile(
    r"[\s:：(\[\"']{0,3}(?=[a-z])(?!(?:utf|iso|windows|cp|koi|gb|ansi|ascii|latin|base|sha|md)-?[0-9])"
    + _SHAPE
)
_REST_OF_LIST: Final = re.compile(r"(?:(?:, ?|、| and | or | и | или |和|或)[0-9]{1,5}(?![0-9.,:]))+")
# "failed (code EXP-503", "ошибка с кодом SYNC-204": more than an article's make
_FAILED: Final = re.compile(
    r"(?:fail(?:ed|s|ure)?|error|crash(?:ed|es)?|ошибк[а-я]{1,2}|сбо[йя]|не удалось|失败|报错|错误|异常)"
    r"[^.!?\n0-9]{0,12}$"
)
# "ошибка авторизации AUTH-0031", "login refused with AUTH-0031"
_FAILS_WITH: Final = re.compile(
    r"(?:ошибк[а-я]{1,2}|отказ|refused|rejected|denied|declined|error|fails?|failed|报错|拒绝|失败)"
    r"(?P<words>(?: (?!in |on |for |at |of )[a-zа-я]{4,16}){0,2}(?: (?:with|с))?)[\s:：(\"]{0,3}$"
)
_FAILED_SCORE: Final = 4.4
_GOES_ON: Final = "或和就是了的都而但也又以后时之一"  # how a sentence goes on behind a status and a blank
_ROUND: Final = frozenset({"400", "500"})  # anything is counted and measured in round numbers
_BODY_BEHIND: Final = re.compile(r"[^0-9.;{}\n]{0,16}\{ ?\"")  # 422 и тело {"code": ...
_LED: Final = 2.7  # right behind a word for an error
_SPOKEN: Final = 2.2  # where an answer is spoken of and nothing else says that it is a status
# PostingNotFound behind a status
_NAME: Final = re.compile("[A-Z][a-z]{2,14}[A-Z][a-z]")
_OWN_NAME: Final = re.compile(
    r"(?:0x(?<![0-9a-z].{2})[0-9a-f]{2,8}|err(?<![0-9a-z_-].{3})(?:or)?-[0-9]{2,6})(?![0-9a-z-])"
)


def _counts_things(region: Region, end: int) -> bool:
    """Tell whether a unit stands behind the number ending at `end`, or behind its list (500 and 1000 ml)."""
    if word_set("quantity", "units").behind(word_behind(region.lower, end)):
        return True
    rest = _REST_OF_LIST.match(region.lower, end)
    return rest is not None and word_set("quantity", "units").behind(word_behind(region.lower, rest.end()))


def _status_score(region: Region, start: int, end: int, *, calls: bool) -> float:
    """Return how sure a three-digit number is a status code; 0.0 when it is none.

    `calls` tells that the text names a method of an API.
    """
    status, written = load_toml(FILE)["status"], region.lower[start:end]
    behind = word_behind(region.lower, end)
    named = behind and words_of(FILE, "words", "status_text").match(
        region.lower[end : end + 24].lstrip(' "(:')
    )
    body = _BODY_BEHIND.match(region.lower, end) is not None
    if body or named:
        return 3.9 if body else 3.0
    shared = _SHARE.search(region.lower, max(0, start - LEAD), start) or _PART.match(region.lower, end)
    if shared or _counts_things(region, end):
        return 0.0
    if written in status["always"] or (
        region.where == "subject"
        and start == 0
        and written in status["spoken"]
        and (
            not behind
            or words_of(FILE, "words", "after_status").fullmatch(behind)
            or _NAME.match(region.folded, end + 1)
        )
    ):
        return 2.6
    if written in status["mail"]:
        around = region.lower[max(0, start - 160) : end + REACH]
        return 2.6 if words_of(FILE, "words", "mail_status").search(around) else 0.0
    if written not in status["spoken"]:
        return 2.8 if is_led(region, start, "before_number") else 0.0  # error 419
    return _spoken_score(region, start, end, calls=calls)


def _chinese_behind(region: Region, end: int) -> bool:
    """Tell whether a Chinese word goes on behind the number: 400包, 412 加回来."""
    char = region.lower[end : end + 2].lstrip(" ")[:1]
    return "\u4e00" <= char <= "\u9fff" and (region.lower[end] != " " or char not in _GOES_ON)


def _spoken_score(region: Region, start: int, end: int, *, calls: bool) -> float:
    """Return the score of a status that counts only where a call, an answer or an error is spoken of."""
    if is_led(region, start, "before_number") or is_led(region, start, "code"):
        return 2.8
    if region.lower[start:end].endswith("00") and _AMOUNTS_TO.search(region.lower, max(0, start - 5), start):
        return 0.0
    behind = word_behind(region.lower, end)
    goes_on = not behind or words_of(FILE, "words", "after_status").fullmatch(behind)
    counts = _PLURAL.match(behind) or region.lower[start:end] in _ROUND
    if not goes_on and (_chinese_behind(region, end) or counts):
        return 0.0  # 400包, 500 ducks, 400 нит
    if (calls and goes_on) or is_spoken_of(region, start, end):
        return _SPOKEN
    if not goes_on or region.lower[start:end].endswith("00"):
        return 0.0  # a page may also show 400 of something
    around = region.lower[max(0, start - LEAD) : end + LEAD]
    return _SPOKEN if words_of(FILE, "words", "page").search(around) else 0.0


def _is_beside(match: re.Match[str], counted: list[re.Match[str]]) -> bool:
    """Tell whether the same number, or one nearby, counts things: of 503 orders 401 left."""
    return any(match[0] == one[0] or abs(match.start() - one.start()) <= LEAD for one in counted)


def _statuses(region: Region) -> Iterator[ErrorMark]:
    there = _STATUS.search(region.near) is not None
    statuses = list(islice(_STATUS.finditer(region.lower), MAX_MARKS)) if there else []
    calls = bool(statuses) and _CALL.search(region.lower) is not None
    counted = [match for match in statuses if _counts_things(region, match.end())]
    for match in statuses:
        score = _status_score(region, *match.span(), calls=calls)
        if score > _SPOKEN or (score and not _is_beside(match, counted)):
            yield mark_of(region, *match.span(), score)


def _behind_words(region: Region) -> Iterator[ErrorMark]:
    """Yield the numbers and codes behind "error code", and those that a program shows where something failed.

    Looked for from the words on, so that a text without such a word costs nothing.
    """
    explicit, shows = words_of(FILE, "words", "explicit"), words_of(FILE, "words", "shows")
    for first, end in islice(region.hits.get(ERROR_WORD, ()), MAX_MARKS):
        word = region.lower[first:end]
        if explicit.fullmatch(word):
            match = _BEHIND_NAME.match(region.lower, end)
            if match is not None and not _counts_things(region, match.end()):
                yield mark_of(region, *match.span("s"), 3.2)
        elif shows.fullmatch(word):
            match = _SHOWN.match(region.lower, end)
            if match is None:
                continue
            around = region.lower[max(0, first - REACH) : match.end() + REACH]
            if words_of(FILE, "words", "fails").search(around):
                yield mark_of(region, *match.span("s"), 2.4)


def _numbers(region: Region) -> Iterator[ErrorMark]:
    for match in _NUMBER.finditer(region.lower):
        allowed = "before_number" if match[0].isdigit() or "-" in match[0] else "before_letters"
        around = region.lower[max(0, match.start() - LEAD) : match.end() + LEAD]
        before = around[: min(match.start(), LEAD)]
        if is_led(region, match.start(), allowed):
            coded = not match[0].isdigit() or _CODE.search(before) is not None
            sure = coded and words_of(FILE, "words", "sure").search(before)
            yield mark_of(region, *match.span(), 3.2 if sure else _LED)
        elif _is_named(region, match.start(), match.end()):
            yield mark_of(region, *match.span(), _FAILED_SCORE)
        elif is_led(region, match.start(), "code") and words_of(FILE, "words", "fails").search(around):
            close = _FAILED.search(before) is not None
            yield mark_of(region, *match.span(), _FAILED_SCORE if close else 2.6)


def _is_named(region: Region, start: int, end: int) -> bool:
    """Tell whether a code in capitals follows a word of failing: "refused with AUTH-0031"."""
    written = region.folded[start:end]
    if not (written[0].isupper() and "-" in written):
        return False
    match = _FAILS_WITH.search(region.lower, max(0, start - LEAD), start)
    return match is not None and not any(
        cue.start >= match.start("words") and cue.sense.meanings for cue in region.cues_before(start, 2)
    )


def find_numbers(region: Region) -> Iterator[ErrorMark]:
    """Yield the numbers of errors of a region; readings of the same digits may overlap."""
    yield from _statuses(region)
    if ERROR_WORD in region.hits:
        yield from _numbers(region)
        yield from _behind_words(region)
    if "0x" in region.lower or "err" in region.lower:
        for match in _OWN_NAME.finditer(region.lower):
            yield mark_of(region, *match.span(), 3.4)
