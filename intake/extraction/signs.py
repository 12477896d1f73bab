"""Signs: short strings without which an expression cannot match, each looked for once in a text.

In goes a folded, lower-case text, out comes the set of signs that stand in it; an extractor whose signs are
absent need not search, and extractors that share a sign share its search. The answer is exact. A sign is
written as the lower-case text has it (ё as е, tab as blank), or it is never found.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from intake.extraction.lexicon import load_toml
from intake.rarest_letter import Groups, by_rarest_letter

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
OPENING: Final = frozenset({"[", "<", "{", "("})
BLANKS: Final = frozenset({"xxxx", "хххх", "____", "......", "???"})

_SETS: Final = (
    STATED, STATED_WORDS, MAKERS, COOKIE, QUERY, SCHEME, SNILS, ACCOUNT, HEADERS, COUNTED, WITHIN,
    QUARTERS, HALVES, YEARS, WEEKS, SAID_YEAR, CHINESE_FACTORS, OPENING, BLANKS,
    {JWT, BASIC, KEY_FILE, MONTHS, CHINESE_MONTH},
)  # fmt: skip


@cache
def _all() -> tuple[str, ...]:
    data = load_toml("findings.toml")
    listed = (sign for table in ("correction", "pattern") for row in data[table] for sign in row["signs"])
    return tuple(sorted({*listed, *(sign for signs in _SETS for sign in signs)}))


@cache
def _groups() -> Groups:
    return by_rarest_letter(_all())


def signs_in(lower_text: str) -> frozenset[str]:
    """Return the signs that stand in a folded, lower-case text."""
    return frozenset(
        [sign for letter, signs in _groups() if letter in lower_text for sign in signs if sign in lower_text]
    )
