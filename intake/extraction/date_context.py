"""What stands around a number tells whether it is a date, and whether a date is about the case at all.

`plausible` scores a bare "18.11": prepositions, a clock time or the start of a line speak for it, units,
percent, versions, ratings and clause numbers against it. `in_quote_head` recognises the lines that mail
programs put above a quoted mail: their dates say when somebody wrote, not what happened.
"""

from __future__ import annotations

import re
from typing import Final

from intake.extraction.lexicon import words_of
from intake.extraction.neighbours import word_before, word_behind, word_set
from intake.extraction.regions import Region

_CLOCK: Final = re.compile(r"\s?(?:в|at|около|,|about|around|，)?\s?[0-9]{1,2}[:：][0-9]{2}")
_RANGE: Final = re.compile(r"\s?(?:-|~|по |to |till |至|到)\s?[0-9]{1,2}[./]")
_ALSO: Final = re.compile(r"\s?(?:и|and|&|,|、|和|或|or|или)\s?[0-9]{1,2}[./][0-9]{2}(?![0-9])")
_LINE_START: Final = re.compile(r"(?:^|\n)[\s>(•*·|-]{0,6}$")
_RANGE_BEFORE: Final = re.compile(r"[0-9][./][0-9]{1,2}\s?(?:-|~|по|to|till|至|到)\s?$")
# Two numbers joined, and what is measured behind them: "from 14.5 to 19.25 percent", 4.1-4.9 см.
_JOINT: Final = r"\s?(?:-|~|по|до|to|till|until|至|到|涨到|降到|→|->|на)\s?"
_MEASURED: Final = re.compile(
    rf"{_JOINT}[0-9]{{1,3}}(?:[.,][0-9]{{1,3}})?\s?"
    r"(?:[%‰₽$€¥°]|процент|percent|per cent|п\.\s?п|кг|kg|см|cm|мм|mm|руб|р\.|л(?![а-я])|балл|звезд|star"
    r"|卢布|元|倍|分|个百分点)"
)
_RANGE_OF_DATES: Final = re.compile(
    rf"(?<![0-9.,/])(?P<a>[0-9]{{1,2}})(?P<s>[./])(?P<b>[0-9]{{1,2}}){_JOINT}"
    r"(?P<c>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})(?![0-9.,/]*[0-9])"
)
_OTHER_HALF: Final = re.compile(rf"{_JOINT}(?P<a>[0-9]{{1,2}})[.,](?P<b>[0-9]{{1,2}})(?![0-9.,])")
_FIRST_HALF: Final = re.compile(rf"(?<![0-9.,])(?P<a>[0-9]{{1,2}})[.,](?P<b>[0-9]{{1,2}}){_JOINT}$")
# An index of 0.94 and a limit of 1.05; weighed as 1.204 and 1.21; requests 2.32.3 on 3.11.
_FRACTION: Final = re.compile(
    r"(?<![0-9a-z.,])(?:0[.,][0-9]|[0-9]{1,2}\.[0-9]{3}(?![0-9])|[0-9]{1,2}\.[0-9]{1,3}\.[0-9](?![0-9]))"
)
_MONTHS: Final = 12
_DAYS: Final = 31
_SHORTEST_MONTH: Final = 28
_OF_TIME: Final = ("季度", "年度")  # 度 alone is of a temperature
_RANGE_REACH: Final = 12  # characters of the other half of a range
_PRODUCT: Final = re.compile(r"[0-9]\s?[x×х*/]\s?$")
_HEAD: Final = re.compile(
    r"[>|\s]{0,12}(?:from|sent|date|to|cc|subject|reply-to|от|отправлено|дата|кому|тема|копия"
    r"|发件人|发送时间|日期|时间|收件人|主题|寄件者|寄件日期)\s?[:：]"
)
_SUBJECT: Final = re.compile(
    r"[>|\s]{0,12}(?:subject|тема|主题)\s?[:：]"
)  # tells the matter, not when it was sent
_WROTE: Final = re.compile(
    r"(?:(?<![a-zа-я])(?:wrote|writes|schrieb|a écrit|pisze|пишет|пишут|написал|писал)|写道|寫道|@)"
)
_ADDRESS: Final = re.compile(r"<[^<>\s]{1,80}@[^<>\s]{1,80}>")
_BEFORE_FOR: Final = word_set("date", "before_for")
_BEFORE_AGAINST: Final = word_set("date", "before_against")
_AFTER_FOR: Final = word_set("date", "after_for")
_AFTER_AGAINST: Final = word_set("date", "after_against")
_MAX_HEAD: Final = 220
_HEAD_LEAD: Final = 14  # "> On Tuesday, " before the date of a head without a word for writing
# A clock time and then nothing but a name or an address: "19 нояб. 2026 г. в 11:31, Клиентский сервис:".
_TIME_AND_NAME: Final = re.compile(
    r"[0-9]:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]m)?(?: ?(?:gmt|utc|мск)?[+-]?[0-9]{0,4})[\s,;，-]{0,4}"
    r"[^0-9/{}()]{0,60}[:：]\s?$"
)
_TOPIC_REACH: Final = 28
_VALUE_REACH: Final = 44
_LEAST: Final = 1.6
_VERSION_REACH: Final = 34
# The tariff for those days was 1.25, курс был 12.05: a value, not a day.
_VALUE_IS: Final = re.compile(
    r"(?:(?<![a-z])(?:rate|tariff|coefficient|factor|index)|(?<![а-я])(?:курс|тариф|коэффициент|индекс)[а-я]{0,2}"
    r"|汇率|费率|系数|指数)(?![a-zа-я])[^.;!?。；\n0-9]{0,24}(?:is|was|are|of|=|был[аи]?|равен|составлял|составляет|是|为|约)\s?$"
)
_SIGN: Final = re.compile(r"(?:^|[^0-9])[-+]$")  # of a number; the dash of a range follows a digit
_CJK_FROM: Final = "\u2e80"


