"""The vocabulary of money (`data/money.toml`) compiled once, and numbers in the three writing habits.

`12 450,00` (ru), `86,412.37` (en, zh) and `1.234,50` (de, tr) are read alike: of two kinds of separator the
last is the decimal one, a single one is decimal when one or two digits follow it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from intake.extraction.lexicon import Words, either, load_toml
from intake.extraction.regions import Region
from intake.extraction.vocabulary import MONEY

MAX_VALUE: Final = Decimal(10) ** 12
MAX_MARKS: Final = 600  # numbers of one field that are looked at
_REST: Final = r"(?:[0-9]{0,2}(?:[ .,'][0-9]{3}){1,4}|[0-9]{0,8})(?:[.,][0-9]{1,2}(?![0-9]))?"
# A number that does not start inside another number, a word or a code.
_FIRST: Final = "[0-9](?<![0-9a-z_].)(?<![0-9][.,:/-].)(?<![a-z][-_/].)"
NUMBER: Final = _FIRST + _REST
_REACH: Final = 24
_BREAK: Final = re.compile(r"[.!?;。！？]\s|\n\n")
_CLOSE: Final = re.compile(
    r"\s?(?:[a-zа-я]{1,3}|only|целых|ровно|around|approx|roughly|about|аж|whole|of|was|is"
    r"|у (?:меня|нас)|стала?|была?|было|всего|сейчас|теперь|it is|are|been)?[\s:：=-]{0,3}"
)


_COMPARES: Final = frozenset(
    {"вместо", "instead of", "минус", "плюс", "minus", "plus"}
)  # money or anything else


class AmountMark(NamedTuple):
    """A written sum; `word` is the currency or the word that made it one."""

    start: int
    end: int
    value: str
    score: float
    word: str


@dataclass(frozen=True, slots=True)
class Money:
    """The compiled vocabulary: currency sign or word -> ISO 4217 code, multiplier word -> factor."""

    suffixed: re.Pattern[str]
    ranged: re.Pattern[str]  # 500-2000卢布: two sums with one currency
    prefixed: re.Pattern[str]
    prefix_end: re.Pattern[str]  # what every prefixed sum holds: the end of a sign and a digit
    currency: dict[str, str]
    multiplier: dict[str, int]
    behind: Words
    alone: frozenset[str]  # multipliers that make money without a currency
    thousands_of_roubles: frozenset[str]  # "45 т.р." says its currency


def _not_behind_digits(words: Iterable[str]) -> str:
    """Return an expression for words behind no digit; it begins with their letters, which are found fast."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(f"{word}(?<![0-9]{word})" for word in map(re.escape, longest_first))


@cache
def money() -> Money:
    """Return the vocabulary of money."""
    data: dict[str, Any] = load_toml("money.toml")
    currency = {word: code for code, words in data["currencies"].items() for word in words}
    prefixes = {word: code for code, words in data["prefixes"].items() for word in words}
    multiplier = {word: int(factor) for factor, words in data["multipliers"].items() for word in words}
    factor = either(multiplier)
    firsts = "".join(sorted({re.escape(word[0]) for word in (*currency, *multiplier, "(")}))
    words = (
        rf"(?:(?P<x>{factor})(?![a-zа-яіїәғқңөұүһ0-9]) ?)?(?:(?:{either(data['adjectives']['words'])}) )?"
        rf"(?:(?P<c>{either(currency)})(?![a-zа-яіїәғқңөұүһ0-9]|-[a-zа-я]))?"
    )
    # Atomic: what is left of a number when its end is given up is followed by a digit or a separator.
    suffixed = rf"(?P<n>{_FIRST}(?>{_REST}))(?= ?[{firsts}])(?: ?\([^()\n]{{3,90}}\))? ?{words}"
    ranged = rf"(?P<low>{NUMBER})-(?P<n>[0-9]{_REST})(?= ?[{firsts}]) ?{words}"
    prefixed = (
        rf"(?P<c>{_not_behind_digits(prefixes)}) ?¥?(?P<n>[0-9]{_REST})(?: ?(?P<x>{factor})(?![a-zа-я0-9]))?"
        r"(?![0-9])"
    )
    ends = "".join(sorted({re.escape(word[-1]) for word in prefixes}))
    return Money(
        suffixed=re.compile(suffixed),
        ranged=re.compile(ranged),
        prefixed=re.compile(prefixed),
        prefix_end=re.compile(f"[{ends}] ?¥?[0-9]"),
        currency=currency | prefixes,
        multiplier=multiplier,
        behind=Words(data["words"]["behind"]),
        alone=frozenset(data["money_multipliers"]["words"]),
        thousands_of_roubles=frozenset(data["money_multipliers"]["roubles"]),
    )


def parse_number(written: str) -> Decimal | None:
    """Return the value of digits with separators in any of the three habits; None when it is too large."""
    compact = written.replace(" ", "").replace("'", "")
    comma, dot = compact.rfind(","), compact.rfind(".")
    decimal = max(comma, dot)
    if min(comma, dot) < 0 <= decimal:
        repeated = compact.count(compact[decimal]) > 1
        if repeated or len(compact) - decimal - 1 == 3:
            decimal = -1
    whole = re.sub(r"[.,]", "", compact[:decimal] if decimal >= 0 else compact)
    value = Decimal(f"{whole}.{compact[decimal + 1 :] if decimal >= 0 else 0}")
    return value if value <= MAX_VALUE else None


def amount_value(number: Decimal, currency: str) -> str:
    """Return the value in the form of the corpus, e.g. "12450.00 RUB"."""
    return f"{number:.2f} {currency}"


class MoneyWords:
    """The words of money of one region, found once."""

    def __init__(self, region: Region) -> None:
        self.text = region.lower
        self._found = region.hits.get(MONEY, ())
        self._ends = [end for _, end in self._found]

    @property
    def any(self) -> bool:
        """Whether the region holds a word of money."""
        return any(self.text[start:end] not in _COMPARES for start, end in self._found)

    def before(self, start: int) -> tuple[str, bool]:
        """Return the nearest word before `start` in its sentence, and whether it stands close to it."""
        index = bisect_right(self._ends, start) - 1
        if index < 0 or start - self._ends[index] > _REACH:
            return "", False
        first, end = self._found[index]
        gap = self.text[end:start]
        if _BREAK.search(gap):
            return "", False
        return self.text[first:end], len(gap) <= 4 or _CLOSE.fullmatch(gap) is not None
