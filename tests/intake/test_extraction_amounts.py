"""Sums of money in three languages and three habits of writing numbers, alone and inside a letter."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import MailFields, extract

ROWS: dict[str, list[list[str]]] = tomllib.loads(
    (Path(__file__).parent / "amounts.toml").read_text(encoding="utf-8")
)
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Что делать?"),
    "zh": ("{}", "您好，{}，请核实。"),
    "en": ("{}", "Hello, {}, please check."),
}


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
def test_every_sum_is_read_and_nothing_else(language: str) -> None:
    failures = []
    for text, *expected in ROWS[language]:
        for letter in LETTERS[language]:
            fields = MailFields("", letter.format(text), "", "")
            entities = extract(
                fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown"
            ).entities
            found = [entity.value for entity in entities if entity.type == "amount"]
            if sorted(found) != sorted(expected):
                failures.append((letter.format(text), found, expected))
    assert not failures, failures


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("三千卢布整", "3000.00 RUB"),
        ("一百二十元整", "120.00 CNY"),
        ("三万零五百元", "30500.00 CNY"),
        ("两万五卢布", "25000.00 RUB"),
        ("两万零五元", "20005.00 CNY"),
        ("一千五百卢布", "1500.00 RUB"),
    ],
)
def test_chinese_numerals_are_sums(written: str, value: str) -> None:
    extraction = extract(
        MailFields("", f"扣了{written}", "", ""), mail_date=None, language="zh", marketplace="unknown"
    )
    assert [entity.value for entity in extraction.entities] == [value]
