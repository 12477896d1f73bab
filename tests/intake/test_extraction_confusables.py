"""Numbers that look like identifiers and are none: telephones, requisites, measures, versions, laws, ...

Every sentence of `confusables.toml` is read bare and inside a letter; whatever is found there beyond the
types that its row allows counts as wrongly typed. The shapes of these rows where they are identifiers
stand in `extraction_cases.toml`.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import MailFields, extract

ROWS: dict[str, list[list[str]]] = tomllib.loads(
    (Path(__file__).parent / "confusables.toml").read_text(encoding="utf-8")
)
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Что нам делать?", "Пишем второй раз: {}, ответа нет."),
    "zh": ("{}", "您好！{}。请问怎么处理？", "我们再次来信，{}，请核实。"),
    "en": ("{}", "Hello! {}. What should we do?", "We write again, {}, please check."),
}
MOST_WRONG = 2


def _wrong(language: str, row: list[str]) -> set[str]:
    """Return what was found in a row's sentence although the row does not allow it."""
    found: set[str] = set()
    for letter in LETTERS[language]:
        fields = MailFields("", letter.format(row[0]), "", "")
        entities = extract(
            fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown"
        ).entities
        found |= {f"{entity.type}={entity.value}" for entity in entities if entity.type not in row[1:]}
    return found


def test_the_table_is_large_enough_in_every_language() -> None:
    assert sum(len(rows) for rows in ROWS.values()) >= 500
    assert all(len(rows) >= 120 for rows in ROWS.values())


def test_hardly_any_confusable_number_is_taken_for_an_identifier() -> None:
    wrong = {
        (language, row[0]): found
        for language, rows in ROWS.items()
        for row in rows
        if (found := _wrong(language, row))
    }
    assert len(wrong) <= MOST_WRONG, wrong


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
def test_a_confusable_number_beside_an_identifier_leaves_the_identifier_alone(language: str) -> None:
    order = {
        "ru": "Заказ 0124861120-0199-1. {}.",
        "zh": "订单0124861120-0199-1。{}。",
        "en": "Order 0124861120-0199-1. {}.",
    }
    for row in ROWS[language]:
        fields = MailFields("", order[language].format(row[0]), "", "")
        entities = extract(fields, mail_date=None, language=language, marketplace="ozon").entities
        assert "0124861120-0199-1" in {
            entity.value for entity in entities if entity.type == "order_number"
        }, row
