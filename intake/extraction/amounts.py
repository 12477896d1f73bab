"""Sums of money: 12 450,00 руб., ¥86,412.37, 2,5 млн ₽, 1.2万卢布, 500-2000卢布.

The value is "12450.00 RUB" with two decimals. A number without a sign of a currency means roubles; such
bare numbers are judged in `bare_amounts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from intake.extraction.bare_amounts import find_bare_amounts
from intake.extraction.calendar_words import chinese_digits, chinese_number
from intake.extraction.lexicon import CJK_FROM
from intake.extraction.money import (
    MAX_MARKS,
    NUMBER,
    AmountMark,
    MoneyWords,
    amount_value,
    money,
    parse_number,
)
from intake.extraction.neighbours import word_behind, word_set
from intake.extraction.regions import Region
from intake.extraction.signs import CHINESE_FACTORS, FOREIGN_MONEY, MULTIPLIERS

_DIGITS: Final = "一二三四五六七八九十"
_TEN_THOUSANDS: Final = re.compile(
    rf"(?<![0-9{_DIGITS}百千第])(?P<n>[0-9]{{1,4}}(?:\.[0-9]{{1,2}})?|[两{_DIGITS}]{{1,2}}) ?(?P<x>[万萬千])"
    rf"(?P<h>[{_DIGITS[:-1]}])?(?:多|余|来|左右)? ?(?P<c>卢布|盧布|元|块|人民币|美元|美金)?"
    r"(?![0-9平单件人粉条次])"
)
_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10000, "萬": 10000}
_MYRIAD: Final = 10000
_NUMERALS: Final = re.compile(
    r"(?<![第一二两三四五六七八九十百千万萬零〇])(?P<n>[一二两三四五六七八九十百千万萬零〇]{3,14})"
    r"(?P<c>卢布|盧布|元|块|人民币|美元|美金)"
)
_DASHED: Final = re.compile("[0-9]-[0-9]")
_LOW: Final = re.compile(
    rf"(?<![a-zа-я])(?:от|с|from|between|从) ?(?P<n>{NUMBER}) ?(?P<x>тыс\.?|тысяч|млн|k|к|万)? ?"
    r"(?:до|по|to|and|и|到|至|-) ?(?=[0-9])"
)
_TO: Final = re.compile(r"(?:до|по|to|and|и|到|至|-) ?$")
_CENTS: Final = re.compile(r" ?(?P<c>[0-9]{2}) ?(?:коп\.?|копе[а-я]{2,3})(?![а-я])")
# Words behind "8 тыс" that name what is counted: genitive plurals, English plurals, units, anything Chinese.
_COUNTED: Final = re.compile(
    r"(?:[ое]в|[еоё]к|ей|ий|ин|ок|а[хм]|ц|ш?т|дн|лет|раз|м|км|кг|г|штук|единиц|строк|человек|просмотр\w*|показ\w*)\.?$"
    r"|^[a-z]+s$|people|[\u2e80-\uffef]"
)
# 3 тысячи 200 рублей, 1 млн 200 тыс. руб.
_TWO_UNITS: Final = re.compile(
    r"(?<![0-9.,])(?P<a>[0-9]{1,3}) ?"
    r"(?P<x>млн\.?|миллион(?:а|ов)?|тыс\.?|тысяч[аи]?|thousand|million) (?:and )?(?P<b>[0-9]{1,3})"
    r"(?: ?(?P<y>тыс\.?|тысяч[аи]?|thousand))? ?"
    r"(?P<c>₽|руб(?:\.|л[а-я]{1,2})?|р\.?|rub(?:les?)?|юан[а-я]{1,2}|yuan)(?![a-zа-я])"
)
_EQUALS: Final = re.compile(r"\s?(?:=|≈|:|за|for|per|to|/|equals|is|兑|换|等于|对)\s?")
_FOR_ONE: Final = re.compile(
    r"\s?(?:за|for|per|/|по отношению к) ?(?:1 |one |один |a )?"
    r"(?:юан|yuan|cny|rmb|доллар|dollar|usd|евро|euro|eur)(?! ?[0-9])"
)
_AMBIGUOUS: Final = frozenset({"р", "r", "刀", "块"})
_AMBIGUOUS_FACTORS: Final = frozenset({"k", "к", "тр"})
_LETTER_FACTORS: Final = frozenset({"k", "к"})
_SMALL_DIGITS: Final = 3


def _prefixed(region: Region) -> Iterator[AmountMark]:
    for match in islice(money().prefixed.finditer(region.lower), MAX_MARKS):
        number = parse_number(match["n"])
        before = region.lower[max(0, match.start() - 1) : match.start()]
        inside = before.isalpha() and before < CJK_FROM and match["c"].isalpha()
        if number is not None and not inside:
            number *= money().multiplier.get(match["x"] or "", 1)
            value = amount_value(number, money().currency[match["c"]])
            yield AmountMark(match.start(), match.end(), value, 4.4, match["c"])


def _suffixed(region: Region, words: MoneyWords) -> Iterator[AmountMark]:
    for match in islice(money().suffixed.finditer(region.lower), MAX_MARKS):
        number = parse_number(match["n"]) if match["c"] or match["x"] else None
        if number is None:
            continue
        score = 4.3 if match["c"] else _score_of_factor(words, match)
        if score == 0 or (
            match["c"] in _AMBIGUOUS and region.lower[match.end() : match.end() + 1] in ("-", "/")
        ):
            continue
        number *= money().multiplier.get(match["x"] or "", 1)
        end = match.start() + len(match[0].rstrip())
        cents = _CENTS.match(region.lower, match.end())
        if cents is not None and match["c"]:
            number, end = number + Decimal(cents["c"]) / 100, cents.end()
        value = amount_value(number, money().currency.get(match["c"] or "", "RUB"))
        yield AmountMark(match.start(), end, value, score, match["c"] or match["x"])


def _ranged(region: Region) -> Iterator[AmountMark]:
    for match in islice(money().ranged.finditer(region.lower), MAX_MARKS):
        if not match["c"] or ("." in match["low"]) != ("." in match["n"]):
            continue
        for name in ("low", "n"):
            number = parse_number(match[name])
            if number is not None:
                number *= money().multiplier.get(match["x"] or "", 1)
                end = match.end("low") if name == "low" else match.start() + len(match[0].rstrip())
                value = amount_value(number, money().currency[match["c"]])
                yield AmountMark(match.start(name), end, value, 4.5, match["c"])


def _worded_ranges(region: Region, sure: list[AmountMark]) -> Iterator[AmountMark]:
    """Yield the lower sum of "от 1000 до 2000 рублей"; `sure` holds the upper one with its currency."""
    uppers = {
        mark.start: mark for mark in sure if _TO.search(region.lower[max(0, mark.start - 4) : mark.start])
    }
    if not uppers:
        return
    for match in islice(_LOW.finditer(region.lower), MAX_MARKS):
        upper = uppers.get(match.end())
        number = parse_number(match["n"])
        if upper is not None and number:
            number *= money().multiplier.get(match["x"] or "", 1)
            value = amount_value(number, upper.value[-3:])
            yield AmountMark(match.start("n"), match.end("n"), value, 4.3, upper.word)


def _spoken(region: Region) -> Iterator[AmountMark]:
    """Yield sums in Chinese numerals: 一万二千卢布, 三百五十元."""
    for match in islice(_NUMERALS.finditer(region.lower), MAX_MARKS):
        number = _numeral(match["n"])
        if number:
            value = amount_value(Decimal(number), money().currency[match["c"]])
            yield AmountMark(match.start(), match.end(), value, 4.4, match["c"])


def _two_units(region: Region) -> Iterator[AmountMark]:
    """Yield sums in two units: 3 тысячи 200 рублей, 1 млн 200 тыс. руб."""
    for match in islice(_TWO_UNITS.finditer(region.lower), MAX_MARKS):
        factor = money().multiplier
        large = int(match["a"]) * factor[match["x"]]
        number = large + int(match["b"]) * (factor[match["y"]] if match["y"] else 1)
        value = amount_value(Decimal(number), "CNY" if match["c"][0] in "юy" else "RUB")
        yield AmountMark(match.start(), match.end(), value, 4.7, match["c"])


def _numeral(written: str) -> int:
    """Return the value of a Chinese numeral below 10 to the 8th."""
    total = part = digit = 0
    unit_before = scale = 1
    for char in written:
        unit = _UNITS.get(char)
        if unit is None:
            digit = 2 if char == "两" else chinese_digits()[char]
            scale = max(1, unit_before // 10)  # 两万五 is 25,000, 两万零五 is 20,005
        elif unit == _MYRIAD:
            total, part, digit = (total + part + digit) * unit, 0, 0
        else:
            part, digit = part + (digit or 1) * unit, 0
        unit_before = unit or 1
    return total + part + digit * scale


_PICTURES: Final = frozenset("248")  # 2K, 4K, 8K


def _score_of_factor(words: MoneyWords, match: re.Match[str]) -> float:
    """Return the score of "72 тыс" without a currency; 0.0 where it may count anything."""
    spoken = words.before(match.start())[0]
    if match["x"] in money().thousands_of_roubles:
        return 2.6
    behind = word_behind(words.text, match.end())
    if behind and not word_set("amount", "after_free").behind(behind) and _COUNTED.search(behind):
        return 0.0  # "8 тыс переходов" counts something
    if match["x"] in money().alone:
        return 2.3 if spoken or "." in match["x"] else 1.8
    towards = match["x"] == "к" and "а" <= behind[:1] <= "я" and words.text[match.end("n")] == " "
    if towards or (match["x"] in _LETTER_FACTORS and len(match["n"]) > _SMALL_DIGITS):
        return 0.0  # +12 к индексу; 4000K is a colour of light, 1147К a code of a door
    if match["x"] == "k" and match["n"] in _PICTURES and not words.before(match.start())[1]:
        return 0.0  # 27 寸 2K
    return 2.3 if spoken and match["x"] in _AMBIGUOUS_FACTORS else 0.0


def _chinese(region: Region, words: MoneyWords) -> Iterator[AmountMark]:
    for match in _TEN_THOUSANDS.finditer(region.lower):
        spoken = match["c"] is not None or words.before(match.start())[1]
        whole = Decimal(match["n"]) if match["n"][0].isascii() else _small_number(match["n"])
        if whole is None or not spoken or (match["h"] is None and match["c"] is None):
            continue
        factor = 1000 if match["x"] == "千" else 10000
        total = whole * factor + (chinese_digits()[match["h"]] * factor // 10 if match["h"] else 0)
        currency = money().currency[match["c"]] if match["c"] else "CNY"
        yield AmountMark(match.start(), match.end(), amount_value(total, currency), 4.35, match["x"])


def _small_number(written: str) -> Decimal | None:
    number = chinese_number(written.replace("两", "二"))
    return None if number is None else Decimal(number)


def _without_rates(region: Region, marks: list[AmountMark]) -> list[AmountMark]:
    """Leave out rates of exchange: 1 CNY = 10.82 ₽, 11.42 rub for 1 yuan, 11,42 рубля за юань."""
    kept = [mark for mark in marks if _FOR_ONE.match(region.lower, mark.end) is None]
    ones = [mark for mark in marks if mark.value.startswith("1.00 ")]
    rates = set()
    for one in ones:
        for other in marks:
            first, last = (one, other) if one.start < other.start else (other, one)
            gap = region.lower[first.end : last.start] if first.end <= last.start else "-"
            if one.value[-3:] != other.value[-3:] and _EQUALS.fullmatch(gap):
                rates |= {one.start, other.start}
    return [mark for mark in kept if mark.start not in rates]


def find_amounts(region: Region) -> list[AmountMark]:
    """Return every sum of money of a region; overlapping readings are left to compete."""
    chinese = not region.signs.isdisjoint(CHINESE_FACTORS)
    if not region.has_digit and not chinese:
        return []
    words = MoneyWords(region)
    if not region.has_digit:
        return [*_chinese(region, words), *_spoken(region)]
    sure = list(_suffixed(region, words))
    if money().prefix_end.search(region.near) is not None:
        sure = [*_prefixed(region), *sure]
    if _DASHED.search(region.near) is not None:
        sure += _ranged(region)
    sure += _worded_ranges(region, sure)
    if not region.signs.isdisjoint(MULTIPLIERS):
        sure += _two_units(region)
    if chinese:
        sure += [*_chinese(region, words), *_spoken(region)]
    bare = find_bare_amounts(region, words, sure)
    rated = sure and not region.signs.isdisjoint(FOREIGN_MONEY)
    return (_without_rates(region, sure) if rated else sure) + bare
