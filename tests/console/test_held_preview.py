"""The text of a held mail: shown as words, without secrets, whatever the mail does to its reader."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from contextlib import closing
from quopri import encodestring

import pytest
from sqlalchemy import update

from benchmarks.hostile_mails import parts_of
from console.refusal_words import refusal
from intake.letter_preview import PREVIEW_CHARS, letter_words, rough_words
from models.store.mails import hold_mail
from models.store.raw_mail import adopt_new_mail
from models.store.schema import AUDIT, MAIL_STATE
from tests.console.conftest import on_sqlite
from tests.console.test_ticket import HOSTILE
from workers import batch, opening
from workers.acts import ActError
from workers.read_budget import Budget

HEAD = b"From: seller@shop.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
SAID = "Поставка 2000061286750: сдали 14, принято 11. Пароль: hunter2hunter2"
PAGE = f"<html><style>p {{color: red}}</style><p>{SAID}</p><script>alert(1)</script>"
LETTERS = {
    "plain": b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + SAID.encode(),
    "of one octet": b"Content-Type: text/plain; charset=koi8-r\r\n\r\n" + SAID.encode("koi8-r"),
    "undeclared": b"\r\n" + SAID.encode("cp1251"),
    "base64": b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b64encode(SAID.encode()),
    "page": b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + encodestring(PAGE.encode()),
    "part": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nxx\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + b64encode(SAID.encode())
    + b"\r\n--b--\r\n",
}


@pytest.mark.parametrize("way", [letter_words, rough_words])
@pytest.mark.parametrize("kind", LETTERS)
def test_words_are_decoded_and_secrets_taken_out(kind, way) -> None:
    words = way(HEAD + LETTERS[kind])
    assert "Поставка 2000061286750: сдали 14, принято 11." in words
    assert "hunter2" not in words
    assert "alert" not in words
    assert "color" not in words


@pytest.mark.parametrize("way", [letter_words, rough_words])
def test_a_secret_at_the_cut_is_not_halved_and_a_flood_is_short(way) -> None:
    key = "eyJhbGciOiJIUzI1NiJ9." + "QWxhZGRpbjpvcGVuc2VzYW1l" * 30
    for filling in (8_500, 8_950, 5_980):
        text = ("слово 1 " * 2_000)[:filling] + f" пароль: {key}"
        words = way(HEAD + LETTERS["plain"].replace(SAID.encode(), text.encode()))
        assert "eyJ" not in words
        assert len(words) <= PREVIEW_CHARS
    assert way(HEAD + b"\r\n" + b"\n \n" * 200_000) == ""
    assert way(b"") == ""


@on_sqlite
def test_a_mail_over_its_budget_is_shown_roughly_or_says_why_not(web, monkeypatch) -> None:
    page = f"<p>{SAID}</p>".encode() + b"<p>123456789 abc</p>" * 3000
    heavy = parts_of([b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page] * 4)
    monkeypatch.setattr(batch, "BUDGET", Budget(cpu_s=0.04))
    raw_id = web.desk.mail(raw=heavy)
    web.desk.read()
    assert web.desk.ends() == ["held"]
    seen = opening.preview_held(web.desk.service, raw_id, "maria", cpu_s=0.05)
    assert seen.rough_because == "opening it takes more than 0.05 s of processor time"
    assert seen.text.startswith("Поставка 2000061286750")
    assert "hunter2" not in seen.text
    monkeypatch.setattr(opening, "open_apart", lambda *_: pytest.fail("no child for what is not there"))
    with web.desk.store.write() as db:
        db.execute(update(MAIL_STATE).values(disposition="opened"))
    with pytest.raises(ActError, match="not held"):
        opening.preview_held(web.desk.service, raw_id, "maria")


@on_sqlite
def test_a_poison_mail_is_shown_as_text_and_nothing_of_it_acts(web) -> None:
    raw_id = web.desk.mail(SAID + "\n" + "\n".join(HOSTILE))
    adopt_new_mail(web.desk.store)
    with web.desk.store.write() as db:
        hold_mail(db, raw_id, "reading it ends its process with signal 9", web.desk.now)
    web.enter("operator", language="ru")
    shell = web.get(f"/mails/{raw_id}").text
    assert "чтение обрывает свой процесс сигналом 9" in shell
    assert f'hx-get="/mails/{raw_id}/words"' in shell
    part = web.get(f"/mails/{raw_id}/words", **{"HX-Target": "mail-words"}).text
    assert "сдали 14, принято 11" in part
    assert "hunter2" not in part
    assert "&lt;script" in part
    assert "<script" not in part
    assert "<img" not in part
    assert "<html" not in part
    assert [(row.actor, row.subject) for row in web.desk.rows(AUDIT) if row.action == "preview_held"] == [
        ("operator", f"raw:{raw_id}")
    ]


SEALED = {"ru": "зашифровано, а ключа", "en": "is sealed, and", "zh": "已加密存储"}
GONE = {"ru": "больше не хранится", "en": "no longer kept", "zh": "不再保留"}
FAILED = {"ru": "не открывается: на открытие уходит больше 2 с", "zh": "无法打开：打开所需超过 2 秒"}


@on_sqlite
def test_what_cannot_be_shown_says_why_in_three_languages(web) -> None:
    raw_id = web.desk.mail(SAID)
    adopt_new_mail(web.desk.store)
    with web.desk.store.write() as db:
        hold_mail(db, raw_id, "reading it takes more than 1 s of processor time", web.desk.now)
    for change, told in (("codec = 'sealed:k7'", SEALED), ("raw = NULL", GONE)):
        with closing(sqlite3.connect(web.desk.store.intake.url.database)) as raw, raw:
            raw.execute(f"UPDATE raw_message SET {change}")
        for language, said in told.items():
            web.enter("operator", login=f"operator-{language}", language=language)
            assert said in web.get(f"/mails/{raw_id}/words").text
    with web.desk.store.write() as db:
        db.execute(update(MAIL_STATE).values(raw_purged_at_utc=web.desk.now))
    for language, said in GONE.items():
        web.enter("operator", login=f"operator-{language}", language=language)
        page = web.get(f"/mails/{raw_id}").text
        assert said in page
        assert "/words" not in page
    for language, said in FAILED.items():
        failed = "it cannot be opened: opening it takes more than 2 s of processor time"
        assert refusal(failed, language).startswith(said)
    web.enter("viewer")
    assert web.get(f"/mails/{raw_id}/words").status_code == 403
