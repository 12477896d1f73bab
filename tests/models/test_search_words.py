"""The tokens that mails are found by, and the index that must forget what is deleted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from models.search_words import MOST_TOKENS, terms_of, tokens_of
from models.store.schema import MESSAGE
from models.store.word_index import find_mails, index_missing
from tests.workers.conftest import Desk


def finds(query: str, body: str) -> bool:
    """Tell whether a query finds a text, as both databases look for its terms."""
    tokens = tokens_of([body])
    terms = terms_of(query)
    return bool(terms) and all(
        any(known.startswith(token) if is_start else known == token for known in tokens)
        for token, is_start in terms
    )


@given(number=st.from_regex(r"[0-9]{6,20}", fullmatch=True), data=st.data())
@settings(max_examples=50)
def test_any_part_of_a_number_is_found(number: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(number) - 4))
    end = data.draw(st.integers(start + 4, len(number)))
    assert finds(number[start:end], f"Поставка № {number}, коробки")


@given(words=st.text(alphabet="少收货物仓库两箱 请,", min_size=2, max_size=12), data=st.data())
@settings(max_examples=50)
def test_any_two_characters_in_a_row_are_found(words: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 2))
    part = words[start : start + 2]
    assert finds(part, words) or not terms_of(part)


@pytest.mark.parametrize(
    ("query", "body", "found"),
    [
        ("недостачу", "НЕДОСТАЧА коробок", True),
        ("отчёт", "Отчет за ноябрь", True),
        ("payouts", "the Payout is late", True),
        ("少", "仓库少", True),
        ("wb", "WB and Ozon", True),
        ("w", "WB", False),
        ("123", "a123b", False),
        ("0781-2", "order 0101644491-0781-2", True),
        ('" OR *', "anything at all", False),
        ("'); DROP", "drop the box", True),
    ],
)
def test_words_of_three_languages(query: str, body: str, found: bool) -> None:
    assert finds(query, body) is found


def test_a_text_made_to_be_long_is_bounded() -> None:
    assert len(tokens_of(["1234567890" * 50_000])) <= MOST_TOKENS
    assert len(tokens_of([" ".join(map(str, range(90_000)))])) <= MOST_TOKENS
    assert max(map(len, tokens_of(["少" * 70_000]))) == 2


@pytest.fixture
def desk(store, accept) -> Desk:
    return Desk(store, accept)


def test_the_index_forgets_with_the_words(desk) -> None:
    """A mail whose words went is not found, also where nobody thought of the index."""
    raw_id = desk.mail("Поставка 2000061286750, 少收两箱")
    desk.read()
    with desk.store.write() as db:
        for wanted in ("6128", "少收", "поставки"):
            assert find_mails(db, wanted) == [raw_id]
        db.execute(update(MESSAGE).values(text="", subject="", entities=[]))
        assert find_mails(db, "6128") == []
        db.execute(update(MESSAGE).values(text="коробки"))
        index_missing(db)
        assert find_mails(db, "коробок") == [raw_id]
        db.execute(text("DELETE FROM message"))
        assert find_mails(db, "коробок") == []
