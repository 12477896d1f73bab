"""Periods that have a name: months, quarters, halves, years and ISO 8601 weeks.

A month alone is a period only where the words beside it speak of a report, a payment or "за": a month is
also just a time of the year. Without a year the latest one that has begun is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from intake.extraction import signs
from intake.extraction.calendar_words import (
    around,
    chinese_number,
    month_end,
    month_numbers,
    month_pattern,
    year_of_month,
)
from intake.extraction.lexicon import load_toml
from intake.extraction.neighbours import WordSet, word_before, word_behind
from intake.extraction.periods import PeriodMark
from intake.extraction.regions import Region
from intake.extraction.vocabulary import MONTH

_MONTH: Final = month_pattern()
_NUMBERS: Final = {
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "перв": 1, "втор": 2, "трет": 3, "четверт": 4,
    "first": 1, "second": 2, "third": 3, "fourth": 4, "一": 1, "二": 2, "三": 3, "四": 4,
    "1": 1, "2": 2, "3": 3, "4": 4, "上": 1, "下": 2,
}  # fmt: skip
_YEAR_BEHIND: Final = r"(?:(?:[ ,'-]{1,2}| of )(?P<y>20[0-9]{2}))?"
_QUARTERS: Final = (
    re.compile(
        r"(?<![0-9a-zа-я])(?:(?P<from>[1-4])(?:-?й)? ?(?:и|-|and) ?)?(?P<q>[1-4]|i{1,3}|iv)"
        rf"(?:-?(?:й|го|ый|st|nd|rd|th))? ?(?:кв\.?(?![а-я])|квартал[а-я]{{0,2}}|quarter){_YEAR_BEHIND}"
    ),
    re.compile(rf"(?P<q>перв|втор|трет|четверт)[а-я]{{2,3}} квартал[а-я]{{0,2}}{_YEAR_BEHIND}"),
    re.compile(rf"(?P<q>first|second|third|fourth) quarter{_YEAR_BEHIND}"),
    re.compile(r"(?:(?<![0-9])(?P<y>20[0-9]{2}) ?年? ?|(?<![a-z0-9]))q ?(?P<q>[1-4])(?![0-9a-z])"),
    re.compile(rf"(?<![a-z0-9])q ?(?P<q>[1-4])(?![0-9a-z]){_YEAR_BEHIND}"),
    re.compile(r"(?<![0-9a-z])(?P<q>[1-4]) ?q(?![a-z0-9])(?: (?P<y>20[0-9]{2}))?"),
    re.compile(r"(?:(?P<y>20[0-9]{2})年?)?第?(?P<q>[一二三四1-4]) ?季度"),
)
_LAST_YEAR: Final = re.compile(r" (?:of )?(?:прошлого|минувшего|last) (?:года|year)")
_QUARTER_WORD: Final = re.compile(r"кв[. а]|q(?:uarter| ?[1-4])|[1-4] ?q|季度")
_HALF_MONTH: Final = re.compile(
    rf"(?P<h>перв|втор)[а-я]{{2,3}} половин[ауые] (?P<m>{_MONTH})(?![а-я])"
    rf"|(?P<he>first|second) half of (?P<me>{_MONTH})(?![a-z])"
)
_CHINESE_PART: Final = re.compile(
    r"(?:(?P<y>20[0-9]{2}) ?年 ?)?(?<![0-9.])(?P<m>1[0-2]|0?[1-9]|[一二三四五六七八九十]{1,2}) ?月份?的?"
    r"(?P<p>上半月|前半月|下半月|后半月)"
)
_PARTS: Final = {
    "上半": (1, 15), "前半": (1, 15), "下半": (16, 31), "后半": (16, 31),
}  # fmt: skip
_AHEAD: Final = timedelta(days=45)
_HALF_YEAR: Final = re.compile(
    r"(?:(?P<yz>20[0-9]{2}) ?年 ?)?(?P<h>[上下])半年"
    rf"|(?<![0-9a-zа-я])(?P<hr>перв|втор|1|2|ii|i)[а-я-]{{0,3}} полугоди[еяю]{_YEAR_BEHIND}"
    r"|(?P<he>first|second) half of (?:the year|(?P<ye>20[0-9]{2}))"
    r"|(?<![a-z0-9])h(?P<hh>[12])(?![a-z0-9])(?: (?P<yh>20[0-9]{2}))?"
)
_YEARS: Final = re.compile(
    r"(?P<a>20[0-9]{2}) ?-? ?(?P<b>20[0-9]{2})? ?(?:гг\.|年度)|за (?P<y>20[0-9]{2}) (?:год|г\.)"
)
_MONTHS_OF_YEAR: Final = re.compile(
    r"(?<![0-9])(?P<n>[1-9]|1[0-2]) ?(?:мес\.|месяц[а-я]{0,3}) (?P<y>20[0-9]{2})"
)
_WEEK: Final = re.compile(
    # But 10月第4周 is the fourth week of a month, and 卡住 第3周 tells how long.
    r"[第cwнk](?:(?<=第)(?<!月第)(?<!月的第)(?<!月份第) ?(?P<w>[0-9]{1,2}) ?周"
    r"|(?<![0-9a-zа-я].)(?:(?<=c)(?:alendar week|w)|(?<=w)eek|(?<=н)едел[яюи]|(?<=k)w)"
    r" ?№?(?P<w2>[1-5]?[0-9])(?![0-9/-]|[.,][0-9]| ?(?:ago|назад)))"
)
# 近三月 is how long, not which month.
_CHINESE_MONTH: Final = re.compile(
    r"(?<![近前过去后这头满每隔连续])(?:(?P<y>20[0-9]{2}) ?年 ?)?"
    r"(?:(?<![\n0-9.])(?P<m0>1[01]|[1-9])[、和,，]|(?<![0-9.]))"
    r"(?P<m>1[0-2]|0?[1-9]|[一二三四五六七八九十]{1,2}) ?月(?P<f>份)?"
    r"(?! ?[0-9]{1,2} ?[日号號]?)(?!的?[上中下前后][半旬]|[日号號初底中末第起旬])"
    r"(?:(?:到|至|-|~) ?(?P<m2>1[0-2]|0?[1-9]) ?月(?:份)?(?! ?[0-9]))?"
)
_WORD_MONTH: Final = re.compile(
    rf"(?<![0-9] )(?P<m>{_MONTH})(?![a-zа-я])"
    rf"(?:(?: ?- ?|, (?:{_MONTH}) (?:and|и) | (?:and|и|to|по) )(?P<m2>{_MONTH})(?![a-zа-я]))?"
    r"(?! [0-9]{1,2}(?![0-9]))(?:\.? (?P<y>20[0-9]{2})(?![0-9]))?"
)


def _words(key: str) -> WordSet:
    return WordSet(load_toml("months.toml")["period"][key])


_BEFORE: Final = _words("month_before")
_BEHIND: Final = _words("month_behind")
_CHINESE_BEFORE: Final = tuple(load_toml("months.toml")["period"]["chinese_before"])
_CHINESE_BEHIND: Final = tuple(load_toml("months.toml")["period"]["chinese_behind"])
_WAITED: Final = 12
_MONTH_BEFORE: Final = re.compile(rf"(?:{_MONTH}),? $")
_OF_BOOKS: Final = re.compile("[报账款单期]|结算|2[0-9]年")
_WHEN_BEFORE: Final = _words("when_before")
_WHEN_BEHIND: Final = _words("when_behind")
_SEASON_BEFORE: Final = _words("season_before")
_LEFT_FOR: Final = _words("left_for")
_HOW_MANY: Final = _words("how_many")
_DOUBTFUL: Final = frozenset(load_toml("months.toml")["period"]["doubtful"])


def _months(year: int, first: int, last: int) -> tuple[date, date]:
    return date(year, first, 1), month_end(year, last)


def _quarters(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    for pattern in _QUARTERS if _QUARTER_WORD.search(region.lower) else ():
        for match in pattern.finditer(region.lower):
            quarter = _NUMBERS[match["q"]]
            first = int(match["from"]) if "from" in pattern.groupindex and match["from"] else quarter
            year = int(match["y"]) if match["y"] else year_of_month(quarter * 3 - 2, mail_date)
            if not match["y"] and _LAST_YEAR.match(region.lower, match.end()):
                year = mail_date.year - 1
            if first <= quarter:
                span = _months(year, first * 3 - 2, quarter * 3)
                yield PeriodMark(match.start(), match.end(), *span, 4.5 if match["y"] else 4.4)


def _halves(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    for match in _HALF_MONTH.finditer(region.lower):
        month = month_numbers()[match["m"] or match["me"]]
        year = year_of_month(month, mail_date)
        early = _NUMBERS[match["h"] or match["he"]] == 1
        span = (date(year, month, 1), date(year, month, 15))
        span = span if early else (date(year, month, 16), month_end(year, month))
        yield PeriodMark(match.start(), match.end(), *span, 4.6)
    for match in _HALF_YEAR.finditer(region.lower):
        early = _NUMBERS[match["h"] or match["hr"] or match["he"] or match["hh"]] == 1
        written = match["yz"] or match["y"] or match["ye"] or match["yh"]
        if match["hh"] and not written:
            continue  # H1 alone is a heading as well
        year = int(written) if written else mail_date.year
        span = _months(year, *((1, 6) if early else (7, 12)))
        yield PeriodMark(match.start(), match.end(), *span, 4.0)


def _years_and_weeks(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    small = region.lower
    for match in () if region.signs.isdisjoint(signs.YEARS) else _YEARS.finditer(small):
        first = int(match["a"] or match["y"])
        last = int(match["b"] or first)
        if first <= last:
            yield PeriodMark(match.start(), match.end(), date(first, 1, 1), date(last, 12, 31), 4.0)
    for match in _MONTHS_OF_YEAR.finditer(small) if signs.MONTHS in region.signs else ():
        yield PeriodMark(match.start(), match.end(), *_months(int(match["y"]), 1, int(match["n"])), 4.4)
    for match in () if region.signs.isdisjoint(signs.WEEKS) else _WEEK.finditer(small):
        week = int(match["w"] or match["w2"])
        if match[0].startswith("недели") and _HOW_MANY.before(word_before(small, match.start())):
            continue  # за три недели 14 комплектов
        if (
            match["w"]
            and week <= _WAITED
            and not _OF_BOOKS.search(small, max(0, match.start() - 3), match.end() + 6)
        ):
            continue
        if _MONTH_BEFORE.search(small, max(0, match.start() - 14), match.start()):
            continue  # October week 3
        if 1 <= week <= date(mail_date.year, 12, 28).isocalendar().week:
            begin = date.fromisocalendar(mail_date.year, week, 1)
            yield PeriodMark(match.start(), match.end(), begin, begin + timedelta(days=6), 3.0)


def _is_when(region: Region, start: int, end: int) -> bool:
    """Tell whether a month with its year is when something was: "updated in October 2026"."""
    small = region.lower
    return _WHEN_BEFORE.before(word_before(small, start)) or _WHEN_BEHIND.behind(word_behind(small, end))


def _speaks_of_a_period(region: Region, match: re.Match[str]) -> bool:
    before = word_before(region.lower, match.start())
    if match["m"] in _DOUBTFUL and region.folded[match.start()].islower() and before != "за":
        return False
    if before == "for" and _LEFT_FOR.before(word_before(region.lower, match.start() - len(" for"))):
        return False  # three slots left for November
    return _BEFORE.before(before) or _BEHIND.behind(word_behind(region.lower, match.end()))


def _word_months(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    places = (start for start, _ in region.hits.get(MONTH, ()))
    for match in (_WORD_MONTH.match(region.lower, start) for start in places):
        if match is None or not (match["y"] or match["m2"] or _speaks_of_a_period(region, match)):
            continue
        if match["y"] and not match["m2"] and _is_when(region, *match.span()):
            continue
        if match["m2"] and not match["y"] and _SEASON_BEFORE.before(word_before(region.lower, match.start())):
            continue  # в августе - сентябре, harvest is in October-November
        first, last = month_numbers()[match["m"]], month_numbers()[match["m2"] or match["m"]]
        year = int(match["y"]) if match["y"] else year_of_month(last, mail_date)
        if first <= last and not _is_far_ahead(year, first, mail_date):
            yield PeriodMark(match.start(), match.end(), *_months(year, first, last), 3.2)


def _is_far_ahead(year: int, month: int, mail_date: date) -> bool:
    """Tell whether a month begins so long after the mail that it is a term ("valid until March 2028")."""
    return date(year, month, 1) > mail_date + _AHEAD


def _chinese_parts(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    for match in around(_CHINESE_PART, region.lower, "月"):
        month = _chinese_month(match["m"])
        if month is not None:
            year = int(match["y"]) if match["y"] else year_of_month(month, mail_date)
            first, last = _PARTS[match["p"][:2]]
            end = month_end(year, month)
            end = end.replace(day=min(last, end.day))
            yield PeriodMark(match.start(), match.end(), date(year, month, first), end, 4.6)


def _chinese_months(region: Region, mail_date: date) -> Iterator[PeriodMark]:
    for match in around(_CHINESE_MONTH, region.lower, "月"):
        first, last = _chinese_month(match["m"]), _chinese_month(match["m2"] or match["m"])
        # 8、9月 are two months, but 3、10月 is the third item of a list.
        pair = match["m0"] is not None and int(match["m0"]) + 1 == first
        start = match.start() if pair or not match["m0"] else match.start("m")
        first = int(match["m0"]) if pair else first
        before = region.lower[max(0, match.start() - 6) : match.start()].rstrip(" ：:，的")
        behind = region.lower[match.end() : match.end() + 7]
        spoken = before.endswith(_CHINESE_BEFORE) or any(word in behind for word in _CHINESE_BEHIND)
        if not (match["f"] or match["y"] or match["m2"] or spoken or pair):
            continue
        if match["y"] and not spoken and not match["m2"] and _is_when(region, *match.span()):
            continue
        if first is None or last is None or first > last:
            continue
        year = int(match["y"]) if match["y"] else year_of_month(last, mail_date)
        if not _is_far_ahead(year, first, mail_date):
            yield PeriodMark(start, match.end(), *_months(year, first, last), 3.2)


def _chinese_month(written: str) -> int | None:
    month = int(written) if written.isdigit() else chinese_number(written)
    return month if month and 1 <= month <= 12 else None


def find_periods(region: Region, mail_date: date | None) -> list[PeriodMark]:
    """Return the named periods of a region; without a mail date there is no year to take."""
    if mail_date is None or not region.text:
        return []
    found: list[PeriodMark] = []
    if not region.signs.isdisjoint(signs.QUARTERS):
        found += _quarters(region, mail_date)
    if not region.signs.isdisjoint(signs.HALVES):
        found += _halves(region, mail_date)
    if region.has_digit:
        found += _years_and_weeks(region, mail_date)
    if MONTH in region.hits:
        found += _word_months(region, mail_date)
    if signs.CHINESE_MONTH in region.signs:
        found += [*_chinese_parts(region, mail_date), *_chinese_months(region, mail_date)]
    return found
