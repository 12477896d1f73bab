"""Priority: four named parts that only grow with what a mail brings (R24, R25, R61)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decisions import FactValue
from models.topics import SLUGS
from workers.priority import PARTS, PriorityInput, is_called_urgent, priority_of

FIELDS = ["seller_id", "order_ref", "sku_ref", "supply_ref", "event_date", "period", "act_ref", "amount"]


def given_input(**changes: object) -> PriorityInput:
    values: dict[str, object] = {"topic": "logistics_acceptance", "text": "поставка", **changes}
    return PriorityInput(**values)  # type: ignore[arg-type] # test table


def facts(*names: str) -> tuple[FactValue, ...]:
    return tuple(FactValue(field=name, value="1") for name in names)


def total(of: PriorityInput) -> int:
    return sum(priority_of(of)[1].values())


def test_r24_parts_have_their_names() -> None:
    assert tuple(priority_of(given_input())[1]) == PARTS


def test_r61_shouting_without_an_identifier_ranks_below_a_complete_letter_about_stopped_sales() -> None:
    shout = given_input(topic="stock_accounting", text="СРОЧНО!!! СРОЧНО!!!")
    complete = given_input(
        topic="stock_accounting",
        text="Продажи остановлены: товар скрыт, остаток обнулился",
        facts=facts("seller_id", "sku_ref", "event_date"),
    )
    assert total(shout) < total(complete)


@pytest.mark.parametrize(
    ("topic", "text", "level"),
    [
        (
            "logistics_acceptance",
            "Водитель стоит у ворот, слот сегодня до 12:00, не пускают. СРОЧНО",
            {"high", "urgent"},
        ),
        ("account_access", "Аккаунт взломали, сменили реквизиты, сегодня выводят деньги", {"high", "urgent"}),
        ("buyer_feedback", "Не опубликован отзыв", {"low", "normal"}),
        ("other", "спасибо, срочно ничего не нужно", {"low"}),
        ("spam_phishing", "ваш кабинет заблокирован сегодня", {"low"}),
    ],
)
def test_levels(topic: str, text: str, level: set[str]) -> None:
    assert (
        priority_of(given_input(topic=topic, text=text, facts=facts("seller_id", "supply_ref")))[0] in level
    )


def test_r25_deadline_and_risk_raise_the_priority_and_a_near_one_most() -> None:
    plain = given_input(today=date(2026, 11, 20))
    far = given_input(today=date(2026, 11, 20), findings=(("deadline", "2026-12-20"),))
    near = given_input(today=date(2026, 11, 20), findings=(("deadline", "2026-11-22"), ("risk", "штраф")))
    assert total(plain) < total(far) < total(near)


def test_how_to_letters_wait() -> None:
    assert total(given_input(how_to=True)) < total(given_input())


@pytest.mark.parametrize("text", ["СРОЧНО", "加急处理", "urgent please"])
def test_stated_urgency_is_noticed(text: str) -> None:
    assert is_called_urgent(text)
    assert not is_called_urgent("не горит")


@given(
    topic=st.sampled_from(SLUGS),
    text=st.text(max_size=80),
    known=st.lists(st.sampled_from(FIELDS), max_size=4),
    more=st.sampled_from(FIELDS),
    kinds=st.lists(st.sampled_from(["photo", "act", "table", "other"]), max_size=3),
)
def test_r24_another_identifier_or_act_never_lowers_it(
    topic: str, text: str, known: list[str], more: str, kinds: list[str]
) -> None:
    before = given_input(topic=topic, text=text, facts=facts(*known), attachment_kinds=tuple(kinds))
    after = given_input(topic=topic, text=text, facts=facts(*known, more), attachment_kinds=(*kinds, "act"))
    assert total(after) >= total(before)
    assert all(priority_of(after)[1][part] >= priority_of(before)[1][part] for part in PARTS)