def plausible(region: Region, start: int, end: int) -> float:
    """Return how likely the digits at [start, end) are a year-less date; 0.0 when they are none."""
    written = region.lower[start:end]
    first, _, second = written.replace("/", ".").partition(".")
    before, behind = word_before(region.lower, start), word_behind(region.lower, end)
    clock = _CLOCK.match(region.lower, end) is not None
    ranged = _RANGE.match(region.lower, end) or _RANGE_BEFORE.search(region.lower[max(0, start - 12) : start])
    spoken = ranged is not None and ranged[0].strip("0123456789./ ") in ("到", "至")
    if not clock and _AFTER_AGAINST.behind(behind):
        return 0.0
    against = _BEFORE_AGAINST.before(before) and not before.endswith(_OF_TIME)
    if against or _PRODUCT.search(region.lower[max(0, start - 4) : start]):
        return 0.0
    sale = written in word_set("date", "sale").exact and word_set("date", "sale_behind").behind(behind)
    low = max(0, start - _TOPIC_REACH)
    lead = region.lower[low:start]
    if sale or words_of("neighbours.toml", "date", "topic_against").search(lead[lead.rfind(". ") + 1 :]):
        return 0.0
    if _SIGN.search(region.lower[max(0, start - 2) : start]) or _joined_to_a_number(region, start, end):
        return 0.0
    score = _form_score(written, first, second)
    if _FRACTION.search(region.lower, low, start) or _FRACTION.search(
        region.lower, end, end + _VERSION_REACH
    ):
        score -= 1.0
    score += 0.7 * _BEFORE_FOR.before(before) + 1.0 * clock
    score += (1.0 if spoken else 0.8 if len(second) == 2 else 0.2) * (ranged is not None)
    score += _of_range(region, start) if ranged is not None else 0.0
    score += 0.3 * (_ALSO.match(region.lower, end) is not None)
    score += 0.4 * (_LINE_START.search(region.lower[max(0, start - 8) : start]) is not None)
    score += 0.3 * _AFTER_FOR.behind(behind) + 0.2 * (behind == "")
    chinese = before[-1:] >= _CJK_FROM or behind[:1] >= _CJK_FROM
    score += 0.3 * ("/" in written and chinese)
    happened = chinese and "/" in written and word_set("date", "happened").behind(behind)
    score += 1.0 * happened
    if score < _LEAST or _VALUE_IS.search(region.lower, max(0, start - _VALUE_REACH), start):
        return 0.0
    return score + 0.6


