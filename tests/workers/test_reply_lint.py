"""Lint over every sentence that we may send: R14, R16, R54, R58, R60, A13, A19, in three languages."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterator
from importlib import resources

import pytest

from models.reply_template import shipped_templates
from workers.replies.compose import REPLY_LANGUAGES, SAFE_VARIABLES
from workers.replies.lint import faults_of
from workers.reply_templates import variable_names

ALLOWED_DOMAINS = {"ozon.ru", "wildberries.ru"}
PHONE = re.compile(
    r"\+?\d[\d\s()-]{6,}\d|телефон|позвон|звонок|перезвон|call you|phone|hotline|电话|致电|热线",
    re.IGNORECASE,
)
DOMAIN = re.compile(r"(?<![\w@])(?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w])|t\.me|wa\.me|https?:", re.IGNORECASE)
PROMISE = re.compile(
    r"гарантир|обещаем|обязательно (?:верн|решим|помож|компенс)|верн[её]м (?:деньги|средства)|компенсиру|"
    r"возмест|отменим|разблокиру|снимем штраф|в течение \d|до конца дня|"
    r"guarantee|promise|we will (?:refund|compensate|cancel|unblock|remove|restore)|within \d+ (?:hour|day)|"
    r"保证|承诺|一定会|将会?(?:退款|赔偿|取消|解封|恢复)|\d+\s?(?:小时|个工作日)内",
    re.IGNORECASE,
)
SECRET = (
    r"(?:парол|код[аы]? (?:из|подтвержд)|ключ|паспорт|номер карты|password|passcode|confirmation code|"
    r"api key|card number|passport|密码|验证码|密钥|银行卡|护照)"
)
REQUEST = re.compile(
    rf"(?:пришлите|сообщите|укажите|отправьте|уточните|введите|send us|please send|provide|tell us|enter|"
    rf"请(?:提供|补充|发送|告知))[^.!?。！？]{{0,80}}{SECRET}",
    re.IGNORECASE,
)
NEGATED = re.compile(
    r"не нужно|больше их не|не пересыл|do not (?:send|share)|please do not|without your key|请勿|不含",
    re.IGNORECASE,
)
SHOUTING = re.compile(r"!!|！！")


def sentences() -> Iterator[tuple[str, str, str]]:
    for language in REPLY_LANGUAGES:
        source = resources.files("workers.replies").joinpath(f"{language}.toml").read_text(encoding="utf-8")
        for section, rows in tomllib.loads(source).items():
            for key, value in rows.items():
                yield language, f"{section}.{key}", value
    for template in shipped_templates():
        yield template.language, f"template.{template.name}", template.text


ALL = list(sentences())


@pytest.mark.parametrize(("language", "key", "text"), ALL, ids=[f"{lang}:{key}" for lang, key, _ in ALL])
def test_sentence_is_fit_to_be_sent(language: str, key: str, text: str) -> None:
    assert not PHONE.search(text), "R14: no phone and no call"
    assert all(match.group(0).lower() in ALLOWED_DOMAINS for match in DOMAIN.finditer(text)), (
        "R16: foreign address"
    )
    assert not PROMISE.search(text), "R60: an outcome is promised"
    assert not REQUEST.search(text) or NEGATED.search(text), "R54, R58: asks for a secret"
    assert not SHOUTING.search(text)
    assert faults_of(text) == (), "what the desk's own lint refuses to operators"
    assert "@" not in text, "A13: no address of anybody"
    used = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    safe = variable_names() if key.startswith("template.") else SAFE_VARIABLES
    assert used <= frozenset(safe), "only safe variables"


def test_languages_say_the_same_things() -> None:
    keys = {language: {key for lang, key, _ in ALL if lang == language} for language in REPLY_LANGUAGES}
    assert keys["ru"] == keys["en"] == keys["zh"]


def test_each_language_is_itself() -> None:
    for language, key, text in ALL:
        if language == "en":
            assert not re.search(r"[а-яё\u4e00-\u9fff]", text, re.IGNORECASE), key
        if language == "ru":
            assert not re.search(r"[\u4e00-\u9fff]", text), key
        if language == "zh" and key.startswith("lines.") and len(text) > 12:
            assert re.search(r"[\u4e00-\u9fff]", text), key
            assert not re.search(r"[\u4e00-\u9fff][,;:!?](?!\d)", text), (
                f"{key}: Chinese takes full-width marks"
            )


@pytest.mark.parametrize(
    "bad",
    [
        "Позвоните нам: 8 800 234-55-66",
        "Мы вернём деньги",
        "We will refund you",
        "我们保证退款",
        "Пришлите пароль",
        "请提供验证码",
        "see evil.example",
    ],
)
def test_the_lint_itself_finds_what_it_should(bad: str) -> None:
    caught = PHONE.search(bad) or PROMISE.search(bad) or REQUEST.search(bad) or DOMAIN.search(bad)
    assert caught


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Наш номер 8\u00a0800\u00a0555\u00a035\u00a035", "R14"),
        ("Наш номер 88005553535", "R14"),
        ("+86 138 0013 8000", "R14"),
        ("热线 ４００-８２０-８８２０", "R14"),
        ("Откройте https://seller.ozon.ru@evil.example/login", "R16"),
        ("Откройте https://seller.ozon.ru:8080@evil.example", "R16"),
        ("Откройте https://\u043ezon.ru/", "R16"),
        ("Откройте ftp://evil.example/a", "R16"),
        ("Откройте ozon-help.ru/login", "R16"),
        ("Пишите в telegram.me/ozon", "R16"),
        ("Деньги вернут, обещаю", "R60"),
        ("Напишите пароль от кабинета", "R54"),
        ("Продиктуйте код из смс", "R54"),
        ("Please share your password", "R54"),
        ("请把密码发给我们", "R54"),
    ],
)
def test_what_a_person_may_not_write_either(text: str, rule: str) -> None:
    """A link shows its allowed name before the @ and leads elsewhere; phones hide behind odd spaces."""
    assert any(rule in fault for fault in faults_of(text))


@pytest.mark.parametrize(
    "text",
    [
        "Заказ 0123456789-0001-1 и товар 89991234567 переданы в доставку.",
        "Отправление 88005553535-0001-1 найдено.",
        "Откройте https://seller.ozon.ru/app, раздел «Финансы» (seller.wildberries.ru).",
        "Ответ уйдёт на boss@shop.ru, как и раньше.",
        "Напишите нам, если пароль не подошёл.",
        "Никому не сообщайте пароль. Do not share your password.",
    ],
)
def test_ordinary_words_of_an_operator_pass(text: str) -> None:
    assert faults_of(text) == ()
