"""Folding keeps places, scanning names identifiers by kind, alphabets decide how words are read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.masking import fold, mask
from classifier.tokens import chunks, kind_of, pieces, spans

TEXTS = st.text(max_size=300)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ещё ПОСТАВКА", "еще поставка"),
        ("賣家編號", "卖家编号"),
        ("ＡＢＣ！？；", "abc!?;"),
        ("İstanbul", "İstanbul"),  # its lower case has two characters: left as it is, places stay
    ],
)
def test_folding_unites_spellings(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(TEXTS)
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(TEXTS)
def test_tokens_stand_in_order_and_are_what_stands_there(text: str) -> None:
    folded = fold(text)
    end_before = 0
    for token, (start, end) in zip(pieces(folded), spans(folded), strict=True):
        assert end_before <= start < end
        assert folded[start:end] == token
        end_before = end


SHAPED = st.sampled_from(
    [
        "+7 912 640-77-31",
        "rz 100042",
        "rz",
        "+",
        "7 ",
        " ",
        "\n",
        "word,",
        "a@b.cc",
        "v1/x",
        "12.11",
        "中",
        "卢布",
        "\t",
    ]
)


@given(st.one_of(TEXTS, st.lists(SHAPED, max_size=9).map("".join)))
def test_chunks_have_the_tokens_of_the_text(text: str) -> None:
    folded = fold(text)
    assert [token for chunk in chunks(folded) for token in pieces(chunk)] == pieces(folded)
    assert all(chunk == "\n" or "\n" not in chunk for chunk in chunks(folded))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("см. https://seller.example/x?y=1 и", ["word", "stop", "xlink", "word"]),
        ("me@shop.example", ["xaddress"]),
        ("RZ-100042", ["xticket"]),
        ("RZ–100874", ["xticket"]),
        ("0132960105-0001-1", ["xposting"]),
        ("c63e048a-26a7-4240-a277-da7d9f358229", ["xuuid"]),
        ("POST /v3/finance/transaction/list", ["word", "xmethod"]),
        ("12.11.2026 в 10:40", ["xdate", "word", "xtime"]),
        ("11月12日扣了", ["xdate", "han"]),
        ("12 450 ₽", ["number", "number", "xmoney"]),
        ("500 卢布", ["number", "xmoney"]),
        ("+7 912 640-77-31", ["xphone"]),
        ("в рубашке", ["word", "word"]),
        ("供货FBO单", ["han", "word", "han"]),
        ("не ехать!", ["word", "word", "stop"]),
    ],
)
def test_kinds(text: str, kinds: list[str]) -> None:
    assert [kind_of(piece) for piece in pieces(fold(text))] == kinds


def test_masking_hides_digits() -> None:
    assert not any(
        char.isdigit() for char in mask(fold("Заказ 0132960105-0001-1 от 12.11, +79126407731, 77 шт"))
    )


@pytest.mark.parametrize(
    "piece", ["a", "1", "a@", "-", "1-", "1.", ".", "и", "中", "http://", "v1/", "rz", "+7 "]
)
def test_scanning_hostile_text_takes_linear_time(piece: str) -> None:
    text = fold(piece * (60_000 // len(piece)))
    began = time.perf_counter()
    assert len(pieces(text)) >= 0
    assert time.perf_counter() - began < 5
