"""Secrets leave no trace: not in the fields, not in entities, findings or redactions."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.extraction import Extraction, MailFields, extract

KEY = "9f41c7be-20d8-4c3a-b6f5-71e0d2a9c854"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzIjoxMDczNzQxODI0fQ.kQ3vXf0Lr9"


def read(fields: MailFields, language: str = "ru") -> Extraction:
    return extract(fields, mail_date=date(2026, 11, 15), language=language, marketplace="unknown")


@pytest.mark.parametrize(
    ("text", "kind", "secret"),
    [
        (f"Client-Id: 374722\nApi-Key: {KEY}", "api_key", KEY),
        (f"вот ключ, проверьте сами: {KEY}", "api_key", KEY),
        (f"我的密钥 {KEY} 不行", "api_key", KEY),
        (f"Api-Key: {KEY[:19]}\n{KEY[19:]} нет", "api_key", f"{KEY[:19]}\n{KEY[19:]}"),
        (f"Api-Key: {KEY[:24]}\n> {KEY[24:]} нет", "api_key", f"{KEY[:24]}\n> {KEY[24:]}"),
        (f"Api-Key: {KEY[:29]}\n{KEY[29:]}", "api_key", f"{KEY[:29]}\n{KEY[29:]}"),
        (f"ключ {KEY.replace('-', ' - ')} не тот", "api_key", KEY.replace("-", " - ")),
        (f"ключ {KEY.replace('-', ' – ')} не тот", "api_key", KEY.replace("-", " – ")),
        ("Код подтверждения 48-29-13", "code", "48-29-13"),
        ("验证码 48-29-13", "code", "48-29-13"),
        ("код из смс 4 8 2 9 1 3", "code", "4 8 2 9 1 3"),
        ("SKU\tЛогин\tПароль\n123456789\tivan\tQwerty12!\n234567891\tpetr\t", "password", "Qwerty12!"),
        ("Пароль\tSKU\nQwerty12!\t123456789", "password", "Qwerty12!"),
        (f"Authorization: Bearer {TOKEN}", "token", TOKEN),
        (f"Вот токен: {TOKEN}", "token", TOKEN),
        ("curl -H 'Authorization: Basic dXNlcjpzZWNyZXQxMjM='", "token", "dXNlcjpzZWNyZXQxMjM="),
        ("https://a.example/x?token=abcdef123456&y=1", "token", "abcdef123456"),
        ("пароль: Pchelka1954", "password", "Pchelka1954"),
        ("账号 bao@box.example 密码 Bao2026!box 试了10次", "password", "Bao2026!box"),
        ("I know password, it is Daklak#1975kf, you can check", "password", "Daklak#1975kf"),
        ("архив, пароль 2611", "password", "2611"),
        ("Я продиктовала код из смс 448 019", "code", "448 019"),
        ("手机又收到一个验证码 804417", "code", "804417"),
        ("SMS code 418 662 came", "code", "418 662"),
        ("верните на карту 2202 2098 2437 7955", "card", "2202 2098 2437 7955"),
        ("card 4276853535713227", "card", "4276853535713227"),
        ("р/с 40702810967170004481", "bank_account", "40702810967170004481"),
        ("паспорт серия 45 12 № 123456", "passport", "45 12 № 123456"),
        ("СНИЛС 112-233-445 95", "snils", "112-233-445 95"),
        ("снилс 11223344595", "snils", "11223344595"),
        ("паспорт серия 4512 номер 123456", "passport", "4512 номер 123456"),
        ("счёт 40702 810 9 6717 0004481", "bank_account", "40702 810 9 6717 0004481"),
        ("WB_TOKEN=Zx81hJq0aPpQ77LmN2vB", "token", "Zx81hJq0aPpQ77LmN2vB"),
        ("PASSWORD=Pchelka1954", "password", "Pchelka1954"),
        ("секретный ключ: Zx81hJq0aPpQ77LmN2vB", "api_key", "Zx81hJq0aPpQ77LmN2vB"),
        ("令牌：Zx81hJq0aPpQ77LmN2vB", "token", "Zx81hJq0aPpQ77LmN2vB"),
        ("Cookie: a=abcdef12345; b=fedcba0987", "token", "a=abcdef12345; b=fedcba0987"),
        ("https://s3.example/f?X-Amz-Signature=abcdef0123456789&x=1", "token", "abcdef0123456789"),
        ("ftp://ivan:Pchelka1954@ftp.example/x", "password", "Pchelka1954"),
        ("ключ AKIAIOSFODNN7EXAMPLE", "api_key", "AKIAIOSFODNN7EXAMPLE"),
        (
            "бот 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
            "api_key",
            "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ9\n-----END PRIVATE KEY-----", "api_key", "\nMIIEvQ9\n"),
        (f"Bearer {TOKEN[:46]}\n{TOKEN[46:]}", "token", f"{TOKEN[:46]}\n{TOKEN[46:]}"),
        (f"токен\n> {TOKEN[:50]}\n> {TOKEN[50:]}\nне работает", "token", f"{TOKEN[:50]}\n> {TOKEN[50:]}"),
    ],
)
def test_a_secret_is_replaced_and_leaves_only_its_kind(text: str, kind: str, secret: str) -> None:
    extraction = read(MailFields("", text, "", ""))
    assert secret not in repr(extraction)
    assert [redaction.type for redaction in extraction.redactions] == [kind]
    assert extraction.fields.body == text.replace(secret, _placeholder(extraction))


def _placeholder(extraction: Extraction) -> str:
    body = extraction.fields.body
    return body[body.index("[СКРЫТО:") : body.index("]", body.index("[СКРЫТО:")) + 1]


@pytest.mark.parametrize(
    ("language", "mark"), [("ru", "[СКРЫТО:пароль]"), ("zh", "[已隐藏]"), ("en", "[REDACTED:password]")]
)
def test_the_placeholder_speaks_the_language_of_the_mail(language: str, mark: str) -> None:
    extraction = read(MailFields("", "password: Qwerty123!", "", ""), language)
    assert extraction.fields.body == f"password: {mark}"
    (entity,) = extraction.entities
    assert (entity.type, entity.subtype, entity.text, entity.value) == ("secret", "password", "", "")
    assert extraction.fields.body[entity.start : entity.end] == mark


@pytest.mark.parametrize(
    "text",
    [
        "отзыв 0187310a-97d9-4c11-9e02-5a4be8f3cc10 прошу удалить, ключ не шлю",
        "Продавец 8b05bd7d-f439-4715-b877-87fae446a562, токен «Контент» не работает",
        "пароль не подходит, что делать",
        "код товара 123456, смс не приходит",
        "ошибка, код 5003",
        "SKU\tПароль\n123456789\n987654321",
        "смс пришло 12-10-26, а вчера 11.10.26",
        "код товара 48-29-13, смс не приходит",
        "УИН 1643 0127 7715 0482",
        "склад 1020004417296000",
        "задание 5044304527347733263.0.0",
        "Pass number 5580213, plate K901",
        "токен: недействителен",
        "Api-Key: не подходит",
        "token: expired, secret: unknown",
        "basic information about returns",
        "https://seller.example/app/products?sku=123456789&page=2",
        "ключевое слово: кроссовки-мужские-зимние-41",
        "номер счета 4512 от 12.11.2026",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    extraction = read(MailFields("", text, "", ""))
    assert extraction.redactions == ()
    assert extraction.fields.body == text


def test_a_secret_is_taken_out_wherever_it_stands_again() -> None:
    fields = MailFields(
        "Ghost9!x",
        "мой пароль: Ghost9!x",
        "> Ghost9!x",
        "Ghost9!x",
        (("вход.txt", "логин a\tGhost9!x"),),
    )
    extraction = read(fields)
    assert "Ghost9!x" not in repr(extraction)
    assert {redaction.where for redaction in extraction.redactions} == {
        "subject",
        "body",
        "quoted",
        "signature",
        "attachment:вход.txt",
    }


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(max_size=60),
    behind=st.text(max_size=60),
    digits=st.from_regex(r"[2-6][0-9]{15}", fullmatch=True),
)
def test_a_card_number_beside_its_word_never_survives(before: str, behind: str, digits: str) -> None:
    written = " ".join(digits[start : start + 4] for start in range(0, 16, 4))
    extraction = read(MailFields("", f"{before} карта {written} , {behind}", "", ""))
    assert written not in extraction.fields.body


def test_names_and_warnings_hide_secrets_too_and_offsets_stay_true() -> None:
    fields = MailFields(
        "тема",
        "пароль: Ghost9!x, позиция 123456789",
        "",
        "",
        (("доступ Ghost9!x.txt", "sku 987654321"),),
        labels=("Иван Ghost9!x", "attachment доступ Ghost9!x.txt: is empty", "Пётр"),
    )
    extraction = read(fields)
    assert "Ghost9!x" not in repr(extraction)
    assert extraction.fields.labels[2] == "Пётр"
    name, text = extraction.fields.attachments[0]
    texts = {"body": extraction.fields.body, f"attachment:{name}": text}
    for entity in extraction.entities:
        if entity.text:
            assert texts[entity.where][entity.start : entity.end] == entity.text
    assert {"body", "header"} == {redaction.where for redaction in extraction.redactions}
