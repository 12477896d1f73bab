"""Every word list that is looked for in whole texts, under the name by which its finder asks for it.

A new list is one line in `_lists`: all of them cost one pass over the text (`word_scan`), and the finder
reads `region.hits.get(NAME, ())`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from intake.extraction.lexicon import Lexicon, Words, lexicon, load_toml
from intake.extraction.signs import all_signs
from intake.extraction.word_scan import WordScan

CUE: Final = "cue"  # context words of identifiers, and the words that name a marketplace
MONEY: Final = "money"
MONTH: Final = "month"
FINDING: Final = "finding"  # wishes, risks, roles, warehouses, relative days, terms
GOODS: Final = "goods"  # talk of goods and trade
ERROR_TEXT: Final = "error text"
ERROR_WORD: Final = "error word"
ERROR_LEADS: Final = (
    "before_number", "before_letters", "before_name", "before_text", "code", "explicit", "shows",
)  # fmt: skip
BEFORE_HIDDEN: Final = "word before what must be hidden"
SUBTYPE: Final = "subtype."  # and the entity type
WORDED: Final = ("preferred_channel", "priority_stated", "business_risk", "sender_role")
SECRET_KINDS: Final = {
    "password": "password",
    "code_sure": "code",
    "code_weak": "code",
    "code_topic": "topic",
    "passport": "passport",
}


def _warehouses() -> Iterator[tuple[str, str, list[str]]]:
    data = load_toml("findings.toml")["warehouse"]
    for name, words in data["named"].items():
        yield "warehouse", name, words
    for town, words in data["towns"].items():
        yield "warehouse", town, [word + suffix for word in words for suffix in data["suffixes"]]


def _rows() -> Iterator[tuple[str, str, list[str]]]:
    """Yield (kind, value, words) of every list."""
    data, months, relative = (load_toml(f"{name}.toml") for name in ("findings", "months", "relative"))
    for kind in WORDED:
        for value, words in data[kind].items():
            yield kind, value, words
    yield from _warehouses()
    yield "strong", "", data["deadline"]["strong"]
    for kind, table in (
        ("end", data["deadline_end"]),
        ("day", months["relative_days"]),
        ("weekday", months["weekdays"]),
        ("span", relative["spans"]),
    ):
        for value, words in table.items():
            yield kind, value, words


@cache
def finding_words() -> Lexicon:
    """Return the words of findings; the role of a word is "kind.value"."""
    return Lexicon({f"{kind}.{value}": {"sure": words}} for kind, value, words in _rows())


@cache
def secret_words() -> Lexicon:
    """Return the words behind which a secret may stand; their roles are the keys of SECRET_KINDS."""
    table = load_toml("secrets.toml")["words"]
    return Lexicon([{role: {"sure": table[role]} for role in SECRET_KINDS}])


@cache
def subtype_words(kind: str) -> Lexicon | None:
    """Return the words that refine an entity type, None when it has none."""
    table = load_toml("subtypes.toml").get(kind)
    return Lexicon([{subtype: {"sure": words} for subtype, words in table.items()}]) if table else None


@cache
def all_words() -> WordScan:
    """Return the scan for every list."""
    errors = load_toml("errors.toml")["words"]
    lists = {
        CUE: lexicon().words,
        MONEY: Words(load_toml("money.toml")["words"]["before"]),
        MONTH: Words(word for names in load_toml("months.toml")["names"].values() for word in names),
        FINDING: finding_words().words,
        GOODS: Words(load_toml("neighbours.toml")["goods"]["words"]),
        ERROR_TEXT: Words(errors["phrases"]),
        ERROR_WORD: Words({word for key in ERROR_LEADS for word in errors[key]}),
        BEFORE_HIDDEN: secret_words().words,
    }
    subtypes = {kind: subtype_words(kind) for kind in load_toml("subtypes.toml")}
    return WordScan(
        lists | {SUBTYPE + kind: known.words for kind, known in subtypes.items() if known is not None},
        all_signs(),
    )


@cache
def only_secret_words() -> WordScan:
    """Return the scan for texts that are too long to be read for anything but secrets."""
    return WordScan({BEFORE_HIDDEN: secret_words().words}, all_signs())
