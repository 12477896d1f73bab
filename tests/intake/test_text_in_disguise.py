"""Stubs, HTML called plain, RTF letters, UTF-8 encoded twice and worded receipts, as whole mails."""

from __future__ import annotations

import pytest

from intake.read_mail import ReadOptions, read_mail
from models.records import Mail

HEAD = "From: a@x.example\nMessage-ID: <1@x.example>\nMIME-Version: 1.0\n"


def read(body: str, content_type: str = "text/plain", subject: str = "t") -> Mail:
    raw = f"{HEAD}Subject: {subject}\nContent-Type: {content_type}; charset=utf-8\n\n{body}"
    return read_mail(raw.encode(), None, ReadOptions())


@pytest.mark.parametrize(
    ("plain", "is_stub"),
    [
        (
            "Это письмо содержит HTML. Чтобы его прочитать, откройте его в браузере или другой программе.",
            True,
        ),
        (
            "This message contains HTML, please open it in a browser: https://x.example/view/1?id=12345678",
            True,
        ),
        (
            "您的邮件客户端不支持HTML格式,请在浏览器中打开此邮件查看完整内容,谢谢您的理解与支持 https://x.example/v",
            True,
        ),
        ("Где мой заказ? Я открываю кабинет в браузере, и он пустой. Помогите разобраться, срочно.", False),
    ],
)
def test_a_stub_gives_way_to_the_html(plain: str, is_stub: bool) -> None:
    html = "<p>Где поставка? Она пришла вчера, а её всё нет в кабинете, и никто не отвечает.</p>"
    parts = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
    parts += f"--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    raw = f"{HEAD}Content-Type: multipart/alternative; boundary=b\n\n{parts}"
    text = read_mail(raw.encode(), None, ReadOptions()).text
    assert text.startswith("Где поставка?") == is_stub


def test_a_letter_in_rtf_is_read() -> None:
    assert read("{\\rtf1\\ansi Hello\\par \\u1055?\\u1088?}", "text/rtf").text == "Hello\nПр"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div>Добрый день</div><div>где <b>заказ</b>?<br>да</div>", "Добрый день\nгде заказ?\nда"),
        ("Добрый день,<br>где заказ?<br><br>Анна", "Добрый день,\nгде заказ?\n\nАнна"),
        ("виден тег <br>\nпочему?\n<p> тоже\nи <div>", "виден тег <br>\nпочему?\n<p> тоже\nи <div>"),
    ],
)
def test_a_fragment_of_html_called_plain(body: str, text: str) -> None:
    mail = read(body)
    assert mail.text == text
    assert ("text: HTML that calls itself plain" in mail.warnings) == ("<" not in text)


@pytest.mark.parametrize("codec", ["cp1251", "latin-1"])
def test_utf8_encoded_twice_is_mended(codec: str) -> None:
    words = "Здравствуйте, не пришёл заказ"
    twice = words.encode().decode(codec)
    mail = read(twice, subject=twice)
    assert (mail.subject, mail.text) == (words, words)
    assert any("encoded twice" in warning for warning in mail.warnings)


@pytest.mark.parametrize(
    ("subject", "body", "kind"),
    [
        (
            "Read: order",
            "Your message\n\nTo: a\nSubject: order\n\nwas read on 11.11.2026 12:00.",
            "auto_reply",
        ),
        ("Прочтено: заказ", "Ваше сообщение\n\nКому: а\n\nбыло прочитано 11.11.2026", "auto_reply"),
        ("已读: 订单", "您的邮件 已于 2026-11-11 阅读", "auto_reply"),
        ("Прочтено: заказ", "Прочитал ваш ответ, но заказа нет.", "person"),
    ],
)
def test_worded_receipts(subject: str, body: str, kind: str) -> None:
    assert read(body, subject=subject).kind == kind
