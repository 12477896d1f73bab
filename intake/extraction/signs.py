"""Signs: short strings without which an expression cannot match, each looked for once in a text.

In goes a folded, lower-case text, out comes the set of signs that stand in it; an extractor whose signs are
absent need not search, and extractors that share a sign share its search. The answer is exact. A sign is
written as the lower-case text has it (ё as е, tab as blank), or it is never found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from intake.extraction.lexicon import load_toml
from intake.rarest_letter import by_rarest_letter

# Secrets: names that state one, what a maker's key begins with, what headers and addresses hold.
STATED: Final = frozenset({"pass", "pwd", "token", "secret", "key", "csrf"})
STATED_WORDS: Final = frozenset({"токен", "ключ", "секрет", "令牌", "密钥", "秘钥", "金鑰"})
MAKERS: Final = frozenset({"akia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", ":aa", "xox", "ya29"})
COOKIE: Final = frozenset({"cookie"})
QUERY: Final = frozenset({"?", "&", "#"})
SCHEME: Final = frozenset({"://"})
SNILS: Final = frozenset({"снилс"})
ACCOUNT: Final = frozenset({"р/с", "счет", "account", "账", "帐"})
HEADERS: Final = frozenset({"authoriz", "bearer", "secret", "token", "key", "session", "cookie", "sessid"})
JWT: Final = "eyj"
BASIC: Final = "basic"
KEY_FILE: Final = "private key-----"
# Days, periods and terms told in words.
COUNTED: Final = frozenset({"назад", "ago", "через", "in ", "前", "后", "後"})
WITHIN: Final = frozenset({"в течение", "within", "осталось", "остается", "left", "内", "剩", "через", "за "})
QUARTERS: Final = frozenset({"кв", "q", "季度"})
HALVES: Final = frozenset({"полов", "полуг", "half", "半年", "h1", "h2"})
YEARS: Final = frozenset({"гг.", "年度", "за 20"})
MONTHS: Final = "мес"
WEEKS: Final = frozenset({"недел", "周", "week", "cw", "kw"})
SAID_YEAR: Final = frozenset({"года", "year", "年"})
CHINESE_MONTH: Final = "月"
# Sums of money and what a template left open.
CHINESE_FACTORS: Final = frozenset({"万", "萬", "千", "百"})
MULTIPLIERS: Final = frozenset({"тыс", "млн", "милл", "thousand", "million"})
FOREIGN_MONEY: Final = frozenset(
    {"юан", "yuan", "cny", "rmb", "доллар", "dollar", "usd", "евро", "euro", "eur"}
    | {"¥", "￥", "$", "€", "元", "人民币"}
)
OPENING: Final = frozenset({"[", "<", "{", "("})
BLANKS: Final = frozenset({"xxxx", "хххх", "____", "......", "???"})

_SETS: Final = (
    STATED, STATED_WORDS, MAKERS, COOKIE, QUERY, SCHEME, SNILS, ACCOUNT, HEADERS, COUNTED, WITHIN,
    QUARTERS, HALVES, YEARS, WEEKS, SAID_YEAR, CHINESE_FACTORS, MULTIPLIERS, FOREIGN_MONEY, OPENING, BLANKS,
    {JWT, BASIC, KEY_FILE, MONTHS, CHINESE_MONTH},
)  # fmt: skip


_DIGITS: Final = str.maketrans("123456789", "000000000")
_PLAIN: Final = re.compile("[^ 0-9]+")


@cache
def all_signs() -> frozenset[str]:
    """Return every sign that an extractor asks for."""
    data = load_toml("findings.toml")
    listed = (sign for table in ("correction", "pattern") for row in data[table] for sign in row["signs"])
    return frozenset({*listed, *(sign for signs in _SETS for sign in signs)})


class Signs:
    """Signs that are looked for together, in texts or in what stands between their blanks."""

    def __init__(self, signs: Iterable[str]) -> None:
        self.listed = tuple(sorted(signs))
        self._groups = by_rarest_letter(self.listed)
        cores: dict[str, list[str]] = {}  # what a piece must hold -> signs
        for sign in signs:
            cores.setdefault(max(sign.split(" "), key=len).translate(_DIGITS), []).append(sign)
        self._cores = cores
        self._by_letter = by_rarest_letter(cores)

    def find(self, lower_text: str) -> frozenset[str]:
        """Return the signs that stand in a folded, lower-case text."""
        return frozenset(
            [
                sign
                for letter, signs in self._groups
                if letter in lower_text
                for sign in signs
                if sign in lower_text
            ]
        )

    def of_piece(self, outline: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the signs that stand in a piece without blanks, and those that may.

        Every digit of the piece is written 0. A sign with a blank or a digit in it can only be seen in the
        text itself.
        """
        found = [
            sign
            for letter, cores in self._by_letter
            if letter in outline
            for core in cores
            if core in outline
            for sign in self._cores[core]
            if _may_hold(outline, core, sign)
        ]
        sure = frozenset(sign for sign in found if _PLAIN.fullmatch(sign))
        return sure, frozenset(found) - sure


def _may_hold(outline: str, core: str, sign: str) -> bool:
    """Tell whether a piece that holds the longest word of a sign may be that word of it."""
    if " " not in sign:
        return True
    before, _, behind = sign.translate(_DIGITS).partition(core)
    return (not before or outline.startswith(core)) and (not behind or outline.endswith(core))
