"""Reading batches on both engines: every mail ends once, and one mail's fault is its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from intake.read_mail import read_mail
from models.records import Mail
from models.store import Store, open_store
from models.store.leases import claim_mails, process_token, take_duty
from models.store.schema import MAIL_STATE, MESSAGE, PREDICTION
from workers import batch, batch_writing, isolated_read
from workers.batch import take_in
from workers.disposing import dispose, lock_keys

NASTY = {
    "empty": b"",
    "no_from": b"Subject: x\r\n\r\nwhere is my supply 2000061286750\r\n",
    "no_message_id": b"From: a@shop.example\r\nSubject: x\r\n\r\nwhere is my supply\r\n",
    "unknown_charset": b"From: b@shop.example\r\nMessage-ID: <c@x>\r\n"
    b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\x00\x80\x81garbage\r\n",
    "nul": b"From: n@shop.example\r\nSubject: a\x00b\r\nMessage-ID: <n\x00@x>\r\n\r\nsupply \x00 lost\r\n",
    "surrogates": b'From: "\xff\xfe" <s@shop.example>\r\nSubject: =?utf-8?q?=ED=A0=80?=\r\n'
    b"Message-ID: <\xff@x>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xed\xa0\x80 lost\r\n",
    "header_bomb": b"From: h@shop.example\r\n"
    + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 50) for n in range(5000))
    + b"\r\nhelp\r\n",
    "long_ids": b"From: l@shop.example\r\nMessage-ID: <%s@x>\r\nReferences: %s\r\n\r\nhelp me please\r\n"
    % (b"".join(b"%06x" % (n * 7919 % 16777216) for n in range(1500)), b"<r@x> " * 3000),
    "nested": b"From: d@shop.example\r\nMessage-ID: <d@x>\r\n"
    b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
    + b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(2000)
    )
    + b"--b2000\r\nContent-Type: text/plain\r\n\r\ninside\r\n",
}


def test_each_disposition(desk: Any) -> None:
    desk.mail(message_id="1@shop.example")
    desk.read()
    number = desk.tickets()[0].id
    desk.mail("ID продавца 1250487", subject=f"[RZ-{number}]", message_id="2@shop.example")
    desk.mail(message_id="1@shop.example")
    desk.mail(
        "I am away until Monday.",
        subject="Out of office",
        message_id="3@shop.example",
        headers={"Auto-Submitted": "auto-replied"},
    )
    desk.mail("casino bonus", subject="win", sender="spam@bad.example", message_id="4@bad.example")
    desk.mail("unsure words", subject="hm", sender="other@shop.example", message_id="5@shop.example")
    result = desk.read()
    assert desk.ends() == ["opened", "appended", "duplicate", "auto", "quarantined", "opened"]
    assert result.topics == {"logistics_acceptance"}
    assert result.replies, "the unsure mail is acknowledged"
    tickets = desk.tickets()
    assert [ticket.in_review for ticket in tickets] == [False, True]
    assert [row.kind for row in desk.outbox()] == ["received_neutral"]
    assert len(desk.rows(PREDICTION)) == 6
    desk.assert_balanced()


def test_mails_of_one_batch_see_each_other(desk: Any) -> None:
    """A duplicate and a follow-up that arrive with their first mail are told from it."""
    desk.mail(message_id="1@shop.example")
    desk.mail(message_id="1@shop.example")
    follow_up = {"In-Reply-To": "<1@shop.example>", "References": "<1@shop.example>"}
    desk.mail("ID продавца 1250487", message_id="2@shop.example", headers=follow_up)
    desk.mail(message_id="1-again@shop.example")  # the same words under another Message-ID
    desk.read()
    assert desk.ends() == ["opened", "duplicate", "appended", "appended"]
    assert len(desk.tickets()) == 1


def test_bad_input_ends_in_a_disposition(desk: Any) -> None:
    for raw in NASTY.values():
        desk.mail(raw=raw)
    desk.mail(sender="fine@shop.example", message_id="fine@shop.example")
    desk.read()
    ends = dict(zip([*NASTY, "fine"], desk.ends(), strict=True))
    assert None not in ends.values()
    assert "held" not in ends.values(), ends
    assert ends["fine"] == "opened"
    desk.assert_balanced()


@pytest.mark.parametrize(
    "text", ["SELLERWORDS \x00", "SELLERWORDS \udc80", "SELLERWORDS"], ids=["nul", "surrogate", "error"]
)
def test_a_mail_that_cannot_be_stored_is_held_alone(
    desk: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    bad = desk.mail(message_id="bad@shop.example")
    desk.mail(sender="fine@shop.example", message_id="fine@shop.example")

    def failing(db: Any, service: Any, arrivals: Any) -> Any:
        touched = dispose(db, service, arrivals)
        if any(arrival.raw.raw_id == bad for arrival in arrivals):
            db.execute(update(MESSAGE).where(MESSAGE.c.raw_id == bad).values(text=text))
            raise AttributeError(
                "unforeseen \udc80"
            )  # no error that anybody foresaw; on PostgreSQL the write fails first
        return touched

    monkeypatch.setattr(batch_writing, "dispose", failing)
    desk.read()
    assert desk.ends() == ["held", "opened"]
    assert "could not be stored" in desk.states()[0].cause
    assert "SELLERWORDS" not in capsys.readouterr().out, "no words of a seller in a log"
    assert len(desk.tickets()) == 1, "what the held mail wrote is undone"
    desk.assert_balanced()


def test_a_message_id_too_long_for_an_index_holds_its_mail_only(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL calls this an operational error, as it calls a lost connection."""
    long_id = "".join(f"{n * 2654435761 % 2**32:08x}" for n in range(2000))

    def read_long(raw: bytes, envelope: Any, options: Any) -> Mail:
        mail = read_mail(raw, envelope, options)
        import dataclasses

        return dataclasses.replace(mail, message_id=long_id) if b"long" in raw else mail

    monkeypatch.setattr(batch, "read_mail", read_long)
    desk.mail("long one", message_id="long@shop.example")
    desk.mail(sender="fine@shop.example", message_id="fine@shop.example")
    desk.read()
    assert desk.ends() == ["opened" if desk.store.is_sqlite else "held", "opened"]


