"""What rules a search out early never rules out a find, and quick look-ups find what slow ones do."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.extraction.lexicon import load_toml
from intake.extraction.neighbours import word_before
from intake.extraction.numerals import kinds_of_digits, near_digits
from intake.extraction.shapes import match_text
from intake.rarest_letter import by_rarest_letter

TEXTS = st.text(alphabet="0123456789 ./-:abзоo年月№\n(«", max_size=60)
TOKENS = st.from_regex(r"[0-9A-Z]{1,6}[-_/.]?[0-9]{1,14}(?:[-.][0-9A-Za-zФЗ]{1,9}){0,2}", fullmatch=True)
_WORD_AND_SIGNS = re.compile(r"([^\s0-9(),，;；:：！？。、\"'\[\]<>|/]+)[\s:：(\"'>№#~-]{0,3}$")


@given(TEXTS)
def test_what_stands_around_digits_holds_every_kind_of_them(text: str) -> None:
    near = near_digits(text)
    assert re.sub("[^0-9]", "", near) == re.sub("[^0-9]", "", text)
    assert kinds_of_digits(near) == kinds_of_digits(text)
    for match in re.finditer("[^0-9]{0,4}[0-9]+[^0-9]{0,4}", text):
        assert match[0] in near


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("", ""),
        ("без цифр", ""),
        ("заказ номер 5 от 18.11 и 7-го числа", "мер 5 от 18.11 и 7-го "),
        ("1 and then much later 2", "1 and\0ter 2"),
    ],
)
def test_what_is_far_from_digits_is_left_out(text: str, near: str) -> None:
    assert near_digits(text) == near


@given(TEXTS)
def test_the_word_before_a_number_is_the_last_word_and_three_signs_back(text: str) -> None:
    match = _WORD_AND_SIGNS.search(text[-30:])
    assert word_before(text, len(text)) == (match[1] if match else "")


@cache
def _every_shape() -> re.Pattern[str]:
    rows: list[dict[str, Any]] = load_toml("shapes.toml")["shape"]
    patterns = (f"(?P<s{at}>{row['pattern'].replace(' ?', '')})" for at, row in enumerate(rows))
    return re.compile("|".join(patterns))


@given(TOKENS)
def test_a_token_has_the_first_shape_of_all_that_fit(token: str) -> None:
    match = _every_shape().fullmatch(token)
    found = match_text(token)
    if match is None or match.lastgroup is None:
        assert found is None
    else:
        assert found is not None
        assert found.name == load_toml("shapes.toml")["shape"][int(match.lastgroup[1:])]["name"]


@given(st.lists(st.text(alphabet="abcя1 .", min_size=1, max_size=5), max_size=8), TEXTS)
def test_needles_in_groups_are_found_like_needles_one_by_one(needles: list[str], text: str) -> None:
    groups = by_rarest_letter(needles)
    assert sorted(needle for _, group in groups for needle in group) == sorted(needles)
    assert all(letter in needle for letter, group in groups for needle in group)
