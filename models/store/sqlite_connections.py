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
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from models.store.read_once import forget_between_transactions

BUSY_TIMEOUT_S: Final = 30
_KEPT: Final = 4  # more are opened when more are wanted at once, and closed when they are given back
_ENGINES: Final = WeakSet[Engine]()


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Make an engine for one SQLite file; its connections may be used by any thread, one at a time."""
    mode = "ro" if read_only else "rwc"
    engine = create_engine(
        f"sqlite:///file:{path.resolve()}?mode={mode}&uri=true",
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=-1,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, never by the driver
        cursor = connection.cursor()
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()
        record.info["file"] = _file_id(path)

    @event.listens_for(engine, "checkout")
    def _still_there(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != _file_id(path):
            msg = f"{path} was replaced"
            raise DisconnectionError(msg)  # the pool opens another connection in its place

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    forget_between_transactions(engine)
    _ENGINES.add(engine)
    return engine


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