def _joined_to_a_number(region: Region, start: int, end: int) -> bool:
    """Tell whether the other half of a range is no date: "fell from 11.42 to 11.17", 4.1-4.9 см."""
    if _MEASURED.match(region.lower, end):
        return True
    low = max(0, start - _RANGE_REACH)
    behind = _OTHER_HALF.match(region.lower, end)
    other = behind or _FIRST_HALF.search(region.lower, low, start)
    if other is None:
        return False
    here, there = _halves(region.lower[start:end]), (int(other["a"]), int(other["b"]))
    first, last = (here, there) if behind else (there, here)
    return not _may_be_date(*there) or _falls(first, last)


def _halves(written: str) -> tuple[int, int]:
    first, _, second = written.replace("/", ".").partition(".")
    return int(first), int(second)


def _falls(first: tuple[int, int], last: tuple[int, int]) -> bool:
    """Tell whether a range goes down whichever half is the month: "from 4.9 to 4.6" are no days."""
    both = max(*first, *last) <= _MONTHS
    return both and first > last and first[::-1] > last[::-1]


def _may_be_date(first: int, second: int) -> bool:
    return 0 < min(first, second) <= _MONTHS and 0 < max(first, second) <= _DAYS


def _of_range(region: Region, start: int) -> float:
    """Return how sure the number at `start` is half of a range of days: 10.26-11.1, 10/5-10/11, 7.1-9.30."""
    low, high = max(0, start - _RANGE_REACH), start + 2 * _RANGE_REACH
    for match in _RANGE_OF_DATES.finditer(region.lower, low, high):
        if start not in (match.start("a"), match.start("c")):
            continue
        one, two, three, four = (int(match[name]) for name in "abcd")
        lead, other = max(one, three), max(two, four)
        if min(one, two, three, four) == 0 or max(lead, other) > _DAYS:
            return 0.0
        if two == 1 and four >= _SHORTEST_MONTH and one <= three <= _MONTHS:
            return 1.4  # whole months
        same_month = match["s"] == "/" and (one == three) != (two == four)
        # As decimals 10.5-10.11 would fall.
        falls = match["s"] == "." and one == three and two < four and match["b"] > match["d"]
        ordered = min(lead, other) <= _MONTHS < max(lead, other)
        return 1.0 * (ordered or same_month or (falls and one <= _MONTHS))
    return 0.0


def _form_score(written: str, first: str, second: str) -> float:
    """Return how much the digits alone look like a date: 18.11 more than 4.9, and 11.11 is also a sale."""
    score = 1.0 + 0.5 * (len(second) == 2) + 0.4 * (len(first) == len(second) == 2)
    score -= 0.4 * (len(second) == 1) + 0.4 * (len(first) == len(second) == 1)
    return score - 0.6 * (written in ("11.11", "12.12")) - 0.3 * ("/" in written and len(second) == 1)


def in_quote_head(region: Region, start: int, end: int) -> bool:
    """Tell whether [start, end) stands in the line that introduces a quoted mail."""
    low = region.line_start(start)
    high = region.lower.find("\n", end)
    high = len(region.lower) if high < 0 else high
    if high - low > _MAX_HEAD:
        return False
    line = region.lower[low:high]
    if _HEAD.match(line):
        # A form that the sender filled in also says "Дата: 12.11.2026": a head has a neighbour that is one.
        above = region.lower[region.line_start(max(0, low - 1)) : max(0, low - 1)]
        below = region.lower[high + 1 : high + 120]
        head = _HEAD.match(above) or _HEAD.match(below) or line.lstrip().startswith(">")
        return bool(head) and _SUBJECT.match(line) is None
    lead = start - low
    if lead > 42:
        return False
    wrote = _WROTE.search(line, min(len(line), end - low))
    if wrote is not None and (len(line) - wrote.end() <= 25 or _ADDRESS.search(line) is not None):
        return True
    quoted = line.lstrip().startswith(">")
    if quoted and lead <= 14 and re.search(r"20[0-9]{2}", line[: end - low]):
        return True
    return line.rstrip().endswith((":", "：")) and (
        quoted or (lead <= _HEAD_LEAD and _TIME_AND_NAME.search(line, end - low) is not None)
    )
