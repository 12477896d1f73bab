"""Numbers without a currency that the words around them make money.

The form (14 900 and 1 204,00 more than 412), a word of money before or behind, a preposition and a list of
sums speak for it; a noun right behind (1 204 книги) and words for what is counted speak against it. The
weights follow a logistic regression over these features on the training mails, rounded by hand.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from intake.extraction.money import (
    MAX_MARKS,
    NUMBER,
    AmountMark,
    MoneyWords,
    amount_value,
    money,
    parse_number,
)
from intake.extraction.neighbours import word_before, word_behind, word_set
from intake.extraction.regions import Region
from intake.extraction.vocabulary import BEFORE_HIDDEN, MONEY

BAR: Final = 1.5
_MOST_OF_WORDS: Final = 3.4  # what words and place can add to the score of the form
_LIST_REACH: Final = 8
_PLAIN_SCORES: Final = {2: -0.6, 3: 0.3, 4: 0.65, 5: 0.65, 6: -0.6}  # by the number of digits
_BEFORE_WEAK: Final = word_set("amount", "before_weak")
_PRICE: Final = word_set("amount", "price")
_BEFORE_COUNT: Final = word_set("amount", "before_count")
_SHOWN: Final = word_set("amount", "shown")
_UNITS: Final = word_set("quantity", "units")
_AFTER_FREE: Final = word_set("amount", "after_free")
_PLAIN: Final = re.compile(
    rf"(?P<n>{NUMBER})(?![0-9])(?![.,:/-][0-9])"
    r"(?![-_][a-zа-я0-9])(?! ?[x×х*] ?[0-9])"
)
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:[ ,][0-9]{3})+(?:[.,][0-9]{2})?")
_SEPARATED: Final = re.compile(r"[0-9][ .,'][0-9]")
_CENTS_FORM: Final = re.compile(r"[.,][0-9]{2}$")
_NAMED_CURRENCY: Final = re.compile(r"(?<![a-z])(rub|cny|usd|eur|руб|卢布|人民币)(?![a-z])\D{0,14}$")
# 20000 pcs instead of 1800: what is set against a count is a count.
_COUNT_BEFORE: Final = re.compile(
    r"[0-9] ?(?P<unit>[a-zа-я]{1,12}|[\u4e00-\u9fff])[ ,]{0,2}"
    r"(?:instead of|not|against|out of|вместо|против|а не|из|，?而不是|，?不是|，?实际(?:只有)?) ?$"
)
_BY_FORM: Final = "form"
_SET_AGAINST: Final = frozenset({_BY_FORM, "вместо", "instead of"})  # 60337 instead of 42115: anything
_COUNT_REACH: Final = 32
_SET_REACH: Final = 32
# "118,240 rows and the export stops at 65,536": a sentence that counts goes on counting.
_COUNTED_BEFORE: Final = re.compile(r"[0-9][ ,][0-9]{3} (?P<unit>[a-zа-я]{2,12})(?:\.,)?[^.!?\n]{0,50}$")
_COUNT_CUES: Final = 2
_CLAUSE_END: Final = re.compile(r"[.;!?\n。；！？]")
_SENTENCE_REACH: Final = 70
_CODE_IN_HALVES: Final = re.compile("[0-9]{3} [0-9]{3}")  # the code has come: 804 117
_TAKEN: Final = ("罚", "扣")
_COMMA_DECIMAL: Final = re.compile("[0-9]{1,2},[0-9]{3}")
_CYRILLIC: Final = re.compile("[а-я]{2}")
_FACTOR: Final = re.compile("[0-9][\u4e00-\u9fff]? ?[x×х*] ?$")
_EQUALS: Final = re.compile(" ?= ?[0-9]")
_PER_ONE: Final = re.compile("一[\u4e00-\u9fff]|[\u4e00-\u9fff]{0,3}费")  # 2 300 一盏, 2 150 广告费
_LISTED: Final = re.compile(r"\s?(?:[₽,，;|/→+=-]|и|and|or|или|руб\.?|р\.?|на|to|vs|和|、)?\s?[|,]?\s{0,3}")


def _form_score(written: str) -> float:
    """Return how much the number's form alone looks like money."""
    if written[0] == "0":
        return -2.0  # 007, and 0,385 of a weight, which groups no thousands
    if written.isdigit():
        return _PLAIN_SCORES.get(len(written), -2.0)
    digits = sum(char.isdigit() for char in written)
    cents = _CENTS_FORM.search(written) is not None
    if _GROUPED.fullmatch(written):
        return 2.6 if cents else 1.5 if digits <= 7 else -0.2
    if "." in written or "," in written:
        return 1.2 if cents and digits >= 5 and " " not in written else -1.2
    return _PLAIN_SCORES.get(digits, -2.0)


def _is_counted(before: re.Match[str] | None) -> bool:
    """Tell whether the number that another is set against counts things, not money."""
    return before is not None and _is_unit(before["unit"])


def _is_unit(word: str) -> bool:
    """Tell whether a word names what is counted or measured, and no currency."""
    return word.rstrip(".") not in money().currency and _UNITS.behind(word)


