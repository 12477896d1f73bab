"""What the reader finds beside identifiers reaches priority, role and stated columns (R8, R19, R25, R61)."""

from __future__ import annotations

from datetime import date

import pytest

from intake.extraction import MailFields, extract
from workers.disposition import outside_role
from workers.priority import PriorityInput, is_called_urgent, priority_of
from workers.stated import stated_by_seller


def findings_of(text: str, language: str) -> tuple[tuple[str, str], ...]:
    extraction = extract(
        MailFields("", text, "", ""), mail_date=date(2026, 11, 15), language=language, marketplace="ozon"
    )
    return tuple((finding.type, finding.value) for finding in extraction.findings)


def criticality(text: str, language: str = "ru") -> int:
    given = PriorityInput(
        topic="fines_appeals", text="", findings=findings_of(text, language), today=date(2026, 11, 15)
    )
    return priority_of(given)[1]["criticality"]


@pytest.mark.parametrize(
    ("language", "plain", "pressing"),
    [
        ("ru", "Поставку не приняли", "Поставку не приняли, ответьте до 17.11"),
        ("ru", "Ответьте до 10.01", "Ответьте до 17.11"),
        ("ru", "Товар не виден", "Товар не виден, теряем деньги"),
        ("zh", "货没到", "货没到，面临封店"),
        ("zh", "请回复", "请在3天内回复"),
        ("en", "It was not accepted", "It was not accepted, please reply within 24 hours"),
        ("en", "It is hidden", "It is hidden, we are losing money"),
    ],
)
def test_a_near_deadline_or_a_risk_raises_the_priority(language: str, plain: str, pressing: str) -> None:
    assert criticality(pressing, language) > criticality(plain, language)


@pytest.mark.parametrize(
    ("language", "text", "urgent"),
    [
        ("ru", "Срочно!", True),
        ("ru", "Это не срочно", False),
        ("zh", "加急", True),
        ("zh", "不急", False),
        ("en", "urgent", True),
        ("en", "no rush", False),
    ],
)
def test_what_is_not_urgent_is_not_called_urgent(language: str, text: str, urgent: bool) -> None:
    assert is_called_urgent(text, findings_of(text, language)) is urgent


def test_a_buyer_is_redirected_but_no_seller_who_quotes_one() -> None:
    assert outside_role("other", "x", ("buyer",)) == "buyer"
    assert outside_role("other", "x", ("buyer", "seller")) == ""
    assert outside_role("orders_returns", "x", ("buyer",)) == ""


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "ru",
            "Мы агентство, наш магазин закрыт. Ответьте на почту до 20.11, остановка продаж. Срочно",
            {
                "deadline": "2026-11-20",
                "business_risk": "остановка продаж",
                "seller_priority": "high",
                "preferred_channel": "email",
                "sender_role": "agency",
            },
        ),
        (
            "zh",
            "我是自提点老板，请致电，不急",
            {"seller_priority": "low", "preferred_channel": "phone", "sender_role": "pvz_owner"},
        ),
        ("en", "I am a buyer, reply in chat", {"preferred_channel": "chat", "sender_role": "buyer"}),
    ],
)
def test_the_ticket_shows_what_was_stated(language: str, text: str, expected: dict[str, str]) -> None:
    assert stated_by_seller(findings_of(text, language)) == expected
