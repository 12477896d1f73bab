"""Tables of confusable numbers that were written blind, and true identifiers beside the same words.

`confusables_blind.toml` and the files `_unseen`, `_fresh`, `_later` say how many were wrong at first sight. A
sentence is read bare, inside a letter and between others; every type may be found at most as often as its row
lists it, and what stands there without brackets must be found.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import MailFields, extract
from models.records import Entity

TABLES: dict[str, dict[str, list[list[str]]]] = {
    name: table
    for part in ("blind", "unseen", "fresh", "later")
    for name, table in tomllib.loads(
        (Path(__file__).parent / f"confusables_{part}.toml").read_text(encoding="utf-8")
    ).items()
}
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Что нам делать?", "Пишем второй раз: {}, ответа нет."),
    "zh": ("{}", "您好！{}。请问怎么处理？", "我们再次来信，{}，请核实。"),
    "en": ("{}", "Hello! {}. What should we do?", "We write again, {}, please check."),
}
MOST_WRONG_OF_150 = 2


def _found(sentence: str, language: str, marketplace: str = "unknown") -> tuple[Entity, ...]:
    fields = MailFields("", sentence, "", "")
    return extract(fields, mail_date=date(2026, 11, 15), language=language, marketplace=marketplace).entities


def _is_wrong(row: list[str], language: str) -> bool:
    may = Counter(kind.strip("()") for kind in row[1:])
    must = {kind for kind in row[1:] if not kind.startswith("(")}
    for letter, marketplace in zip(LETTERS[language], ("unknown", "ozon", "wb"), strict=True):
        kinds = Counter(entity.type for entity in _found(letter.format(row[0]), language, marketplace))
        if kinds - may or not must <= kinds.keys():
            return True
    return False


@pytest.mark.parametrize("table", [name for name in TABLES if name != "positives"])
def test_confusable_numbers_written_blind_stay_untyped(table: str) -> None:
    rows = [(language, row) for language, part in TABLES[table].items() for row in part]
    wrong = [row for language, row in rows if _is_wrong(row, language)]
    assert len(wrong) <= MOST_WRONG_OF_150 * len(rows) // 150, wrong


@pytest.mark.parametrize("language", list(TABLES["positives"]))
def test_identifiers_beside_the_same_words_are_found(language: str) -> None:
    missed = [
        row
        for row in TABLES["positives"][language]
        if row[1] not in {f"{entity.type}={entity.value}" for entity in _found(row[0], language)}
    ]
    assert not missed, missed
