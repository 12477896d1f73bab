"""`razbor import` hands eml files, folders, mbox and maildir to the real listener."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from intake.limits import Limits
from models.raw_store import SqliteRawStore
from tests.intake.smtp_harness import MAILBOX, RunningListener, make_store_file, stored

FIRST = (
    b"Return-Path: <bounce@shop.example>\nFrom: Anna <anna@shop.example>\n"
    b"To: x@other.example\nSubject: 1\n\n.dot\n"
)
SECOND = "From: Ли <li@dian.example>\nTo: support@razbor.test\nSubject: 订单\n\n您好\n".encode()


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    folder = tmp_path / "stored"
    folder.mkdir()
    (folder / "a.eml").write_bytes(FIRST)
    (folder / "notes.txt").write_text("not a mail")
    box = mailbox.mbox(folder / "b.mbox")
    box.add(SECOND)
    box.add(FIRST)
    box.close()
    maildir = mailbox.Maildir(tmp_path / "maildir")
    maildir.add(SECOND)
    return tmp_path


def test_import_takes_every_kind_of_store(
    mails: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_store_file(tmp_path)
    with RunningListener(SqliteRawStore(path)) as listener:
        monkeypatch.setenv("RAZBOR_SMTP_PORT", str(listener.port))
        monkeypatch.setenv("RAZBOR_MAILBOXES", MAILBOX)
        result = CliRunner().invoke(app, ["import", str(mails / "stored"), str(mails / "maildir")])
    assert result.exit_code == 0, result.output
    assert "4 of 4 mails were accepted" in result.output
    rows = stored(path)
    assert [row.mail_from for row in rows] == [
        "bounce@shop.example",
        "li@dian.example",
        "bounce@shop.example",
        "li@dian.example",
    ]
    assert {tuple(row.rcpt_tos) for row in rows} == {(MAILBOX,)}
    assert rows[0].raw == FIRST.replace(b"\n", b"\r\n")
    assert rows[1].raw.endswith("您好\r\n".encode())


def test_without_a_listener_it_says_what_to_start(mails: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAZBOR_SMTP_PORT", "1")
    result = CliRunner().invoke(app, ["import", str(mails / "maildir")])
    assert "start `razbor serve`" in str(result.exception)


def test_a_refused_mail_is_named_and_the_others_go_on(
    mails: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_store_file(tmp_path)
    (mails / "stored" / "big.eml").write_bytes(FIRST + b"x" * 70 + b"\n" + b"yyyyyyyyy\n" * 20_000)
    with RunningListener(SqliteRawStore(path), limits=Limits(max_message_bytes=100_000)) as listener:
        monkeypatch.setenv("RAZBOR_SMTP_PORT", str(listener.port))
        monkeypatch.setenv("RAZBOR_MAILBOXES", MAILBOX)
        result = CliRunner().invoke(app, ["import", str(mails / "stored")])
    assert result.exit_code == 1
    assert "big.eml: not accepted: 552" in result.output
    assert "3 of 4 mails were accepted" in result.output
