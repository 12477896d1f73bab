"""The table of replies: well formed, honest about permanence, helpful, and all of it used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from intake.smtp_replies import Reply
from intake.smtp_service import SmtpService

INTAKE = Path(__file__).resolve().parents[2] / "intake"


def reply_facts() -> dict[str, object]:
    service = SmtpService(hostname="mx.razbor.test", mailboxes=(), commit=lambda _mail: None)  # type: ignore[arg-type]
    return service.reply_facts


@pytest.mark.parametrize("reply", Reply, ids=lambda reply: reply.name)
def test_reply_is_well_formed(reply: Reply) -> None:
    line = reply.filled(reply_facts())
    assert line.endswith(b"\r\n")
    assert len(line) <= 512  # RFC 5321 4.5.3.1.5
    assert re.fullmatch(r"\d{3} [\x20-\x7e]+\r\n", line.decode())
    assert "{" not in line.decode()
    if reply.status:  # RFC 2034: the class of the enhanced code is the first digit of the code
        assert re.fullmatch(r"[245]\.\d\.\d{1,3}", reply.status)
        assert reply.status[0] == str(reply.code)[0]


@pytest.mark.parametrize("reply", [r for r in Reply if r.code >= 400], ids=lambda reply: reply.name)
def test_refusal_says_what_to_do(reply: Reply) -> None:
    problem, colon, remedy = reply.text.partition(": ")
    assert problem
    assert colon
    assert len(remedy.split()) >= 2
    assert reply.status


def test_faults_on_our_side_are_temporary() -> None:
    ours = {
        Reply.FAULT,
        Reply.STORE_UNAVAILABLE,
        Reply.STORE_FULL,
        Reply.SHORT_OF_MEMORY,
        Reply.SHUTTING_DOWN,
    }
    assert {reply.code // 100 for reply in ours} == {4}


def test_codes_of_the_design() -> None:
    codes = {
        Reply.STORE_UNAVAILABLE: 451,
        Reply.STORE_FULL: 452,
        Reply.TOO_LARGE: 552,
        Reply.TOO_MANY_CONNECTIONS: 421,
        Reply.TOO_FAST: 421,
        Reply.UNKNOWN_MAILBOX: 550,
        Reply.TOO_MANY_RECIPIENTS: 452,
    }
    assert {reply: reply.code for reply in codes} == codes


def test_every_reply_is_used_and_no_other_is_written_by_hand() -> None:
    source = "".join(path.read_text() for path in INTAKE.glob("*.py") if path.name != "smtp_replies.py")
    assert [reply.name for reply in Reply if f"Reply.{reply.name}" not in source] == []
    assert re.findall(r"b?\"[2345]\d\d [A-Za-z0-9]", source) == []
