"""Identifiers, amounts and periods in sentences written before the rules were run on them.

Each sentence of `written_ids.toml` is read bare and inside a letter of its language; exactly what its row
lists must be found, as "type=value".
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import MailFields, extract

ROWS: dict[str, list[list[str]]] = tomllib.loads(
    (Path(__file__).parent / "written_ids.toml").read_text(encoding="utf-8")
)
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Помогите."),
    "zh": ("{}", "您好！{}。请处理。"),
    "en": ("{}", "Hello! {}. Please help."),
}


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
def test_exactly_what_a_sentence_names_is_found(language: str) -> None:
    failures = []
    for sentence, *expected in ROWS[language]:
        for letter in LETTERS[language]:
            fields = MailFields("", letter.format(sentence), "", "")
            entities = extract(
                fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown"
            ).entities
            found = {f"{entity.type}={entity.value}" for entity in entities}
            if found != set(expected):
                failures.append((sentence, set(expected) - found, found - set(expected)))
    assert not failures, failures
