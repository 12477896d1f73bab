"""Dates and periods in three languages, each read in a mail of one day, alone and inside a letter."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import MailFields, extract
from intake.extraction.calendar_words import without_year

MAIL_DATE = date(2026, 11, 15)
ROWS: dict[str, list[list[str]]] = tomllib.loads(
    (Path(__file__).parent / "dates.toml").read_text(encoding="utf-8")
)
LETTERS = {
    "ru": ("{}", "Здравствуйте! {}. Что делать?"),
    "zh": ("{}", "您好，{}，请核实。"),
    "en": ("{}", "Hello, {}, please check."),
}


def dates_in(text: str, language: str, mail_date: date = MAIL_DATE) -> list[str]:
    fields = MailFields("", text, "", "")
    entities = extract(fields, mail_date=mail_date, language=language, marketplace="unknown").entities
    return [entity.value for entity in entities if entity.type in ("date", "period")]


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
def test_every_date_and_period_is_read_and_nothing_else(language: str) -> None:
    failures = [
        (letter.format(text), found, expected)
        for text, *expected in ROWS[language]
        for letter in LETTERS[language]
        if sorted(found := dates_in(letter.format(text), language)) != sorted(expected)
    ]
    assert not failures, failures


def test_a_year_less_date_is_the_occurrence_from_305_days_back_to_60_ahead() -> None:
    for days in range(-304, 60):
        day = date.fromordinal(MAIL_DATE.toordinal() + days)
        assert without_year(day.month, day.day, MAIL_DATE) == day


@pytest.mark.parametrize(
    ("mail_date", "text", "expected"),
    [
        (date(2026, 1, 3), "приняли 28.12", "2025-12-28"),
        (date(2026, 12, 28), "срок 15.01", "2027-01-15"),
        (date(2028, 3, 1), "приняли 29.02", "2028-02-29"),
        (date(2026, 3, 1), "приняли 29.02.2024", "2024-02-29"),
        (date(2026, 11, 2), "31 октября", "2026-10-31"),
    ],
)
def test_the_year_follows_the_mail(mail_date: date, text: str, expected: str) -> None:
    assert dates_in(text, "ru", mail_date) == [expected]


@pytest.mark.parametrize(
    "text", ["15 ноября списали 1250 руб", "5 мая 2025 г. подписали", "3 ноября переписали акт"]
)
def test_words_that_end_like_wrote_do_not_make_a_quote_head(text: str) -> None:
    assert len(dates_in(text, "ru")) == 1
