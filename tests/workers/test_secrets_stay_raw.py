"""Secrets of every kind, in every place of a mail, go through the pipeline: only the raw mail keeps them.

The whole main database is searched, table by table, and what the commands and the log say.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import MetaData, select
from typer.testing import CliRunner

from cli.main import app
from models.store.schema import OUTBOX
from models.tables import main_metadata

KEY = "9f41c7be-20d8-4c3a-b6f5-71e0d2a9c854"
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzIjoxMDczNzQxODI0fQ.kQ3vXf0Lr9TbQx7"
# kind -> (how a seller writes it, what nobody may find again)
SECRETS = {
    "api_key": (f"Client-Id: 374722 Api-Key: {KEY}", KEY),
    "token": (f"Bearer {TOKEN}", TOKEN),
    "client_secret": ("client_secret=Zx81hJq0aPpQ77LmN2vB", "Zx81hJq0aPpQ77LmN2vB"),
    "basic": ("Authorization: Basic dXNlcjpzZWNyZXQxMjM=", "dXNlcjpzZWNyZXQxMjM="),
    "password": ("пароль: Pchelka1954", "Pchelka1954"),
    "zh_password": ("密码：Bao2026!box", "Bao2026!box"),
    "environment": ("DB_PASSWORD=qhR77-aL!x", "qhR77-aL!x"),
    "code": ("код из смс 448 019", "448 019"),
    "card": ("карта 4276 8535 3571 3227", "4276 8535 3571 3227"),
    "account": ("р/с 40702810967170004481", "40702810967170004481"),
    "passport": ("паспорт серия 4512 номер 123987", "4512 номер 123987"),
    "snils": ("СНИЛС 112-233-445 95", "112-233-445 95"),
    "cookie": ("Cookie: sessionid=abcdef1234567890; csrftoken=fedcba0987654321", "fedcba0987654321"),
    "link": ("https://s3.example/a.xlsx?X-Amz-Signature=abcdef0123456789ab", "abcdef0123456789ab"),
    "link_password": ("ftp://ivan:Kolbasa77@ftp.shop.example/x", "Kolbasa77"),
}
SHORT_PLACES = ("subject", "name", "file_name")  # one secret each
LONG_PLACES = ("body", "html", "quoted", "signature", "file_text", "table")
SHORT_KINDS = ("api_key", "token", "basic", "password", "card")


def mail_with(place: str, kind: str) -> bytes:
    """Return a mail that has a secret, or all, in one place and is otherwise an ordinary request."""
    words = SECRETS[kind][0] if kind in SECRETS else " .\n".join(said for said, _ in SECRETS.values())
    message = EmailMessage()
    name = words.replace('"', "").replace("\n", " ") if place == "name" else "Иван"
    message["From"] = f'"{name}" <{kind}.{place}@shop.example>'.replace("_", "-")
    message["To"] = "support@razbor.local"
    message["Subject"] = words if place == "subject" else f"Недостача {place}"
    message["Message-ID"] = f"<{kind}.{place}@shop.example>"
    message["Date"] = "Mon, 16 Nov 2026 12:00:00 +0300"
    quoted = words.replace("\n", "\n> ")
    text = "Добрый день! Поставку 2000061286750 склад принял, но 12 коробок вместо 14.\n"
    text += f"{words}\n" if place == "body" else ""
    text += f"\n-- \nИван\n{words}\n" if place == "signature" else ""
    text += f"\n16.11.2026, 12:00, Пётр <p@b.example> пишет:\n> {quoted}\n" if place == "quoted" else ""
    message.set_content(text)
    if place == "html":
        message.set_content(f"<p>{text}</p><table><tr><td>{words}</td></tr></table>", subtype="html")
    if place == "file_name":
        message.add_attachment(
            b"x", maintype="image", subtype="png", filename=f"{words.replace('/', '_')}.png"
        )
    if place == "file_text":
        message.add_attachment(f"# .env\n{words}\n", filename="settings.txt")
    if place == "table":
        rows = "".join(f'123456789;"{line}"\n' for line in words.splitlines())
        cells = f"sku;comment\n{rows}"
        message.add_attachment(cells, subtype="csv", filename="list.csv")
    return message.as_bytes()


def forms(secret: str) -> set[str]:
    """Return the secret as it might be written: whole, without blanks, in base64, escaped in JSON."""
    plain = {secret, secret.replace(" ", ""), secret.replace("/", "_"), json.dumps(secret)[1:-1]}
    return plain | {base64.b64encode(form.encode()).decode().rstrip("=") for form in plain}


def dump(desk: Any) -> str:
    """Return every row of every table of the main database, as the database has it."""
    tables = MetaData()
    with desk.store.read() as db:
        tables.reflect(db)
        names = [name for name in tables.tables if name != "raw_message"]
        assert set(main_metadata.tables) <= set(names)
        return "\n".join(str(tuple(row)) for name in names for row in db.execute(select(tables.tables[name])))


@pytest.fixture
def _log_in_full() -> Iterator[None]:
    structlog.configure(processors=[structlog.processors.JSONRenderer(ensure_ascii=False)])
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("_log_in_full")
@pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)
def test_no_secret_is_found_outside_the_raw_mail(
    desk: Any,
    database_env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    files = []
    places = [(place, "all") for place in LONG_PLACES]
    places += [(place, kind) for place in SHORT_PLACES for kind in SHORT_KINDS]
    for place, kind in places:
        raw = mail_with(place, kind)
        desk.mail(raw=raw, sender=f"{kind}.{place}@shop.example")
        files.append(tmp_path / f"{kind}.{place}.eml")
        files[-1].write_bytes(raw)
    while desk.read().full:
        pass
    while desk.work().full:
        pass
    assert set(desk.ends()) <= {"opened", "appended"}
    seen = {"database": dump(desk), "log": "".join(capfd.readouterr())}
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)
    run: Callable[..., Any] = CliRunner().invoke
    number = str(desk.tickets()[0].id)
    for words in (
        ["read", "--json", *map(str, files)],
        ["read", *map(str, files[:12])],
        ["export", "journal"],
        ["export", "labels"],
        ["tickets", "list", "--json"],
        ["tickets", "show", number],
        ["status", "--json"],
    ):
        done = run(app, words)
        assert done.exit_code == 0, done.output
        seen[" ".join(words[:2])] = done.output
    found = [
        (kind, where, text[max(0, at - 60) : at + 40])
        for kind, (_, secret) in SECRETS.items()
        for form in forms(secret)
        for where, text in seen.items()
        if (at := text.find(form)) >= 0
    ]
    assert found == []


@pytest.mark.parametrize("kind", ["api_key", "password", "code", "card"])
def test_the_reply_warns_of_the_secret_and_does_not_repeat_it(desk: Any, kind: str) -> None:
    """Rules R54 and 4.2: the sender is told to change it; the subject that comes back holds none of it."""
    desk.mail(raw=mail_with("subject", kind))
    desk.read()
    desk.work()
    (reply,) = desk.rows(OUTBOX)
    assert SECRETS[kind][1] not in reply.subject + reply.text
    assert "[СКРЫТО:" in reply.subject
    told = {"api_key": "ключ", "password": "парол", "code": "код", "card": "карт"}[kind]
    assert told in reply.text.lower()
