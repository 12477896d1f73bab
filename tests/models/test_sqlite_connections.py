"""Connections to SQLite are kept, but not over a fork and not for a file that was replaced."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from models.store.sqlite_connections import sqlite_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = sqlite_engine(tmp_path / "a.db")
    with made.connect() as db, db.begin():
        db.execute(text("CREATE TABLE word (said TEXT)"))
    yield made
    made.dispose()


def say(engine: Engine, word: str) -> None:
    with engine.connect() as db, db.begin():
        db.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})


def said(engine: Engine) -> list[str]:
    with engine.connect() as db, db.begin():
        return list(db.scalars(text("SELECT said FROM word ORDER BY rowid")))


def open_descriptors(path: Path) -> list[str]:
    """The descriptors of this process that lead to the file, its log or its index."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue  # the descriptor of this very listing
        if target.startswith(str(path)):
            found.append(target)
    return found


def test_a_connection_is_used_again(engine: Engine) -> None:
    with engine.connect() as one:
        first = one.connection.dbapi_connection
    with engine.connect() as two:
        assert two.connection.dbapi_connection is first
        with engine.connect() as three:
            assert three.connection.dbapi_connection is not first


def test_no_descriptor_crosses_a_fork(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    say(engine, "parent")
    assert open_descriptors(path)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if not open_descriptors(path):
                say(engine, "child")
                status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    say(engine, "parent again")
    assert said(engine) == ["parent", "child", "parent again"]


def test_a_replaced_file_is_noticed(engine: Engine, tmp_path: Path) -> None:
    say(engine, "before")
    other = sqlite_engine(tmp_path / "b.db")
    with other.connect() as db, db.begin():
        db.execute(text("CREATE TABLE word (said TEXT)"))
    say(other, "restored")
    other.dispose()
    shutil.move(tmp_path / "b.db", tmp_path / "a.db")
    for rest in ("-wal", "-shm"):
        (tmp_path / f"a.db{rest}").unlink(missing_ok=True)
    assert said(engine) == ["restored"]
    say(engine, "after")
    assert said(engine) == ["restored", "after"]


def test_threads_share_an_engine(engine: Engine) -> None:
    def work(number: int) -> None:
        for _ in range(20):
            assert said(engine)
        say(engine, str(number))

    say(engine, "first")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said(engine)) == ["0", "1", "2", "3", "4", "5", "first"]
