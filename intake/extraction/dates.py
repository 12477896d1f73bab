"""Dates as ru, zh and en mails write them; ranges of them are left to `periods`.

Every way of writing becomes a `DateMark`: a day, month and year of which the last two may be missing, or
two of them when the writing itself is a range ("12-15 ноября", 10月1日至15日). Dates in digits alone are
found by `numeric_dates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Final

from intake.extraction.calendar_words import (
    around,
    chinese_number,
    full_year,
    month_numbers,
    month_pattern,
)
from intake.extraction.date_marks import MAX_MARKS, DateMark
from intake.extraction.lexicon import CJK_FROM
from intake.extraction.neighbours import word_before, word_set
from intake.extraction.numeric_dates import Plausible, find_numeric_dates
from intake.extraction.regions import Region
from intake.extraction.signs import CHINESE_MONTH, SAID_YEAR
from intake.extraction.vocabulary import MONTH

_MONTH: Final = month_pattern()
_ORDINAL: Final = r"(?:-?(?:го|ое|е|го\b|st|nd|rd|th))?"
_SAME_MONTH: Final = r"\s?(?:-|по|до|to|and|till|until|и|&)\s?"
_DAY_MONTH: Final = re.compile(
    rf"(?<![0-9.,/:])(?:(?P<d0>[0-9]{{1,2}}){_ORDINAL}(?P<by>{_SAME_MONTH}))?(?P<d>[0-9]{{1,2}}){_ORDINAL}"
    rf"[\s-]?(?:of )?(?P<m>{_MONTH})(?![a-zа-я])(?:\.?(?:,? |-|\s)(?P<y>20[0-9]{{2}})(?![0-9]))?"
)
_MONTH_DAY: Final = re.compile(
    rf"(?P<m>{_MONTH})(?:\.? )(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9:.,]?[0-9])"
    rf"(?:\s?(?:-|to|till)\s?(?P<d2>[0-9]{{1,2}})(?![0-9:]|\.[0-9]))?(?:,? (?P<y>20[0-9]{{2}})(?![0-9]))?"
)
_CHINESE: Final = re.compile(
    r"(?:(?P<y>20[0-9]{2}) ?年 ?)?(?<![0-9.])(?P<m>1[0-2]|0?[1-9]) ?月 ?(?P<d>[0-9]{1,2})"
    r"(?![0-9个月.]| [0-9]{3})(?: ?[日号號])?(?: ?(?:至|到|-|~) ?(?P<d2>[0-9]{1,2}) ?[日号號])?"
)
_CHINESE_WORDS: Final = re.compile(
    r"(?:(?P<y>[〇零一二三四五六七八九]{4})年)?(?P<m>[一二三四五六七八九十]{1,2})月(?P<d>[一二三四五六七八九十]{1,3})[日号號]"
)
_DAY_ONLY: Final = re.compile(
    r"(?<![0-9.,:/-])(?P<d>[12]?[0-9]|3[01])-?(?:го|ого)(?![а-я])"
    r"|(?<![0-9.:/年月街路道巷岗门栋楼座桌房层排厅柜棚院馆区村窗盘位床台口机室席-])"
    r"(?<![街路道盘位床台口机室席排区栋楼座门柜桌窗] )"
    r"(?P<z>[12]?[0-9]|3[01]) ?[号號]"
    r"(?![楼店仓线门机厅车柜码铺台室库院月场单托座文馆桌窗馆站圈针])"
)

# What a sentence goes on with behind a day (10号之前, 12号发货). Any other character begins what is numbered
# (17号扳手, 4号棒针), unless a date beside it tells the month.
_AFTER_DAY: Final = frozenset(
    "的之前后起到至晚早上下中凌半夜当就才还又已我你他她它们在从开始提买卖付打给通说回改交出进查登没不被有是也都一发收签送入"
    "退扣预约客系仓商快司订取今明昨和或跟与及以因请那这最再要会能可突左右写问报申投审批转存补删录寄结算装卖生公星周年"
    "清关停恢涨降变拍做完为对应等让用把将显页您贵卸该了领换贴拉找丢连，。、；：！？（）"
)
_AFTER_PHRASE: Final = "，。、；：！？,.;"
_LATIN_BEFORE: Final = re.compile("[a-z] ?$")
_DAY_WORD: Final = re.compile("[0-9](?:-?о?го| ?[号號])")
_NIGHT: Final = re.compile(r"(?:night of|night from|ноч[ьи]ю?) (?:с |the )?$")
_DAY_REACH: Final = 24  # the longest "12th until 15th of " before a month
_YEAR_REACH: Final = 8  # "., 2026" behind it, and one more character
_YEAR_SAID: Final = re.compile(
    r"\s?(?:of )?(прошлого|минувшего|этого|текущего|следующего|last|this|next|去年|前年|今年|明年)"
    r"(?: года?| year|的?$)"
)
_YEAR_SHIFTS: Final = {
    "про": -1, "мин": -1, "эт": 0, "это": 0, "тек": 0, "сле": 1, "las": -1, "thi": 0, "nex": 1,
    "去年": -1, "前年": -2, "今年": 0, "明年": 1,
}  # fmt: skip
_SAME_STORY: Final = 160  # characters between a bare day and the date whose month it shares


def _year(match: re.Match[str]) -> int | None:
    return full_year(match["y"]) if match["y"] else None


def _days_before(text: str, months: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield days with a month behind; only the characters around month names are searched."""
    reached = 0
    for start, end in months:
        match = _DAY_MONTH.search(text, max(reached, start - _DAY_REACH), end + _YEAR_REACH)
        if match is not None and match.start("m") <= start:
            reached = match.end()
            yield match


