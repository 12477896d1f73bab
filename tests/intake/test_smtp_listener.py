"""The listener itself: ports, processes, sharing a port."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from intake.listener import Listener, ListenerOptions, ListenError
from tests.intake.smtp_harness import (
    MAILBOX,
    ListenerProcess,
    RunningListener,
    SlowStore,
    client,
    make_store_file,
    stored,
)


def test_port_0_gives_a_free_port_and_a_taken_one_names_the_remedy() -> None:
    with RunningListener(SlowStore()) as listener:
        assert listener.port > 0
        second = Listener(
            ListenerOptions(port=listener.port, mailboxes=(MAILBOX,)), SlowStore(), lambda: None
        )
        with pytest.raises(ListenError, match="RAZBOR_SMTP_PORT"):
            asyncio.run(second.start())
        with pytest.raises(RuntimeError, match="before start"):
            _ = second.port


def test_several_listeners_share_a_port() -> None:
    stores = [SlowStore(), SlowStore()]
    with RunningListener(stores[0], reuse_port=True) as first:
        options = ListenerOptions(port=first.port, mailboxes=(MAILBOX,), reuse_port=True)

        async def second_listener() -> None:
            listener = Listener(options, stores[1], lambda: None)
            await listener.start()
            await asyncio.to_thread(_send_many, first.port)
            await listener.stop()

        asyncio.run(second_listener())
    assert sum(len(store.mails) for store in stores) == 40
    assert all(store.mails for store in stores)


def _send_many(port: int) -> None:
    for _ in range(40):
        with client(port) as peer:
            assert peer.deliver(b"Subject: x\r\n").startswith("250 ")


def test_enqueue_is_told_after_the_commit() -> None:
    store = SlowStore()
    seen: list[int] = []
    with (
        RunningListener(store, enqueue=lambda: seen.append(len(store.mails))) as listener,
        client(listener.port) as peer,
    ):
        assert peer.deliver(b"Subject: x\r\n").startswith("250 ")
        for _ in range(200):
            if seen:
                break
            peer.ask("NOOP")
    assert seen[0] == 1


def test_second_listener_on_one_file_refuses_to_start(tmp_path: Path) -> None:
    path = make_store_file(tmp_path)
    with ListenerProcess(path) as listener:
        command = [sys.executable, "-m", "tests.intake.smtp_listener_process", str(path)]
        root = Path(__file__).resolve().parents[2]
        second = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode != 0
        assert "another listener writes to" in second.stderr
        with client(listener.port) as peer:
            assert peer.deliver(b"Subject: x\r\n").startswith("250 ")


def test_reader_of_the_file_does_not_stop_acceptance(tmp_path: Path) -> None:
    path = make_store_file(tmp_path)
    with ListenerProcess(path) as listener, client(listener.port) as peer:
        assert peer.deliver(b"Subject: 1\r\n").startswith("250 ")
        reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM raw_message").fetchone() == (1,)
        for _ in range(20):
            assert peer.deliver(b"Subject: 2\r\n" + b"x" * 900 + b"\r\n").startswith("250 ")
        assert reader.execute("SELECT count(*) FROM raw_message").fetchone() == (1,)
        reader.close()
    assert len(stored(path)) == 21
