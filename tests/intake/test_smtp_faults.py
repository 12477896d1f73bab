"""Faults of store, disk and broker while mail comes in: temporary refusals, nothing lost, nothing told."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from intake.smtp import SmtpSession
from models.raw_store import MailRefused, StoreFull, StoreUnavailable
from tests.intake.smtp_harness import (
    MAILBOX,
    Client,
    RunningListener,
    SlowStore,
    client,
    open_store,
    small_limits,
    stored,
    wait_until,
)

RAW = b"Subject: x\r\n\r\nbody\r\n"
SECRET = "postgresql://user:hunter2@db.internal/razbor"


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (StoreUnavailable(SECRET), "451 4.3.0 The mail cannot be stored right now: send it again later"),
        (StoreFull(SECRET), "452 4.3.1 No room to store the mail: send it again later"),
        (MailRefused(SECRET), "451 4.3.0 The mail cannot be stored right now: send it again later"),
        (RuntimeError(SECRET), "451 4.3.0 The mail cannot be stored right now: send it again later"),
        (MemoryError(SECRET), "451 4.3.0 The mail cannot be stored right now: send it again later"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_fault_of_the_store_is_temporary_and_told_without_its_text(error: Exception, reply: str) -> None:
    store = SlowStore()
    with RunningListener(store) as listener, client(listener.port) as peer:
        store.failures.append(error)
        assert peer.deliver(RAW) == reply
        assert peer.deliver(RAW).startswith("250 ")
    assert [mail.raw for mail in store.mails] == [RAW]


def test_fault_of_ours_is_temporary_and_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_session: SmtpSession, _recipient: str) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(SmtpSession, "_recipient_reply", broken)
    with RunningListener(SlowStore()) as listener, client(listener.port) as peer:
        peer.ask("MAIL FROM:<a@b.example>")
        assert peer.ask(f"RCPT TO:<{MAILBOX}>").startswith("451 4.3.0 A fault on our side")
        assert peer.reply() == ""
    assert SECRET in caplog.text


def test_locked_store_gives_451_and_the_retry_succeeds(tmp_path: Path) -> None:
    path, store = open_store(tmp_path, busy_timeout_s=0.2)
    blocker = sqlite3.connect(path, isolation_level=None)
    with RunningListener(store) as listener, client(listener.port) as peer:
        blocker.execute("BEGIN IMMEDIATE")
        assert peer.deliver(RAW).startswith("451 ")
        blocker.execute("ROLLBACK")
        assert peer.deliver(RAW).startswith("250 ")
    blocker.close()
    store.close()
    assert [mail.raw for mail in stored(path)] == [RAW]


def test_store_that_is_gone_gives_451_until_it_is_back(tmp_path: Path) -> None:
    path, store = open_store(tmp_path)
    away = tmp_path / "away.db"
    with RunningListener(store) as listener, client(listener.port) as peer:
        assert peer.deliver(RAW).startswith("250 ")
        path.rename(away)  # SQLite itself would go on writing into the file that is away
        assert peer.deliver(RAW).startswith("451 ")
        away.rename(path)
        assert peer.deliver(RAW).startswith("250 ")
    store.close()
    assert len(stored(path)) == 2


def test_full_disk_gives_452_and_later_all_is_well(tmp_path: Path) -> None:
    path, store = open_store(tmp_path)
    connection = store._connection
    assert connection is not None
    with RunningListener(store) as listener, client(listener.port) as peer:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")  # SQLite answers as for a full disk
        assert peer.deliver(b"Subject: x\r\n\r\n" + b"x" * 60_000 + b"\r\n").startswith("452 4.3.1")
        assert peer.deliver(RAW).startswith("250 ")
        connection.execute("PRAGMA max_page_count = 1000000")
        assert peer.deliver(b"Subject: x\r\n\r\n" + b"x" * 60_000 + b"\r\n").startswith("250 ")
    store.close()
    assert len(stored(path)) == 2


def test_one_bad_mail_does_not_cost_the_others_their_250(tmp_path: Path) -> None:
    path, store = open_store(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER bad BEFORE INSERT ON raw_message WHEN instr(NEW.raw, 'poison')"
            " BEGIN SELECT RAISE(ABORT, 'poisoned'); END"
        )
    connection.close()
    replies: dict[int, str] = {}
    with RunningListener(store) as listener:
        held = sqlite3.connect(path, isolation_level=None)
        held.execute("BEGIN IMMEDIATE")  # so that all of them meet in one group

        def deliver(number: int) -> None:
            with client(listener.port) as peer:
                replies[number] = peer.deliver(b"poison\r\n" if number == 3 else b"good %d\r\n" % number)

        threads = [threading.Thread(target=deliver, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        held.execute("ROLLBACK")
        held.close()
        for thread in threads:
            thread.join()
    store.close()
    assert {number: reply[:3] for number, reply in replies.items()} == {
        n: "451" if n == 3 else "250" for n in range(8)
    }
    assert sorted(mail.raw for mail in stored(path)) == sorted(b"good %d\r\n" % n for n in range(8) if n != 3)


def test_mails_of_many_sessions_share_a_commit() -> None:
    store = SlowStore()
    with RunningListener(store) as listener:
        peers = [client(listener.port) for _ in range(12)]
        for peer in peers:
            peer.begin()
        store.gate.clear()
        for peer in peers:
            peer.send(RAW + b".\r\n")
        wait_until(lambda: store.groups != [])
        time.sleep(0.3)
        store.gate.set()
        assert {peer.reply()[:3] for peer in peers} == {"250"}
        for peer in peers:
            peer.close()
    assert len(store.groups) <= 3
    assert sum(store.groups) == 12


def test_sender_who_left_before_the_commit_began_is_not_stored() -> None:
    store = SlowStore()
    with RunningListener(store) as listener, client(listener.port) as first, client(listener.port) as second:
        store.gate.clear()
        first.begin().send(b"first\r\n.\r\n")
        wait_until(lambda: store.groups == [1])
        second.begin().send(b"second\r\n.\r\n")
        time.sleep(0.2)
        second.socket.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset, not a farewell
        second.close()
        time.sleep(0.2)
        store.gate.set()
        assert first.reply().startswith("250 ")
    assert [mail.raw for mail in store.mails] == [b"first\r\n"]


def test_broker_that_hangs_or_fails_never_touches_acceptance() -> None:
    released = threading.Event()
    calls: list[float] = []

    def enqueue() -> None:
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise ConnectionError("broker gone")
        released.wait(20)

    store = SlowStore()
    with RunningListener(store, enqueue=enqueue) as listener, client(listener.port) as peer:
        started = time.monotonic()
        for _ in range(50):
            assert peer.deliver(RAW).startswith("250 ")
        assert time.monotonic() - started < 3
        wait_until(lambda: len(calls) == 2)  # tried once more, after a pause, and hangs since
        assert peer.deliver(RAW).startswith("250 ")
        released.set()
    assert len(store.mails) == 51
    assert len(calls) <= 4


def test_slow_store_holds_up_nobody_else() -> None:
    store = SlowStore()
    with RunningListener(store, limits=small_limits()) as listener, client(listener.port) as peer:
        store.gate.clear()
        peer.begin().send(RAW + b".\r\n")
        with Client(listener.port).hello() as other:
            assert other.ask("NOOP").startswith("250 ")
        store.gate.set()
        assert peer.reply().startswith("250 ")
