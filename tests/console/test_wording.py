"""Three languages at equal right: the same keys, the same variables, every plural form."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import console
from console.masking import masked
from console.moments import Moments, zone_of
from console.wording import INTERFACE_LANGUAGES, _table, language_of, plural_category, words_of

FORMS = {"ru": {"one", "few", "many"}, "en": {"one", "other"}, "zh": {"other"}}
TEMPLATES = sorted((Path(console.__file__).parent / "templates").glob("*.html"))


def variables(phrase) -> set[str]:
    phrases = phrase.values() if isinstance(phrase, dict) else [phrase]
    return {name for text in phrases for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", INTERFACE_LANGUAGES)
def test_every_language_says_everything(language) -> None:
    russian, table = _table("ru"), _table(language)
    assert set(table) == set(russian)
    for key, phrase in table.items():
        assert isinstance(phrase, dict) == isinstance(russian[key], dict), key
        assert variables(phrase) == variables(russian[key]), key
        if isinstance(phrase, dict):
            assert set(phrase) == FORMS[language], key
        assert phrase, key


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_use_words_that_exist(path) -> None:
    for key in re.findall(r"\bt\(\s*'([a-z_]+\.[a-z_]+)'", path.read_text()):
        assert key in _table("en"), key


@pytest.mark.parametrize(
    ("number", "form"),
    [(0, "many"), (1, "one"), (2, "few"), (4, "few"), (5, "many"), (11, "many"), (12, "many"), (14, "many"),
     (21, "one"), (22, "few"), (25, "many"), (101, "one"), (111, "many"), (112, "many"), (1002, "few")],
)  # fmt: skip
def test_russian_plurals(number, form) -> None:
    assert plural_category("ru", number) == form


def test_toast_takes_only_known_names_from_an_address() -> None:
    words = words_of("ru")
    assert words.said("assigned", {"n": "22"}) == "Назначено 22 обращения"
    assert words.said("assigned", {"n": "<b>"}) == "Назначено 0 обращений"
    assert words.said("released", {"number": "{evil}"}) == "Открыто обращение RZ-, оно в разборе"
    assert words.said("no_such_phrase", {}) == ""


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de,en;q=0.7,ru;q=0.3", "en"),
        ("en;q=0.2, ru;q=0.9", "ru"),
        ("", "ru"),
        ("*;q=nonsense", "ru"),
        ("fr", "ru"),
    ],
)
def test_language_of_the_browser(header, language) -> None:
    assert language_of(header) == language


def test_moments_are_the_readers() -> None:
    now = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
    russian = Moments(words=words_of("ru"), zone=ZoneInfo("Europe/Moscow"), now_utc=now)
    chinese = Moments(words=words_of("zh"), zone=ZoneInfo("Asia/Shanghai"), now_utc=now)
    late = datetime(2026, 11, 15, 22, 30, tzinfo=UTC)
    assert russian.clock(now) == "12:30"
    assert russian.clock(late) == "01:30"  # after midnight in Moscow
    assert chinese.clock(late - timedelta(days=400)) == "2025年10月12日 06:30"
    assert russian.full(late).startswith("16 ноя 2026 01:30")
    assert russian.left(now + timedelta(hours=26)) == "26 ч"
    assert russian.left(now - timedelta(days=3)) == "−3 дн"
    assert zone_of("No/Where", "Asia/Shanghai").key == "Asia/Shanghai"
    assert zone_of("../../etc/passwd", "also wrong").key == "UTC"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Пишите на ivan.petrov@mail.example или +7 (916) 123-45-67", "Пишите на ••• или •••"),
        ("звоните 8 916 123 45 67", "звоните •••"),
        ("电话13812345678，谢谢", "电话•••，谢谢"),
        ("поставка 2000061286750, заказ 01874512-0033-1", "поставка 2000061286750, заказ 01874512-0033-1"),
    ],
)
def test_lists_hide_contacts_and_keep_identifiers(text, shown) -> None:
    assert masked(text) == shown
