"""Signals of fake support letters: R16, R55, R56."""

from __future__ import annotations

import pytest

from models.records import Address, Finding, Mail
from workers.phishing import is_lookalike, phishing_signals


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("ozon-seller-check.example", True),
        ("0zon-verify.example", True),
        ("wildberies-partner.example", True),
        ("wlldberries-pay.example", True),
        ("wb-partnery-verify.example", True),
        ("seller-ozon.verify-cn.example", True),
        ("xn--zon-red.ru", True),  # with a Cyrillic о
        ("ozon.ru", False),
        ("mail.seller.ozon.ru", False),
        ("wildberries.ru", False),
        ("wb-seller-dt.example", False),
        ("shop.example", False),
        ("amazon.com", False),
        ("xn--80aswg.xn--p1ai", False),  # сайт.рф
        ("", False),
    ],
)
def test_r55_lookalike_domains(domain: str, expected: bool) -> None:
    assert is_lookalike(domain) is expected


def test_r56_display_name_of_support_on_a_foreign_domain() -> None:
    fake = Mail(from_=Address("Служба безопасности Ozon", "a@mail.example"))
    real = Mail(from_=Address("Служба безопасности Ozon", "a@ozon.ru"))
    assert "posing_name" in phishing_signals(fake).names
    assert phishing_signals(real).names == ()


def test_quoted_phishing_words_are_not_the_senders_own() -> None:
    report = Mail(
        from_=Address("Анна", "anna@shop.example"),
        text="Это от вас?",
        quoted="Сообщите код из СМС, иначе кабинет будет заблокирован",
    )
    assert phishing_signals(report).names == ()


def test_r16_links_count() -> None:
    link = "http://0zon-verify.example/login?x=1"
    finding = Finding(type="link", text=link, value=link, where="body", start=0, end=len(link))
    mail = Mail(from_=Address("", "a@b.example"), text="Введите пароль по ссылке", findings=(finding,))
    signals = phishing_signals(mail)
    assert {"lookalike_link", "asks_for_secret"} <= set(signals.names)
    assert signals.strong


def test_one_signal_alone_quarantines_nothing() -> None:
    assert not phishing_signals(Mail(from_=Address("", "a@b.example"), text="сообщите код из СМС")).strong
    assert not phishing_signals(
        Mail(from_=Address("", "a@ozon-seller-shop.example"), text="Где товар?")
    ).strong
