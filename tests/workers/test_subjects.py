"""Subject of a reply: rule A11, R1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.replies.subjects import SUBJECT_CAP_CHARS, clean_subject, outgoing_subject, ticket_name


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("Возврат 57195475-0050-3", "Re: [RZ-100042] Возврат 57195475-0050-3"),
        ("", "Re: [RZ-100042]"),
        ("Re: RE: Fwd: FW: Ответ: Отв: ответ", "Re: [RZ-100042] ответ"),
        ("回复：回复: 转发：答复： 库存", "Re: [RZ-100042] 库存"),
        ("VS: SV: AW: Re[2]: Re(3): slot", "Re: [RZ-100042] slot"),
        ("Re: [RZ-100042] slot", "Re: [RZ-100042] slot"),
        ("[RZ-100042] Re: slot", "Re: [RZ-100042] slot"),
        ("Re: [RZ-100001] slot [RZ-100002]", "Re: [RZ-100042] slot"),  # a foreign tag must not travel on
        ("工单RZ-100042：发货", "Re: [RZ-100042] 工单 ：发货"),
        ("［ＲＺ－１０００４２］ 发货", "Re: [RZ-100042] 发货"),
        ("тикет rz 100042 поставка", "Re: [RZ-100042] тикет поставка"),
        ("Refund of 5", "Re: [RZ-100042] Refund of 5"),  # "Re" inside a word is no prefix
        ("RZ-12 is no ticket", "Re: [RZ-100042] RZ-12 is no ticket"),
        ("a\r\nBcc: victim@x.example", "Re: [RZ-100042] a Bcc: victim@x.example"),
        ("a\x00b\u202ec\u2028d", "Re: [RZ-100042] a b c d"),
    ],
)
def test_a11_subject(original: str, expected: str) -> None:
    assert outgoing_subject(100042, original) == expected


def test_a11_long_subject_is_capped() -> None:
    assert len(clean_subject("слово " * 500)) <= SUBJECT_CAP_CHARS


def test_ticket_without_a_number_yet() -> None:
    assert ticket_name(0) == "RZ-000000"


pieces = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [
                "Re: ",
                "回复：",
                "[RZ-100007]",
                "RZ 100008",
                "［ＲＺ－１０００４２］",
                "(",
                "[",
                "\r\n",
                "Fwd: ",
            ]
        ),
    ),
    max_size=12,
).map("".join)


@given(original=pieces, number=st.integers(100001, 10**9))
def test_a11_tagging_twice_is_tagging_once(original: str, number: int) -> None:
    once = outgoing_subject(number, original)
    assert outgoing_subject(number, once) == once
    assert once.count(ticket_name(number)) == 1
    assert not {"\r", "\n", "\x00", "\u2028"} & set(once)