def _worded(region: Region) -> Iterator[DateMark]:
    months = region.hits.get(MONTH)
    if not months:
        return
    for match in islice(_days_before(region.lower, months), MAX_MARKS):
        month, year, day = month_numbers()[match["m"]], _year(match), int(match["d"])
        if match["d0"] and match["by"].strip() in ("и", "and", "&") and not _between(region, match.start()):
            yield DateMark(match.start("d"), match.end(), (year, month, day))
        elif match["d0"]:
            first = (year, month, int(match["d0"]))
            if _NIGHT.search(region.lower[max(0, match.start() - 14) : match.start()]):
                yield DateMark(match.start("d"), match.end(), (year, month, day))
            else:
                yield DateMark(match.start(), match.end(), first, (year, month, day), score=4.5)
        else:
            yield DateMark(match.start("d"), match.end(), (year, month, day))
    for start, _ in months[:MAX_MARKS]:
        if not region.lower[start].isascii():  # "5 ноября. 2 недели" is no November 2
            continue
        found = _MONTH_DAY.match(region.lower, start)
        if found is not None:
            month, year = month_numbers()[found["m"]], _year(found)
            last = (year, month, int(found["d2"])) if found["d2"] else None
            yield DateMark(start, found.end(), (year, month, int(found["d"])), last)


def _between(region: Region, start: int) -> bool:
    return region.lower[max(0, start - 10) : start].rstrip().endswith(("between", "между"))


def _chinese(region: Region) -> Iterator[DateMark]:
    for match in islice(around(_CHINESE, region.lower, "月"), MAX_MARKS):
        month, year = int(match["m"]), _year(match)
        last = (year, month, int(match["d2"])) if match["d2"] else None
        end = len(match[0].rstrip()) + match.start()
        yield DateMark(match.start(), end, (year, month, int(match["d"])), last, kind="chinese")
    for match in around(_CHINESE_WORDS, region.lower, "月"):
        spoken = [chinese_number(match[name]) if match[name] else None for name in ("y", "m", "d")]
        if spoken[1] is not None and spoken[2] is not None:
            yield DateMark(match.start(), match.end(), (spoken[0], spoken[1], spoken[2]), kind="chinese")


def _day_only(region: Region) -> Iterator[DateMark]:
    if not ("го" in region.near or "号" in region.near or "號" in region.near):
        return
    if _DAY_WORD.search(region.near) is None:
        return
    for match in islice(_DAY_ONLY.finditer(region.lower), MAX_MARKS):
        before = word_before(region.lower, match.start())
        kind = "since" if word_set("date", "since").before(before) else "day"
        behind = region.lower[match.end() : match.end() + 1]
        if match["z"] and behind >= CJK_FROM and behind not in _AFTER_DAY:
            kind = "numbered"
        if (
            match["z"]
            and behind in _AFTER_PHRASE
            and _LATIN_BEFORE.search(region.lower, max(0, match.start() - 3), match.start())
        ):
            kind = "numbered"  # 润滑脂NLGI 2号，
        yield DateMark(
            match.start(), match.end(), (None, None, int(match["d"] or match["z"])), None, 1.8, kind
        )


def _fill_months(region: Region, marks: list[DateMark]) -> list[DateMark]:
    """Give a bare day ("16-го") the month of the date written before it, else of the first behind it."""
    filled = []
    known: DateMark | None = next((mark for mark in marks if mark.first[1] is not None), None)
    for mark in marks:
        if mark.first[1] is not None:
            known = mark
        elif (
            known is not None and known.first[1] is not None and abs(mark.start - known.start) <= _SAME_STORY
        ):
            year, month, _ = known.last or known.first
            if region.lower[max(0, mark.start - 4) : mark.start].rstrip().endswith(("上个月", "上月")):
                year, month = None, None
            filled.append(mark._replace(first=(year, month, mark.first[2])))
            continue
        if mark.first[1] is not None or mark.kind != "numbered":
            filled.append(mark)
    return filled


def _with_said_years(region: Region, marks: list[DateMark], mail_date: date) -> list[DateMark]:
    """Give "20 декабря прошлого года" and 去年12月20日 the year that they name by a word."""
    if region.signs.isdisjoint(SAID_YEAR):
        return marks
    return [_with_said_year(region, mark, mail_date.year) for mark in marks]


def _with_said_year(region: Region, mark: DateMark, year: int) -> DateMark:
    if mark.first[0] is not None:
        return mark
    said = _YEAR_SAID.match(region.lower, mark.end) or _YEAR_SAID.search(
        region.lower[max(0, mark.start - 3) : mark.start]
    )
    shift = _YEAR_SHIFTS.get(said[1][:3]) if said is not None else None
    if shift is None:
        return mark
    first = (year + shift, *mark.first[1:])
    return mark._replace(first=first, last=(year + shift, *mark.last[1:]) if mark.last else None)


def find_dates(region: Region, language: str, mail_date: date | None, plausible: Plausible) -> list[DateMark]:
    """Return every written date of a region in reading order, overlaps resolved for the longest.

    `plausible` says how likely a bare "18.11" at [start, end) is a date; 0 or less means that it is none.
    """
    marks: list[DateMark] = []
    if region.has_digit:
        marks = [*_worded(region), *_day_only(region)]
    if region.digits:
        marks += find_numeric_dates(region, language, mail_date, plausible)
    if CHINESE_MONTH in region.signs:
        marks += _chinese(region)
    if not marks:
        return marks
    marks.sort(key=lambda mark: (mark.start, -mark.end))
    kept: list[DateMark] = []
    for mark in marks:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
        elif mark.end - mark.start > kept[-1].end - kept[-1].start:
            kept[-1] = mark
    kept = _fill_months(region, [mark for mark in kept if 1 <= mark.first[2] <= 31])
    return kept if mail_date is None else _with_said_years(region, kept, mail_date)