def test_a_mail_that_cannot_be_read_or_classified_is_held_alone(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(raw: bytes, envelope: Any, options: Any) -> Mail:
        if b"unreadable" in raw:
            raise RecursionError("deep \x00\udc80")
        return read_mail(raw, envelope, options)

    def breaks(document: Any) -> None:
        if "breaks-the-model" in document.subject:
            raise ZeroDivisionError

    monkeypatch.setattr(batch, "read_mail", unreadable)
    desk.predictor.on_document = breaks
    desk.mail("unreadable", message_id="1@shop.example")
    desk.mail(subject="breaks-the-model", message_id="2@shop.example")
    desk.mail(sender="fine@shop.example", message_id="3@shop.example")
    desk.read()
    assert desk.ends() == ["held", "held", "opened"]
    assert "RecursionError" in desk.states()[0].cause
    assert "could not be classified" in desk.states()[1].cause
    assert desk.predictor.refreshed == 1, "one look for a champion in a batch, also when it is tried again"


@pytest.mark.parametrize(
    "error", [OperationalError("x", {}, Exception("gone")), MemoryError(), SystemExit(1)]
)
def test_a_fault_of_the_machine_gives_the_batch_back(
    desk: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    desk.mail(message_id="1@shop.example")
    desk.mail(sender="b@shop.example", message_id="2@shop.example")
    calls = []

    def failing(*given: Any) -> Any:
        touched = dispose(*given)
        calls.append(given)
        if len(calls) == 1:
            raise error  # with both mails written and nothing committed
        return touched

    monkeypatch.setattr(batch_writing, "dispose", failing)
    with pytest.raises(type(error)):
        desk.read()
    assert desk.ends() == [None, None]
    assert {(row.lease_token, row.attempts, row.lost_leases) for row in desk.states()} == {(None, 0, 0)}
    desk.assert_balanced(in_flight=2)
    desk.read()
    assert desk.ends() == ["opened", "opened"]


def test_a_lease_that_was_taken_over_writes_nothing(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.mail(message_id="1@shop.example")

    def slow(*given: Any) -> Mail:
        monkeypatch.setattr(batch, "read_mail", read_mail)
        desk.pass_time(1000)
        assert desk.read().count == 1  # somebody else's turn
        return read_mail(*given)

    monkeypatch.setattr(batch, "read_mail", slow)
    desk.read()
    assert desk.ends() == ["opened"]
    assert len(desk.tickets()) == 1
    assert len(desk.rows(MESSAGE)) == 1


def test_two_workers_at_once_work_each_mail_once(desk: Any, database_env: dict[str, str]) -> None:
    for n in range(40):
        desk.mail(sender=f"s{n % 5}@shop.example", message_id=f"{n}@shop.example", subject=f"{n}")
    errors: list[Exception] = []

    def run() -> None:
        store = reopen(database_env)
        service = desk.make_service(store, batch_size=6)
        try:
            while batch.read_batch(service).count:
                pass
        except Exception as error:  # noqa: BLE001 - the thread's edge: the test asserts there was none
            errors.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    desk.read()  # SQLite adopts in one step; nothing is left for a third
    assert len(desk.rows(MESSAGE)) == 40
    assert len(desk.rows(PREDICTION)) == 40
    assert set(desk.ends()) <= {"opened", "appended"}
    desk.assert_balanced()


def reopen(database_env: dict[str, str]) -> Store:
    url = database_env.get("RAZBOR_DATABASE_URL", "")
    if url:
        alchemy = url.replace("postgresql://", "postgresql+psycopg://")
        return open_store(alchemy, alchemy)
    folder = database_env["RAZBOR_DATA_DIR"]
    return open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")


def test_a_follow_up_by_reference_locks_its_ticket(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.mail(message_id="1@shop.example")
    desk.read()
    desk.work()
    reply_id = desk.outbox()[0].message_id
    locked: list[set[str]] = []
    original = desk.store.write

    def watching(keys: Any = ()) -> Any:
        locked.append(set(keys))
        return original(locked[-1])

    monkeypatch.setattr(desk.store, "write", watching)
    desk.mail("ID продавца 1250487", message_id="2@shop.example", headers={"In-Reply-To": f"<{reply_id}>"})
    desk.read()
    assert desk.ends() == ["opened", "appended"]
    if not desk.store.is_sqlite:
        assert any(f"ticket:RZ-{desk.tickets()[0].id}" in keys for keys in locked)


def test_no_key_is_everybodys() -> None:
    """An empty Message-ID as a key would make all workers wait for each other."""
    assert {key for key in lock_keys(Mail(content_sha256="c"), ()) if key.endswith(":")} == set()


def test_a_batch_is_bounded_in_bytes_and_time(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        desk.mail(sender=f"s{n}@shop.example", message_id=f"{n}@shop.example")
    monkeypatch.setattr(batch, "BATCH_BYTES", 1000)
    result = desk.read()
    assert (result.count, result.full) == (1, True)
    monkeypatch.undo()
    moments = iter([0.0, 0.0, 100.0])
    result = batch.read_batch(desk.service, clock=lambda: next(moments))
    assert (result.count, result.full) == (2, True)
    assert [row.attempts for row in desk.states()] == [1, 1, 1, 0]
    assert desk.read().count == 1
    assert desk.ends() == ["opened"] * 4


def lose(desk: Any, times: int) -> None:
    take_in(desk.service, portions=1)
    for _ in range(times):
        claim_mails(desk.store, now_utc=desk.now, lease_s=60, limit=10)
        desk.pass_time(61)


def test_a_mail_lost_twice_is_read_in_a_child_and_goes_on_if_that_lives(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[Any] = []
    original = subprocess.run

    def watching(*given: Any, **options: Any) -> Any:
        children.append(given)
        return original(*given, **options)

    monkeypatch.setattr(isolated_read.subprocess, "run", watching)
    desk.mail(message_id="1@shop.example")
    lose(desk, 1)
    desk.read()
    assert children == []
    desk.mail(sender="b@shop.example", message_id="2@shop.example")
    lose(desk, 2)
    desk.read()
    assert len(children) == 1
    assert desk.ends() == ["opened", "opened"]


@pytest.mark.parametrize(
    ("program", "cause"),
    [
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("import sys; sys.exit(1)", "status 1"),
        ("print('{')", "no answer"),
        ('print(\'{"cause": "too odd"}\')', "too odd"),
        ("import time; time.sleep(60)", "longer than"),
    ],
)
def test_a_mail_that_kills_its_child_is_held(
    desk: Any, monkeypatch: pytest.MonkeyPatch, program: str, cause: str
) -> None:
    original = subprocess.run

    def deadly(_command: Any, **options: Any) -> Any:
        return original([sys.executable, "-c", program], **{**options, "timeout": 1.5})

    monkeypatch.setattr(isolated_read.subprocess, "run", deadly)
    desk.mail(message_id="1@shop.example")
    lose(desk, 2)
    desk.read()
    assert desk.ends() == ["held"]
    assert cause in desk.states()[0].cause


def test_purged_bytes_are_held_with_their_cause(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.mail(message_id="1@shop.example")
    monkeypatch.setattr(batch, "fetch_readable", lambda *_: ({}, {}))
    desk.read()
    assert desk.ends() == ["held"]
    assert "no longer kept" in desk.states()[0].cause


def test_a_duty_is_taken_by_one_and_not_kept_by_the_dead(store: Store, desk: Any) -> None:
    other = process_token().rpartition(":")[0] + ":other"
    assert take_duty(store, "x", process_token("x"), now_utc=desk.now, hold_s=60)
    assert not take_duty(store, "x", other, now_utc=desk.now, hold_s=60)
    assert take_duty(store, "x", other, now_utc=desk.now + timedelta(seconds=61), hold_s=60)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = process_token().partition(":")[0]
    dead = f"{host}:{child.pid}:gone"
    assert take_duty(store, "y", dead, now_utc=desk.now, hold_s=60)
    assert take_duty(store, "y", other, now_utc=desk.now, hold_s=60)


def test_a_retried_mail_ends_again(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.store.mails import retry_held

    monkeypatch.setattr(batch_writing, "dispose", lambda *_: 1 / 0)
    raw_id = desk.mail(message_id="1@shop.example")
    desk.read()
    monkeypatch.undo()
    with desk.store.write() as db:
        retry_held(db, [raw_id])
    desk.read()
    assert desk.ends() == ["opened"]
    assert [row.cause for row in desk.rows(MAIL_STATE)] == [""]
