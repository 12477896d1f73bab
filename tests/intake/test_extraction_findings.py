"""Links, places, deadlines, risks, wishes, roles, corrections, placeholders: examples and counter-examples.

Every row of `findings.toml` is read bare, at the start, in the middle and at the end of a sentence.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from intake.extraction import Extraction, MailFields, extract

ROWS: dict[str, list[list[str]]] = tomllib.loads(
    (Path(__file__).parent / "findings.toml").read_text(encoding="utf-8")
)
FRAMES = {
    "ru": ("{}", "{} , проверьте", "Здравствуйте, {}. Спасибо.", "Пишем вам: {}"),
    "zh": ("{}", "{}，谢谢", "您好，{}。谢谢", "问题：{}"),
    "en": ("{}", "{} , please check", "Hello, {}. Thank you.", "Our matter: {}"),
}


def read(body: str, language: str, **fields: str) -> Extraction:
    texts = MailFields(fields.get("subject", ""), body, fields.get("quoted", ""), fields.get("signature", ""))
    return extract(texts, mail_date=date(2026, 11, 15), language=language, marketplace="unknown")


@pytest.mark.parametrize("language", ["ru", "zh", "en"])
@pytest.mark.parametrize("frame", range(4), ids=("bare", "start", "middle", "end"))
def test_every_row_holds_in_every_position(language: str, frame: int) -> None:
    failures = []
    for text, *expected in ROWS[language]:
        findings = read(FRAMES[language][frame].format(text), language).findings
        found = {f"{item.type}={item.value}" for item in findings}
        types = {item.type for item in findings}
        wanted = {name for name in expected if not name.startswith("!")}
        if not wanted <= found or types & {name[1:] for name in expected if name.startswith("!")}:
            failures.append((text, expected, sorted(found)))
    assert not failures, failures


@pytest.mark.parametrize(
    ("language", "text", "roles"),
    [
        ("ru", "Перенесите с поставки 28110467 на поставку 28110999", {"28110467": "from", "28110999": "to"}),
        (
            "ru",
            "Исправьте трек RB123456785RU на RB123456771RU",
            {"RB123456785RU": "old", "RB123456771RU": "new"},
        ),
        ("ru", "верный SKU 160249684, а не 160249683", {"160249683": "old", "160249684": "new"}),
        ("zh", "从供货单 28110467 转到 28110999", {"28110467": "from", "28110999": "to"}),
        (
            "zh",
            "条码不是 4601234567893，而是 4607654321098",
            {"4601234567893": "old", "4607654321098": "new"},
        ),
        ("en", "change campaign 10524818 to 10524999", {"10524818": "old", "10524999": "new"}),
        ("en", "move it from supply 28110467 to supply 28110999", {"28110467": "from", "28110999": "to"}),
        ("en", "SKU 160249683 and SKU 160249684", {"160249683": "", "160249684": ""}),
        ("ru", "с 10 по 12 ноября, SKU 160249683", {"160249683": ""}),
    ],
)
def test_two_values_of_one_type_have_roles(language: str, text: str, roles: dict[str, str]) -> None:
    found = {entity.value: entity.role for entity in read(text, language).entities}
    assert {value: found.get(value) for value in roles} == roles


def test_what_is_quoted_says_nothing_about_the_writer() -> None:
    quoted = "Срочно! Я покупатель, позвоните мне. Остановка продаж. Ответьте до 20.11"
    found = {item.type for item in read("Спасибо, принято", "ru", quoted=quoted).findings}
    assert not found & {"priority_stated", "sender_role", "preferred_channel", "business_risk", "deadline"}


def test_a_forwarded_letter_without_words_of_its_own_speaks_for_itself() -> None:
    found = {item.type for item in read("", "ru", quoted="Срочно! Ответьте до 20.11").findings}
    assert {"priority_stated", "deadline"} <= found


def test_without_a_mail_date_nothing_is_resolved() -> None:
    fields = MailFields("", "Вчера, за прошлую неделю, до конца месяца, до пятницы", "", "")
    findings = extract(fields, mail_date=None, language="ru", marketplace="unknown").findings
    assert {(item.type, item.value) for item in findings} == {
        ("relative_date", ""),
        ("relative_period", ""),
        ("deadline", ""),
    }
