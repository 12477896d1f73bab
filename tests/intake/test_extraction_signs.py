"""Signs: one pass finds exactly what `sign in text` finds, whatever the text holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.extraction import signs
from intake.extraction.lexicon import load_toml
from intake.extraction.regions import read_label, read_view
from intake.extraction.secrets import find_secrets
from intake.extraction.vocabulary import all_words

LISTED = sorted({sign for row in load_toml("findings.toml")["pattern"] for sign in row["signs"]})
SINGLE = sorted(signs.STATED | signs.WITHIN | signs.HALVES | signs.OPENING | signs.MAKERS | {signs.MONTHS})
PIECES = st.sampled_from(
    [*LISTED, *SINGLE, "\ud800", "\x00", "?", "??", " ", "\n", "2", "_", "а", "月", "\U0001f600"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_signs_are_those_that_stand_in_the_text(text: str) -> None:
    for found in (all_words().scan(text)[1], signs.Signs(signs.all_signs()).find(text)):
        assert found == {sign for sign in signs.all_signs() if sign in text}


def test_overlapping_signs_are_all_found() -> None:
    assert {"secret", "key", "???", "?", "_ms"} <= all_words().scan("secretkey_ms???")[1]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("пришло за 2 дня", "за "),
        ("v12/list", "v2/"),
        ("/v2/list", "/v2/"),
        ("отчёт за 2026 год", "за 20"),
        ("не 12, а 14", " а "),
        ("а не 12", "а не "),
        ("12......", "......"),
        ("в\nтечение", "в течение"),
    ],
)
def test_a_sign_with_a_blank_or_a_digit_is_looked_for_in_the_text_itself(text: str, sign: str) -> None:
    assert (sign in all_words().scan(text)[1]) == (sign in text)


@pytest.mark.parametrize("text", ["Anna Petrova", "", "名字"])
def test_a_name_that_can_hold_no_secret_is_not_prepared(text: str) -> None:
    assert read_label("header", text).hits == {}
    assert find_secrets(read_label("header", text)) == []


def test_a_name_with_a_secret_is_read_like_a_text() -> None:
    text = "пароль: Qwerty123!"
    assert find_secrets(read_label("header", text)) == find_secrets(read_view("header", text)) != []
