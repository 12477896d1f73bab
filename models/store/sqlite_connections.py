"""Connections to a SQLite file: configured once each, kept for the next transaction, never across a fork.

Opening a connection reads the whole schema, and closing the last one copies the log back into
the file; both together cost more than most transactions do. So a few stay open. SQLite forbids
to carry a connection over a fork (its locks would be believed and not held:
https://www.sqlite.org/howtocorrupt.html, section 2.6), so those that are idle are closed right
before each fork of this process. A file that was replaced, by a restored backup for one, is
noticed: its connections lead to the file that is gone.
"""

from __future__ import annotations

import os
import sqlite3
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from models.store.read_once import forget_between_transactions

BUSY_TIMEOUT_S: Final = 30
_KEPT: Final = 4  # more are opened when more are wanted at once, and closed when they are given back
_ENGINES: Final = WeakSet[Engine]()
_STATEMENTS: Final = LRUCache[Any, Any](1000)  # compiled ones, for all files


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Make an engine for one SQLite file; its connections may be used by any thread, one at a time."""
    address = f"file:{path.resolve()}?mode={'ro' if read_only else 'rwc'}"
    pool = QueuePool(
        partial(_connect, address, read_only=read_only),  # type: ignore[arg-type]  # sqlite3's own connection
        pool_size=_KEPT,
        max_overflow=-1,
        use_lifo=True,
        dialect=_dialect(),
    )
    engine = Engine(
        pool,
        _dialect(),
        make_url(f"sqlite:///{address}&uri=true"),
        hide_parameters=True,
        execution_options={"compiled_cache": _STATEMENTS},
    )

    @event.listens_for(engine, "connect")
    def _note_file(_connection: Any, record: Any) -> None:
        record.info["file"] = _file_id(path)

    @event.listens_for(engine, "checkout")
    def _look_for_file(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _file_id(path):
            msg = f"{path} was replaced"
            raise DisconnectionError(msg)  # the pool opens another connection in its place

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    forget_between_transactions(engine)
    _ENGINES.add(engine)
    return engine


@cache
def _dialect() -> Dialect:
    """Return the one dialect of all files: a statement is compiled for a dialect, once per process."""
    engine = create_engine("sqlite://")
    with engine.connect():  # it asks the library for its version
        return engine.dialect


def _connect(address: str, *, read_only: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address,
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # transactions are begun by `sqlite_engine`, never by the driver
        check_same_thread=False,
    )
    if not read_only:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _file_id(path: Path) -> tuple[int, int]:
    """Return device and number of a file, zeros where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _close_idle_connections() -> None:
    for engine in list(_ENGINES):
        engine.dispose()


os.register_at_fork(before=_close_idle_connections)
