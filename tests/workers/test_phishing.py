"""Signals of fake support letters: R16, R55, R56."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Address, Finding, Mail
from workers.lookalikes import is_lookalike
from workers.phishing import phishing_signals, signal_warnings


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
        ("w1ldberries.example", True),
        ("wi1dberries-seller.example", True),
        ("wildebrries.example", True),
        ("wlldberrles.example", True),
        ("xn--wldberries-qeg.example", True),  # a b with a mark, an i left out
        ("оzоn.example", True),  # two Cyrillic о
        ("оzon.рф", True),
        ("ozonseller.example", True),
        ("vvb-support.example", True),
        ("pay-wildberries.example", True),
        ("sellerozon.example", True),
        ("seller.ozon.ru.evil.example", True),
        ("ozon.ru.evil.example", True),
        ("озон-выплаты.рф", True),
        ("xn----8sbeb6amd6bcj5a.xn--p1ai", False),
        ("ozone-air.example", False),
        ("wildberry-farm.example", False),
        ("horizon.example", False),
        ("boost-ozon-top1.example", False),
        ("xn--" + "a" * 59 + ".example", False),
        ("xn--999999999999.example", False),
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


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("Ozon Seller Security", "a@mail.example", {"posing_name"}),
        ("WB Партнёры", "a@mail.example", {"posing_name"}),
        ("Wildberries Служба выплат", "a@mail.example", {"posing_name"}),
        ("Оzon", "a@mail.example", {"posing_name"}),  # a Cyrillic О
        ("Ozon 商家安全中心", "a@mail.example", {"posing_name"}),
        ("support@ozon.ru", "a@mail.example", {"posing_name", "other_name"}),
        ("ivan@shop.example", "ivan@mail.example", {"other_name"}),
        ("ivan@shop.example", "ivan@shop.example", set()),
        ("ivan@mail.shop.example", "ivan@shop.example", set()),
        ("Озон", "shop@ozon.ru", set()),
        ("Анна, менеджер по Ozon", "anna@shop.example", set()),
        ("Отдел Ozon и WB", "mp@shop.example", set()),
        ("WB客服-小李", "li@shop.example", set()),
        ("财务部", "fin@shop.example", set()),
        ("Поддержка магазина", "help@shop.example", set()),
        ("WBC Support", "help@wbc.example", set()),
        ("", "a@mail.example", set()),
    ],
)
def test_r56_names_that_pose(name: str, address: str, expected: set[str]) -> None:
    assert set(phishing_signals(Mail(from_=Address(name, address))).names) == expected


def found(type_: str, text: str, value: str, where: str = "body") -> Finding:
    return Finding(type=type_, text=text, value=value, where=where, start=0, end=0)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (found("link_mismatch", "seller.ozon.ru", "evil.example"), {"hidden_link", "other_link"}),
        (found("link_mismatch", "0zon-pay.example", "evil.example"), {"hidden_link", "other_link"}),
        (found("link_mismatch", "shop.example", "click.mailer.example"), {"other_link"}),
        (found("link_mismatch", "shop.example", "seller.ozon.ru"), {"other_link"}),
        (found("link_mismatch", "seller.ozon.ru", "evil.example", "quoted"), set()),
        (found("link", "", "seller.ozon.ru@evil.example"), {"hidden_link"}),
        (found("link", "", "https://user@shop.example/x"), set()),
        (found("link", "", "wіldberries-pay.example"), {"lookalike_link", "mixed_script"}),
        (found("link", "", "0zon-pay.example", "quoted"), set()),
        (found("link", "", "0zon-pay.example", "attachment:letter.eml"), set()),
        (found("link", "", "www.ozon.ru sku:148000000"), set()),
    ],
)
def test_r56_links_that_lie(finding: Finding, expected: set[str]) -> None:
    mail = Mail(from_=Address("", "a@b.example"), findings=(finding,))
    assert set(phishing_signals(mail).names) == expected


def test_a_hidden_link_gets_no_automatic_reply_and_is_named() -> None:
    lying = found("link_mismatch", "seller.ozon.ru", "evil.example")
    mail = Mail(from_=Address("", "a@b.example"), findings=(lying,))
    assert phishing_signals(mail).suspicious
    assert signal_warnings(mail) == ("sender: a link shows a marketplace and leads elsewhere",)


def test_answers_that_would_go_to_a_lookalike_are_named() -> None:
    mail = Mail(from_=Address("", "a@b.example"), reply_to=(Address("", "x@ozon-support.example"),))
    assert phishing_signals(mail).names == ("lookalike_reply",)
    assert phishing_signals(mail).suspicious  # an automatic answer would reach the forger


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.text(max_size=40))
def test_any_name_and_domain_can_be_judged(name: str, domain: str) -> None:
    mail = Mail(from_=Address(name, f"a@{domain}"), reply_to=(Address(name, f"a@xn--{domain}"),))
    signals = phishing_signals(mail)
    assert signals.points >= 0


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
