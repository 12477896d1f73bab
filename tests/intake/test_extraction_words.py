"""The one pass over all word lists finds what each list by itself would find; an id is found anywhere."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.extraction import MailFields, extract
from intake.extraction.lexicon import Words
from intake.extraction.normalise import fold, lower
from intake.extraction.word_scan import WordScan

LISTS = {
    "plain": ["заказ", "заказ на возврат", "возврат*", "р", "р/с", "т. р.", "order", "order id"],
    "chinese": ["订单", "订单号", "号", "店铺id", "69码"],
    "mixed": ["5post", "sku码", "id", "n", "мой id", "торг-2"],
}
PIECES = st.sampled_from(
    [
        *(word.rstrip("*") for words in LISTS.values() for word in words),
        " ",
        "\n",
        "-",
        "x",
        "ами",
        "9",
        "，",
        "_",
    ]
)
WORDS = st.sampled_from(
    ["проверьте", "пожалуйста", "наш", "вчера", "пропал", "и", "никто", "не", "почему", "вышло"]
)
SCAN = WordScan({name: Words(words) for name, words in LISTS.items()})
ALONE = {name: Words(words) for name, words in LISTS.items()}


@settings(max_examples=300, deadline=None)
@given(text=st.lists(PIECES, max_size=14).map("".join))
def test_one_pass_over_all_lists_finds_what_each_list_finds(text: str) -> None:
    small = lower(fold(text))
    expected = {name: [match.span() for match in words.finditer(small)] for name, words in ALONE.items()}
    assert SCAN.find(small) == {name: spans for name, spans in expected.items() if spans}


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(WORDS, max_size=8),
    after=st.lists(WORDS, max_size=8),
    named=st.sampled_from(
        [
            ("SKU 160249683", "sku", "160249683"),
            ("отправление 0124861120-0199-1", "order_number", "0124861120-0199-1"),
            ("поставка WB-GI-92937123", "supply_number", "WB-GI-92937123"),
            ("ИНН 7707083893", "tax_id", "7707083893"),
        ]
    ),
)
def test_an_identifier_is_found_in_any_position_of_a_sentence(
    before: list[str], after: list[str], named: tuple[str, str, str]
) -> None:
    written, kind, value = named
    text = " ".join([*before, written, *after]) + "."
    found = extract(
        MailFields("", text, "", ""), mail_date=date(2026, 11, 15), language="ru", marketplace="unknown"
    )
    assert (kind, value) in {(entity.type, entity.value) for entity in found.entities}
