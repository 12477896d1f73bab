"""Raw mail on disk, on both engines: what is stored, what is refused at start, faults and their kinds."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from models.accepted_mail import row_facts
from models.raw_rows import LARGEST_STEP_BYTES
from models.raw_store import (
    AcceptedMail,
    MailRefused,
    NotDurable,
    PostgresRawStore,
    SqliteRawStore,
    StoreUnavailable,
)
from models.records import Envelope

DDL = """CREATE TABLE raw_message (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at_utc TEXT NOT NULL,
peer TEXT, helo TEXT, tls BOOLEAN, mail_from TEXT, rcpt_tos TEXT, size_bytes INTEGER, sha256 TEXT, codec TEXT,
raw BLOB)"""
MOMENT = datetime(2026, 11, 16, 9, 0, 1, 25, tzinfo=UTC)


def mail(raw: bytes = b"Subject: x\r\n", **changes: object) -> AcceptedMail:
    envelope = {
        "mail_from": "продавец@магазин.рф",
        "rcpt_tos": ("support@razbor.test", "почта@пример.рф"),
        "peer": "192.0.2.7",
        "helo": "client.example",
        "tls": True,
        "received_at_utc": MOMENT,
        **changes,
    }
    return AcceptedMail(envelope=Envelope(**envelope), raw=raw)  # type: ignore[arg-type]


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    path = tmp_path / "intake.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(DDL)
        connection.commit()
    return path


def sqlite_rows(path: Path) -> list[dict[str, object]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM raw_message ORDER BY id")]


# The record


@pytest.mark.parametrize(
    "changes",
    [
        {"mail_from": "a\0@b.example"},
        {"rcpt_tos": ("a@b.example", "\0")},
        {"helo": "x\0"},
        {"helo": b"\xff".decode(errors="surrogateescape")},
        {"received_at_utc": datetime(2026, 11, 16)},  # noqa: DTZ001 - that is what is refused
        {"received_at_utc": datetime(2026, 11, 16, tzinfo=timezone(timedelta(hours=3)))},
    ],
)
def test_a_mail_that_no_row_can_hold_is_refused_before_it_joins_a_group(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        mail(**changes)


# SQLite


def test_sqlite_keeps_what_it_was_given(sqlite_path: Path) -> None:
    raw = bytes(range(256)) * 40
    store = SqliteRawStore(sqlite_path)
    assert store.append([mail(raw), mail(b"")]) == [1, 2]
    assert store.append([mail(b"third", rcpt_tos=("a@b.example",), tls=False)]) == [3]
    store.close()
    first, second, third = sqlite_rows(sqlite_path)
    assert json.loads(str(first.pop("rcpt_tos"))) == ["support@razbor.test", "почта@пример.рф"]
    assert first == {
        "id": 1,
        "received_at_utc": "2026-11-16 09:00:01.000025",
        "peer": "192.0.2.7",
        "helo": "client.example",
        "tls": 1,
        "mail_from": "продавец@магазин.рф",
        "size_bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "codec": "",
        "raw": raw,
    }
    assert (second["raw"], second["size_bytes"]) == (b"", 0)
    assert (third["raw"], third["rcpt_tos"], third["tls"]) == (b"third", '["a@b.example"]', 0)


@pytest.mark.parametrize("count", [1, 2, 31, 33, 71])
def test_sqlite_numbers_a_group_of_any_size_in_its_order(sqlite_path: Path, count: int) -> None:
    """A group goes in by a few statements of many rows each."""
    store = SqliteRawStore(sqlite_path)
    assert store.append([mail(b"before")]) == [1]
    ids = store.append([mail(b"%d" % number) for number in range(count)])
    store.close()
    rows = {row["id"]: row["raw"] for row in sqlite_rows(sqlite_path)}
    assert len(rows) == count + 1
    assert [rows[raw_id] for raw_id in ids] == [b"%d" % number for number in range(count)]


def test_sqlite_takes_large_mails_one_by_one_and_all_or_none(sqlite_path: Path) -> None:
    store = SqliteRawStore(sqlite_path)
    large = [mail(bytes([number]) * (LARGEST_STEP_BYTES // 3 + 1)) for number in range(3)]
    assert store.append([*large, mail(b"small")]) == [1, 2, 3, 4]
    with closing(sqlite3.connect(sqlite_path)) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON raw_message WHEN new.size_bytes = 5"
            " BEGIN SELECT RAISE(ABORT, 'no such mail here'); END"
        )
    for group in ([*large, mail(b"small")], [mail(b"a"), mail(b"small")]):
        with pytest.raises(MailRefused):
            store.append(group)
    store.close()
    assert [row["raw"] for row in sqlite_rows(sqlite_path)] == [*(item.raw for item in large), b"small"]


@pytest.mark.parametrize("size", [0, 1983, 1984, 1985, 4000, 16 * 1024, 16 * 1024 + 1])
def test_the_hash_is_that_of_the_mail_whatever_its_size(size: int) -> None:
    raw = bytes(number % 251 for number in range(size))
    assert row_facts(mail(raw))[6] == hashlib.sha256(raw).hexdigest()


def test_sqlite_commits_are_synced_to_a_write_ahead_log(sqlite_path: Path) -> None:
    store = SqliteRawStore(sqlite_path)
    assert store._connection is not None
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_sqlite_without_write_ahead_log_is_refused(
    monkeypatch: pytest.MonkeyPatch, sqlite_path: Path
) -> None:
    with closing(sqlite3.connect(sqlite_path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    class NoWal(sqlite3.Connection):
        """A file system that cannot share memory: SQLite quietly keeps another journal."""

        def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("journal_mode = WAL", "journal_mode = DELETE"), *parameters)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=NoWal, **options))
    with pytest.raises(NotDurable, match="journal_mode=delete"):
        SqliteRawStore(sqlite_path)
    monkeypatch.undo()
    SqliteRawStore(sqlite_path).close()  # the refused start has let go of the lock


def test_sqlite_file_that_is_missing_or_has_no_schema_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="razbor migrate"):
        SqliteRawStore(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreUnavailable, match="razbor migrate"):
        SqliteRawStore(tmp_path / "empty.db")
    (tmp_path / "junk.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreUnavailable, match=r"junk\.db cannot be opened"):
        SqliteRawStore(tmp_path / "junk.db")


def test_sqlite_file_belongs_to_one_listener(sqlite_path: Path) -> None:
    first = SqliteRawStore(sqlite_path)
    with pytest.raises(StoreUnavailable, match="another listener"):
        SqliteRawStore(sqlite_path)
    first.close()
    SqliteRawStore(sqlite_path).close()


def test_sqlite_group_is_all_or_nothing_and_the_store_goes_on(sqlite_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_path)) as connection:
        connection.execute(
            "CREATE TRIGGER bad BEFORE INSERT ON raw_message WHEN NEW.raw = X'6261'"
            " BEGIN SELECT RAISE(ABORT, 'bad'); END"
        )
    store = SqliteRawStore(sqlite_path)
    with pytest.raises(MailRefused):
        store.append([mail(b"good"), mail(b"ba")])
    assert store.append([mail(b"good")])
    store.close()
    assert [row["raw"] for row in sqlite_rows(sqlite_path)] == [b"good"]


def test_sqlite_row_numbers_are_never_used_again(sqlite_path: Path) -> None:
    store = SqliteRawStore(sqlite_path)
    (first,) = store.append([mail()])
    assert store._connection is not None
    store._connection.execute("DELETE FROM raw_message")
    assert store.append([mail()]) == [first + 1]
    store.close()


def _switch_to_wal(path: Path, barrier: object, outcome: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        outcome.put("locked")  # type: ignore[attr-defined]
        import time

        time.sleep(0.6)
        connection.execute("COMMIT")


def test_sqlite_start_waits_for_a_process_that_holds_the_file(sqlite_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, outcome = context.Barrier(2), context.Queue()
    process = context.Process(target=_switch_to_wal, args=(sqlite_path, barrier, outcome))
    process.start()
    barrier.wait(20)
    assert outcome.get(timeout=20) == "locked"
    store = SqliteRawStore(sqlite_path)
    assert store.append([mail()]) == [1]
    store.close()
    process.join()


# PostgreSQL


def postgres_rows(dsn: str) -> list[dict[str, object]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT r.*, s.received_at_utc AS state_received FROM raw_message r"
            " LEFT JOIN mail_state s ON s.raw_id = r.id ORDER BY r.id"
        ).fetchall()


def test_postgres_keeps_what_it_was_given_and_opens_its_state(postgres_dsn: str) -> None:
    raw = bytes(range(256)) * 40
    store = PostgresRawStore(postgres_dsn)
    first, second = store.append([mail(raw), mail(b"")])
    (third,) = store.append([mail(b"third")])
    store.close()
    rows = postgres_rows(postgres_dsn)
    assert [row["id"] for row in rows] == [first, second, third]
    assert json.loads(str(rows[0].pop("rcpt_tos"))) == ["support@razbor.test", "почта@пример.рф"]
    assert rows[0] == {
        "id": first,
        "received_at_utc": MOMENT,
        "state_received": MOMENT,
        "peer": "192.0.2.7",
        "helo": "client.example",
        "tls": True,
        "mail_from": "продавец@магазин.рф",
        "size_bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "codec": "",
        "raw": raw,
    }


def test_two_postgres_stores_write_at_once(postgres_dsn: str) -> None:
    one, two = PostgresRawStore(postgres_dsn), PostgresRawStore(postgres_dsn)
    ids = [raw_id for store in (one, two, one, two) for raw_id in store.append([mail(), mail()])]
    one.close()
    two.close()
    assert len(set(ids)) == 8
    assert sorted(ids) == [row["id"] for row in postgres_rows(postgres_dsn)]


def test_postgres_that_is_not_durable_is_refused(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        database = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{database}" SET synchronous_commit = off')  # type: ignore[arg-type]
    with pytest.raises(NotDurable, match="synchronous_commit = off"):
        PostgresRawStore(postgres_dsn)


def test_postgres_that_is_away_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="RAZBOR_DATABASE_URL"):
        PostgresRawStore("postgresql://nobody@127.0.0.1:1/none")


def test_postgres_connection_that_died_is_replaced_without_a_lost_mail(postgres_dsn: str) -> None:
    store = PostgresRawStore(postgres_dsn)
    store.append([mail(b"1")])
    _kill_others(postgres_dsn)
    store.append([mail(b"2")])
    store.close()
    assert [row["raw"] for row in postgres_rows(postgres_dsn)] == [b"1", b"2"]


def _kill_others(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_postgres_group_is_all_or_nothing_and_the_store_goes_on(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE raw_message ADD CHECK (raw <> 'bad'::bytea)")
    store = PostgresRawStore(postgres_dsn)
    with pytest.raises(MailRefused):
        store.append([mail(b"good"), mail(b"bad")])
    store.append([mail(b"good")])
    store.close()
    assert [row["raw"] for row in postgres_rows(postgres_dsn)] == [b"good"]


def test_postgres_that_is_locked_is_unavailable_and_then_well_again(postgres_dsn: str) -> None:
    store = PostgresRawStore(postgres_dsn, statement_timeout_s=0.3)
    with psycopg.connect(postgres_dsn) as blocker:
        blocker.execute("LOCK TABLE mail_state IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable, match="timeout"):
            store.append([mail()])
        blocker.rollback()
    assert len(store.append([mail()])) == 1
    store.close()
    assert len(postgres_rows(postgres_dsn)) == 1
