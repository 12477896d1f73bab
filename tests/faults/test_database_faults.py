"""The database stops, restarts, becomes read-only, runs out of disk or is slow: nothing is lost or doubled.

The faults are real: PostgreSQL itself ends the sessions and refuses new ones, or refuses to write; SQLite
itself has no page left. Each mail that was accepted before or after ends once, and nobody is answered twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from models.raw_store import StoreFull, StoreUnavailable
from tests.workers.test_batch_read import reopen
from workers.upkeep import sweep

on_postgres = pytest.mark.parametrize("database_env", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)


@contextmanager
def altered(cluster: str, dsn: str, fault: str, cure: str) -> Iterator[None]:
    """Put a database into a state for all its sessions, old and new, and take it out again."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]

    def alter(words: str) -> None:
        with psycopg.connect(cluster, autocommit=True) as db:
            db.execute(sql.SQL("ALTER DATABASE {} " + words).format(sql.Identifier(str(name))))  # type: ignore[arg-type]  # ours
            db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    alter(fault)
    try:
        yield
    finally:
        alter(cure)


def settle(desk: Any) -> None:
    """Work all that is due; a session that was ended shows once, as in any worker."""
    for _ in range(4):
        with suppress(DBAPIError):
            sweep(desk.service, 5)
            desk.read()
            desk.work()


def assert_each_opened_once_and_asked_once(desk: Any, mails: int) -> None:
    assert desk.ends() == ["opened"] * mails
    assert len(desk.tickets()) == mails
    assert [row.kind for row in desk.outbox()] == ["missing_data"] * mails
    desk.assert_balanced()


@on_postgres
@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"),
        ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"),
    ],
    ids=["stopped and restarted", "read-only"],
)
def test_a_database_that_is_away_or_takes_nothing(
    desk: Any, postgres_cluster: str, database_env: dict[str, str], fault: str, cure: str
) -> None:
    desk.mail(sender="before@shop.example", message_id="1@shop.example")
    with altered(postgres_cluster, database_env["RAZBOR_DATABASE_URL"], fault, cure):
        with pytest.raises(StoreUnavailable):  # 451: the sender keeps the mail
            desk.mail(sender="during@shop.example", message_id="2@shop.example")
        for _ in range(2):
            with pytest.raises(DBAPIError):
                desk.read()
    desk.mail(sender="during@shop.example", message_id="2@shop.example")
    settle(desk)
    assert_each_opened_once_and_asked_once(desk, 2)


@on_postgres
def test_a_database_that_stops_in_the_middle_of_a_batch(
    desk: Any, postgres_cluster: str, database_env: dict[str, str]
) -> None:
    for number in range(3):
        desk.mail(sender=f"s{number}@shop.example", message_id=f"{number}@shop.example")
    stopped: list[int] = []

    def stop_it(_document: Any) -> None:
        if not stopped:
            stopped.append(1)
            with altered(
                postgres_cluster,
                database_env["RAZBOR_DATABASE_URL"],
                "ALLOW_CONNECTIONS false",
                "ALLOW_CONNECTIONS true",
            ):
                pass

    desk.predictor.on_document = stop_it
    settle(desk)
    assert stopped
    assert_each_opened_once_and_asked_once(desk, 3)


@on_postgres
def test_a_disk_that_is_full_while_a_batch_is_written(desk: Any, database_env: dict[str, str]) -> None:
    """SQLSTATE 53100, as PostgreSQL gives it."""
    desk.mail(message_id="1@shop.example")
    with psycopg.connect(database_env["RAZBOR_DATABASE_URL"], autocommit=True) as db:
        db.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        for table in ("message", "raw_message"):
            db.execute(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()")  # type: ignore[arg-type]  # ours
        with pytest.raises(DBAPIError):
            desk.read()
        with pytest.raises(StoreFull):  # 452
            desk.mail(message_id="2@shop.example")
        assert desk.ends() == [None], "given back, not held: the mail is not at fault"
        db.execute("DROP FUNCTION full_disk CASCADE")
    settle(desk)
    assert_each_opened_once_and_asked_once(desk, 1)


@on_sqlite
def test_a_file_that_cannot_grow_while_a_batch_is_written(desk: Any) -> None:
    desk.mail(message_id="1@shop.example")
    desk.read()
    desk.work()
    for number in range(5):
        desk.mail("слово " * 4000, sender=f"s{number}@shop.example", message_id=f"m{number}@shop.example")

    is_full = True

    def room(connection: Any, _record: Any, _proxy: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2 if is_full else 2**30}")

    event.listen(desk.store.main, "checkout", room)
    with pytest.raises(DBAPIError):
        desk.read()
    assert desk.ends() == ["opened"] + [None] * 5
    is_full = False
    settle(desk)
    assert desk.ends() == ["opened"] * 6
    desk.assert_balanced()


def test_a_database_that_is_slow_to_give_its_lock(desk: Any, database_env: dict[str, str]) -> None:
    """Somebody else writes for half a second: the batch waits and is written once."""
    desk.mail(message_id="1@shop.example")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        other = reopen(database_env)
        with other.write() as db:
            if not other.is_sqlite:
                db.execute(text("LOCK TABLE ticket, message, mail_state IN ACCESS EXCLUSIVE MODE"))
            held.set()
            let_go.wait(10)
        other.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(0.5, let_go.set).start()
    begun = time.monotonic()
    desk.read()
    assert time.monotonic() - begun > 0.3
    holder.join()
    desk.work()
    assert_each_opened_once_and_asked_once(desk, 1)