def _tells_count(region: Region, start: int) -> bool:
    """Tell whether what the clause counts stands before the number: 浏览量 25310, остатков было 20418."""
    for cue in region.cues_before(start, _COUNT_CUES):
        if start - cue.end <= _COUNT_REACH and any(item.role == "none.count" for item in cue.sense.meanings):
            counted = (
                region.lower[max(0, cue.start - 2) : cue.start].strip()[-1:].isdigit()
            )  # 48 штук по 3 150
            return not counted and _CLAUSE_END.search(region.lower, cue.end, start) is None
    return False


def _score(
    region: Region, words: MoneyWords, span: tuple[int, int], score: float, *, listed: bool
) -> tuple[float, str]:
    """Return the score of a number whose form gives `score`, and the word that spoke for it."""
    start, end = span
    word, close = words.before(start)
    said = (1.2 if _PRICE.before(word) else 0.9) if word and close else 0.35 if word else 0.0
    if score + said + 1.3 + 1.2 * listed < BAR:
        return score, ""
    before, behind = word_before(region.lower, start), word_behind(region.lower, end)
    score += said
    if before != word and _BEFORE_WEAK.before(before):
        score += 0.4
    counted = _COUNT_BEFORE.search(region.lower, max(0, start - _COUNT_REACH), start)
    factor = _FACTOR.search(region.lower, max(0, start - 6), start) is not None
    if factor and (word or behind.startswith(_TAKEN) or _EQUALS.match(region.lower, end)):
        score += 0.4 * (word == "")  # fined 6 × 2 500 = 15 000: a price by its place
    elif _BEFORE_COUNT.before(before) or _is_counted(counted) or _tells_count(region, start):
        score -= 1.2
    elif not _PRICE.before(word):
        rows = _COUNTED_BEFORE.search(region.lower, max(0, start - _SENTENCE_REACH), start)
        score -= (1.2 if _SHOWN.before(word) else 0.6) * _is_counted(rows)
    if region.lower[max(0, start - 1) : start] == '"' == region.lower[end : end + 1]:
        score -= 1.2  # a title
    if listed:
        score += 1.2
    if money().behind.match(behind) or _PER_ONE.match(behind):
        score += 0.9
    elif behind and not _AFTER_FREE.behind(behind) and region.lower[end : end + 2].lstrip()[:1] != '"':
        # A name in quotes behind is no noun that was counted, and behind a price hardly any noun is.
        governed = close and _PRICE.before(word) and not _UNITS.behind(behind)
        score -= 1.0 if governed else 1.3
    elif not behind:
        score += 0.15
    return score, word or _BY_FORM


def _is_no_sum(region: Region, start: int, written: str, *, may_hide: bool) -> bool:
    """Tell whether a number in a text without money is a code or, in Russian, a decimal (взвесили: 1,204)."""
    if may_hide and _CODE_IN_HALVES.fullmatch(written):
        return True
    decimal = _COMMA_DECIMAL.fullmatch(written) is not None
    return decimal and _CYRILLIC.search(region.lower, max(0, start - _COUNT_REACH), start) is not None


def _is_shown(word: str) -> bool:
    """Tell whether nothing but the form, or a word of a screen, made a number a sum."""
    return word == _BY_FORM or _SHOWN.before(word)


def find_bare_amounts(region: Region, words: MoneyWords, sure: list[AmountMark]) -> list[AmountMark]:
    """Return the sums without a currency; `sure` are the ones that have one, for lists and the currency."""
    currency = "CNY" if {mark.value[-3:] for mark in sure} == {"CNY"} else "RUB"
    ends = {mark.end for mark in sure}
    found: list[AmountMark] = []
    counts: set[str] = set()  # numbers behind which something that is counted stands
    last_end = last_number = -_LIST_REACH - 1
    silent = not sure and MONEY not in region.hits  # then digits alone are no money, whatever their place
    if silent and _SEPARATED.search(region.near) is None:
        return found
    may_hide = silent and BEFORE_HIDDEN in region.hits
    for match in islice(_PLAIN.finditer(region.lower), MAX_MARKS):
        span, written, word = match.span(), match[0], ""
        start, end = span
        if silent and (written.isdigit() or _is_no_sum(region, start, written, may_hide=may_hide)):
            continue
        score = _form_score(written)
        if score + _MOST_OF_WORDS >= BAR:
            near = 0 < start - last_end <= _LIST_REACH
            listed = near and _LISTED.fullmatch(region.lower, last_end, start) is not None
            score, word = _score(region, words, span, score, listed=listed)
        if word in _SET_AGAINST and written.isdigit():
            if not sure and not words.any:
                continue  # nothing in the mail speaks of money
            if word != _BY_FORM and last_end < last_number and 0 < start - last_number <= _SET_REACH:
                continue  # 1711 came instead of 1117: the one was no sum, so the other is none
        last_number = end
        if word and score < BAR and not written.isdigit() and _is_unit(word_behind(region.lower, end)):
            counts.add(written)
        number = parse_number(written) if score >= BAR else None
        if number:
            last_end = end
            named = _NAMED_CURRENCY.search(region.lower[max(0, start - 16) : start])
            code = money().currency[named[1]] if named else currency
            found.append(AmountMark(start, end, amount_value(number, code), min(score, 3.0), word))
        elif end in ends:
            last_end = end
    # What only its form made a sum is none where the same number counts things: 2 380套.
    return [
        mark
        for mark in found
        if not _is_shown(mark.word) or region.lower[mark.start : mark.end] not in counts
    ]
