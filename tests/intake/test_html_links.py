"""Links that show another address than they lead to, in read and in skipped HTML (R56)."""

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.html_links import MAX_MISMATCHES, link_mismatches, scan_links
from intake.read_mail import ReadOptions, read_mail
from models.records import Finding, Mail

EVIL = "<a style=\"x\" HREF='https://evil.example/l?a=1'><b>https://seller.ozon.ru</b></a>"
PLAIN = "Ваш кабинет скоро закроется. Войдите и подтвердите данные: https://seller.ozon.ru или напишите нам."


def read(html: str, plain: str = "") -> Mail:
    message = EmailMessage()
    message["From"] = "a@shop.example"
    if plain:
        message.set_content(plain)
        message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html")
    return read_mail(message.as_bytes(), None, ReadOptions())


def mismatches(mail: Mail) -> list[Finding]:
    return [finding for finding in mail.findings if finding.type == "link_mismatch"]


@pytest.mark.parametrize("plain", ["", PLAIN], ids=["html_read", "html_skipped"])
def test_a_link_that_lies_is_found_where_it_stands(plain: str) -> None:
    mail = read(f"<html><body><p>{PLAIN.partition('https')[0]}{EVIL}</p></body></html>", plain)
    (found,) = mismatches(mail)
    assert (found.text, found.value, found.where) == ("seller.ozon.ru", "evil.example", "body")
    assert mail.text[found.start : found.end] == "https://seller.ozon.ru"
    assert "link: the text shows seller.ozon.ru, the target is evil.example" in mail.warnings


def test_a_link_in_a_quoted_letter_is_not_the_senders_own() -> None:
    quote = f"<div>16.11.2026, Ozon &lt;x@evil.example&gt; пишет:</div><blockquote>{EVIL}</blockquote>"
    (found,) = mismatches(read(f"<p>Это от вас? Проверьте, пожалуйста.</p>{quote}"))
    assert found.where == "quoted"


@pytest.mark.parametrize(
    ("label", "target", "lies"),
    [
        ("https://seller.ozon.ru/app", "https://evil.example/app", True),
        ("seller.ozon.ru", "https://seller.ozon.ru@evil.example/", True),
        ("www.shop.example", "https://shop.example/x", False),
        ("shop.example", "https://click.shop.example/?u=1", False),
        ("Личный кабинет", "https://evil.example/", False),
        ("price.xlsx", "https://files.example/1", False),
        ("shop.example", "mailto:a@evil.example", False),
        (
            "ozon.ru",
            "https://e1.safelinks.protection.outlook.com/?url=https%3A%2F%2Fozon.ru",
            False,
        ),
        ("www.ozon.ru", "https://www.google.com/url?q=https://ozon.ru/a&sa=D", False),
        ("ozon.ru", "https://www.google.com/url?q=https://evil.example/a", True),
        ("ozon.ru", "https://evil.example/?url=https%3A%2F%2Fwww.ozon.ru", True),
        ("1.5", "https://evil.example/", False),
        ("", "https://evil.example/", False),
    ],
)
def test_what_counts_as_a_lie(label: str, target: str, lies: bool) -> None:
    assert bool(link_mismatches([(label, target)])) is lies
    assert bool(link_mismatches(scan_links(f'<p><a class="x" href="{target}">{label}</a></p>'))) is lies


def test_their_number_is_bounded_and_each_pair_stands_once() -> None:
    links = [(f"h{n // 2}.example", "https://evil.example/") for n in range(100)]
    assert len(link_mismatches(links)) == MAX_MISMATCHES


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<a href=", '"', "'", ">", "</a>", "x.ru", "https://e.example", "&amp;", "<", " "])
    )
)
def test_any_markup_is_scanned(pieces: list[str]) -> None:
    link_mismatches(scan_links("".join(pieces)))


@pytest.mark.parametrize(
    "piece", ["<a href=x", "<a href='", '<a href="a">' + "<" * 90, "<a ", "<a x>" + " " * 99]
)
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    started = time.process_time()
    scan_links(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 1.0
