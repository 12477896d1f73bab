"""Orders to delete raw mail, carried out by the one process that writes the file (SQLite)."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.raw_purging import COMPACT_LIMIT_BYTES, PORTION, PORTIONS, carry_out_orders, compact, empty_log
from models.raw_store import AcceptedMail, SqliteRawStore, StoreUnavailable
from models.records import Envelope
from tests.intake.smtp_harness import MAILBOX, RunningListener, make_store_file
from tests.intake.smtp_harness import client as smtp_client

ORDERS = (
    "CREATE TABLE raw_order (raw_id INTEGER PRIMARY KEY, drops_raw BOOLEAN, drops_envelope BOOLEAN,"
    " mail_from TEXT, ordered_at_utc TEXT)"
)
SECRET = b"Kod parovoz."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "razbor.db")) as main:
        main.execute(ORDERS)
        main.execute("PRAGMA journal_mode = WAL")
    return make_store_file(tmp_path)


@pytest.fixture
def store(path: Path) -> Iterator[SqliteRawStore]:
    opened = SqliteRawStore(path)
    yield opened
    opened.close()


def fill(store: SqliteRawStore, count: int, size_bytes: int = 900) -> list[int]:
    envelope = Envelope(
        mail_from="ivan@shop.example",
        rcpt_tos=(MAILBOX,),
        peer="192.0.2.7",
        helo="client.example",
        received_at_utc=datetime(2026, 11, 16, tzinfo=UTC),
    )
    raws = [SECRET * (1 + (size_bytes + 37 * number) % 3000 // len(SECRET)) for number in range(count)]
    return list(store.append([AcceptedMail(envelope=envelope, raw=raw) for raw in raws]))


def order(path: Path, raw_ids: list[int], *, raw: bool = True, envelope: bool = False) -> None:
    with closing(sqlite3.connect(path.with_name("razbor.db"))) as main:
        rows = [(raw_id, raw, envelope, "forgotten@erased.invalid", "2026-11-16") for raw_id in raw_ids]
        main.executemany("INSERT OR REPLACE INTO raw_order VALUES (?,?,?,?,?)", rows)
        main.commit()


def rows(path: Path) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM raw_message ORDER BY id").fetchall()


def test_orders_are_carried_out_once_and_leave_no_octet(path: Path, store: SqliteRawStore) -> None:
    ids = fill(store, 300)
    order(path, ids[::2])
    assert store.upkeep() == 150
    assert store.upkeep() == 0, "an order that was carried out does nothing"
    assert [row["raw"] is None for row in rows(path)] == [True, False] * 150
    order(path, ids[1::2], envelope=True)
    assert store.upkeep() == 300, "bytes and envelope of each"
    assert {(row["mail_from"], row["peer"], row["helo"]) for row in rows(path)[1::2]} == {
        ("forgotten@erased.invalid", "", "")
    }
    assert all(row["size_bytes"] and len(row["sha256"]) == 64 for row in rows(path)), "the journal stays"
    for file in path.parent.glob("intake.db*"):
        assert SECRET not in file.read_bytes(), file.name
    assert fill(store, 1) == [301], "mail goes on coming in"


def test_one_go_is_short_and_the_next_goes_on(
    path: Path, store: SqliteRawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.raw_purging.PORTION", 2)
    monkeypatch.setattr("models.raw_purging.PORTIONS", 3)
    order(path, fill(store, 20))
    assert [store.upkeep() for _ in range(5)] == [6, 6, 6, 2, 0]
    assert (PORTION, PORTIONS) == (100, 20)


def test_without_orders_or_their_database_nothing_happens(tmp_path: Path) -> None:
    store = SqliteRawStore(make_store_file(tmp_path))
    fill(store, 1)
    assert store.upkeep() == 0
    with closing(sqlite3.connect(tmp_path / "razbor.db")) as main:
        main.execute("CREATE TABLE mail_state (raw_id INTEGER)")
    assert store.upkeep() == 0, "a database of an older schema"
    (tmp_path / "razbor.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    with pytest.raises(StoreUnavailable):
        store.upkeep()
    assert fill(store, 1) == [2], "a fault of the other file costs no mail"
    store.close()


def test_a_reader_keeps_the_log_only_as_long_as_it_reads(path: Path, store: SqliteRawStore) -> None:
    ids = fill(store, 3)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM raw_message").fetchall()
        order(path, ids)
        began = time.monotonic()
        store.upkeep()
        assert time.monotonic() - began < 2, "senders must not wait for a reader"
        assert SECRET in path.with_name("intake.db-wal").read_bytes() + path.read_bytes()
    store.upkeep()
    for file in path.parent.glob("intake.db*"):
        assert SECRET not in file.read_bytes(), file.name


def test_a_large_file_is_overwritten_in_place(
    path: Path, store: SqliteRawStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.raw_purging.COMPACT_LIMIT_BYTES", 10)
    ids = fill(store, 200)
    for some in (ids[::2], ids[1::2]):
        order(path, some)
        assert store.upkeep() == 100
    for file in path.parent.glob("intake.db*"):
        assert SECRET not in file.read_bytes(), file.name
    with closing(sqlite3.connect(path)) as connection:
        assert not compact(connection, path)
        assert empty_log(connection)
        assert carry_out_orders(connection, path.with_name("razbor.db"), ids[-1]) == (0, 0)
    assert COMPACT_LIMIT_BYTES >= 64 * 1024 * 1024


def test_the_listener_deletes_between_mails(path: Path, store: SqliteRawStore) -> None:
    order(path, fill(store, 5))
    threads = set()

    def upkeep() -> None:
        threads.add(threading.current_thread().name)
        store.upkeep()

    listening = RunningListener(store, upkeep=upkeep, upkeep_every_s=0.02)
    with listening as listener, smtp_client(listener.port) as peer:
        give_up_at = time.monotonic() + 10
        while any(row["raw"] is not None for row in rows(path)) and time.monotonic() < give_up_at:
            time.sleep(0.01)
        assert not any(row["raw"] for row in rows(path))
        assert peer.deliver(b"Subject: x\r\n\r\nnew\r\n").startswith("250")
    assert all(name.startswith("raw-mail-writer") for name in threads)
