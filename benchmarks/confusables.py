"""How many confusable numbers are typed wrongly, with all words and without those of `[none]`.

Reads the tables of `tests/intake/confusables*.toml`; a sentence is wrong when a type is found in it, bare or
in a letter, that its row does not allow. Without the words that name numbers which are no identifiers only
the mechanisms are left (labels by their form, the word right before a number, talk of goods), so the second
row tells what a kind of number meets that stands in no list. Synthetic data.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from intake.extraction import MailFields, extract
from intake.extraction.lexicon import lexicon, load_toml
from intake.extraction.vocabulary import all_words

TABLES = Path(__file__).parents[1] / "tests" / "intake"
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Что нам делать?"),
    "zh": ("{}", "您好！{}。请问怎么处理？"),
    "en": ("{}", "Hello! {}. What should we do?"),
}
MAIL_DATE = date(2026, 11, 15)


def run(_rounds: int) -> list[dict[str, Any]]:
    """Return one row per table and vocabulary; nothing is timed, so one round is enough."""
    with_words = _wrong()
    for language in ("ru", "zh", "en", "none"):
        _forget(load_toml(f"words_{language}.toml"))
    lexicon.cache_clear()
    all_words.cache_clear()
    without = _wrong()
    return [
        {"table": name, "sentences": count, "wrong": wrong, "wrong_without_none_words": without[name][1]}
        for name, (count, wrong) in with_words.items()
    ]


def _forget(table: dict[str, Any]) -> None:
    for role in [role for role in table if role.partition(".")[0] == "none"]:
        del table[role]


def _wrong() -> dict[str, tuple[int, int]]:
    """Return table -> (sentences, wrong ones)."""
    found: dict[str, tuple[int, int]] = {}
    for name, language, row in _rows():
        count, wrong = found.get(name, (0, 0))
        found[name] = (count + 1, wrong + _is_wrong(row, language))
    return found


def _rows() -> Iterator[tuple[str, str, list[str]]]:
    for path in sorted(TABLES.glob("confusables*.toml")):
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(table, list):  # the first table, one list a language
                yield from ((path.stem, name, row) for row in table)
            elif name != "positives":
                yield from (
                    (f"{path.stem} {name}", language, row) for language in table for row in table[language]
                )


def _is_wrong(row: list[str], language: str) -> bool:
    allowed = {kind.strip("()") for kind in row[1:]}
    for letter in LETTERS[language]:
        fields = MailFields("", letter.format(row[0]), "", "")
        read = extract(fields, mail_date=MAIL_DATE, language=language, marketplace="unknown")
        if Counter(entity.type for entity in read.entities).keys() - allowed:
            return True
    return False
