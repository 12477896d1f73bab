"""What reading says of a mail is told in the operator's language: every sentence of intake is known."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from console.refusal_words import stored_words
from models.store.schema import MESSAGE
from tests.console.conftest import on_sqlite

INTAKE = Path(__file__).parents[2] / "intake"
SPEAKS = re.compile(r"warning|UnreadableFileError\(|Refusal\(|trouble|limits\[")
FOR_LOGS = frozenset({"group_commit.py", "listener.py", "nudge.py", "smtp_connection.py"})
PROSE = re.compile(r"[a-z][^\\\[\]<>|^$*%]*[A-Za-z7][,:;)]? [a-zA-Z(][^\\\[\]<>|^$*%]*")
NOT_SAID = (
    "there is no reader for",  # faults of ours
    "the child was started",
    "attachment; ",  # fields of a header
)


@cache
def sentences(path: Path) -> tuple[str, ...]:
    """Return the English of a module outside its docstrings, 7 for what is put in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    inside = {id(piece) for text in whole for piece in ast.walk(text) if isinstance(piece, ast.Constant)}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said = [_with_sevens(text) for text in whole]
    said += [
        node.value.replace("{codec}", "cp1251")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside
    ]
    return tuple(text for text in said if PROSE.fullmatch(text) and not text.startswith(NOT_SAID))


def _with_sevens(text: ast.JoinedStr) -> str:
    """Put 7 where a value stands, nothing where a tail may follow a word at once."""
    said = ""
    for piece in text.values:
        if isinstance(piece, ast.Constant):
            said += str(piece.value)
        elif not said[-1:].isalpha():
            said += "7"
    return said


SPEAKERS = sorted(
    path
    for path in INTAKE.rglob("*.py")
    if path.name not in FOR_LOGS and SPEAKS.search(path.read_text(encoding="utf-8")) and sentences(path)
)


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: path.name)
def test_every_sentence_of_reading_has_its_words(path: Path) -> None:
    for said in sentences(path):
        assert re.search("[а-яё]", stored_words(said, "ru")), said
        assert re.search("[一-鿿]", stored_words(said, "zh")), said
        assert stored_words(said, "en") == said
        assert stored_words(said, "ru").count("7") >= said.count("7"), "what is put in stays"


def test_the_walk_finds_what_readers_say() -> None:
    said = {text for path in SPEAKERS for text in sentences(path)}
    assert len(said) > 110
    assert {
        "header: no From address",
        "the body was changed",
        "holds macros",
        "rsa-sha1 proves nothing",
    } <= said
    assert "charset: 7 octets fit no character of utf-8" in said


NESTED = [
    (
        "attachment остатки.xlsx: only its first 5 sheets were read; only the first of its 90 rows were read",
        "вложение остатки.xlsx: прочитано листов: только первые 5; прочитаны только первые из 90 строк",
        "附件 остатки.xlsx：仅读取前 5 个工作表；共 90 行，仅读取前面部分",
    ),
    (
        "subject: charset: declared utf-8, read as cp1251",
        "тема: кодировка: указана utf-8, прочитано как cp1251",
        "主题：字符集：声明为 utf-8，按 cp1251 读取",
    ),
    (
        "forwarded mail: attachment a.png: its name says a picture, its content is a web page",
        "пересланное письмо: вложение a.png: по имени это картинка, по содержимому веб-страница",
        "转发的邮件：附件 a.png：文件名显示为图片，内容却是网页",
    ),
    (
        "attachment act.pdf.exe: is a program that hides behind a second ending",
        "вложение act.pdf.exe: это программа, скрытая за вторым расширением",
        "附件 act.pdf.exe：这是以双重扩展名伪装的程序",
    ),
    (
        "authentication: the DKIM signature of shop.example does not count: it has expired",
        "проверка отправителя: подпись DKIM домена shop.example не засчитана: срок подписи истёк",
        "发件人验证：shop.example 的 DKIM 签名不作数：签名已过期",
    ),
]


@pytest.mark.parametrize(("said", "ru", "zh"), NESTED)
def test_sentences_within_sentences(said: str, ru: str, zh: str) -> None:
    assert (stored_words(said, "ru"), stored_words(said, "zh"), stored_words(said, "en")) == (ru, zh, said)


@on_sqlite
def test_a_ticket_tells_its_warnings_in_the_operators_language(web) -> None:
    body = b"\xcf\xee\xf1\xf2\xe0\xe2\xea\xe0 2000061286750, \xed\xe5\xe4\xee\xf1\xf2\xe0\xf7\xe0"
    web.desk.mail(raw=b"From: seller@shop.example\r\nTo: support@razbor.local\r\nSubject: x\r\n\r\n" + body)
    web.desk.read()
    assert web.desk.rows(MESSAGE)[0].warnings
    web.enter("operator", language="ru")
    page = web.get(f"/tickets/{web.desk.tickets()[0].id}").text
    assert "кодировка: не указана, прочитано как cp1251" in page
    assert "заголовок: нет Message-ID" in page
