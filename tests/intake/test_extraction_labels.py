"""Numbers that are labelled by nouns nobody ever heard of, and numbers whose label is known.

The nouns are invented, so that no list can hold them: what keeps such a number untyped is how its label is
built. Each is put beside numbers of every length that has a meaning without a word.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.extraction import MailFields, extract

LABELS = {
    "ru": (
        "номер {} {}", "код {} {}", "{} № {}", "{} номер {}", "{}-id {}", "номер нашей {}: {}",
        "По товару есть {} № {}", "Карточка скрыта, номер {}: {}",
    ),
    "zh": ("{}号{}", "{}编号：{}", "{}代码是 {}", "商品下架，{}编号{}"),
    "en": (
        "{} no. {}", "{} number is {}", "the {} id: {}", "our {} # {}", "number of the {}: {}",
        "The goods are hidden, {} no. {}",
    ),
}  # fmt: skip
NOUNS = {
    "ru": ("швабулы", "клямзы", "дрогачки", "фузеля"),
    "zh": ("嘎噜", "呱啦", "咕噔"),
    "en": ("flimber", "grozzle", "wuckle"),
}
NUMBERS = ("20418", "771204", "4471882", "31874420", "160249683", "1650923847", "4102288196", "6972283100453")
KNOWN = (
    ("номер заказа 4102288196", "order_number"),
    ("код товара 160249683", "sku"),
    ("Акт о расхождениях № 771204", "document_number"),
    ("В еженедельном № 420117336 строка лишняя", "document_number"),
    ("Нашему магазину присвоили номер 4471882", "seller_id"),
    ("卖家编号：4471882", "seller_id"),
    ("订单号4102288196", "order_number"),
    ("争议编号 1002760338", "claim_number"),
    ("order number is 4102288196", "order_number"),
    ("the seller id: 4471882", "seller_id"),
    ("the weekly report no. 334413481", "document_number"),
    ("slippers 160249683 are hidden from the shelf", "sku"),
    ("Палантины 1650923847 скрыли из поиска", "sku"),
    ("奶瓶1650923847的评价没了", "sku"),
)
# Whatever the label, the mail speaks of no goods: length alone types nothing.
BARE = (
    "Пишите, 1650923847",
    "Мы тут 160249683, ждём",
    "我们 160249683 等着",
    "We wait at 1650923847 since noon",
)


def _types(text: str, language: str) -> list[str]:
    fields = MailFields("", text, "", "")
    found = extract(fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown").entities
    return [entity.type for entity in found]


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
def test_a_number_of_an_unheard_of_kind_stays_untyped(language: str) -> None:
    wrong = [
        (text, found)
        for label in LABELS[language]
        for noun in NOUNS[language]
        for number in NUMBERS
        if (found := _types(text := label.format(noun, number), language))
    ]
    assert not wrong, wrong[:5]


@given(
    st.text(alphabet="bdfgklmnprtvwz", min_size=4, max_size=10).filter(str.isalpha), st.sampled_from(NUMBERS)
)
@settings(max_examples=40, deadline=None)
def test_no_invented_word_before_no_types_a_number(noun: str, number: str) -> None:
    assert _types(f"Please check {noun}q no. {number} again", "en") == []


@pytest.mark.parametrize(("text", "expected"), KNOWN)
def test_a_known_label_or_the_name_of_goods_types_its_number(text: str, expected: str) -> None:
    assert _types(text, "ru" if text[0] > "z" and text[0] < "\u2e80" else "en") == [expected]


@pytest.mark.parametrize("text", BARE)
def test_length_alone_types_nothing_in_a_mail_without_goods(text: str) -> None:
    assert _types(text, "ru") == []
