"""Opening the databases, and the one way to write to them.

SQLite: `razbor.db` and `intake.db` in WAL mode with `synchronous=FULL`. Every write and
checkpoint of `razbor.db` goes under one file lock, because SQLite before 3.51.3 can lose
committed data when two connections write and checkpoint at once. `intake.db` belongs to
the listener; it is opened read-only here.

PostgreSQL: one database for both. What depends on other mails takes advisory locks on the
keys of the mail, so two workers never decide about the same matter at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from models.keyring import NO_KEYS, Keyring
from models.store.postgres_lines import bound_waiting
from models.store.read_once import forget_between_transactions
from models.store.sqlite_connections import sqlite_engine

Db = Connection  # what the functions of this room take; other rooms name the type by this


class StoreError(Exception):
    """The database cannot be used as it is; the message says what to do."""


DATABASE_ERRORS = (DBAPIError, StoreError)
# One statement for all keys of a batch, of which there are hundreds. An array is unfolded in its order, so
# that all transactions lock in the same one and none waits for another in a circle.
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS given (key)")
_ROW_TOO_LARGE = "54"  # PostgreSQL's class of "program limit exceeded": an index entry or a value too large


class Store:
    """Handles of the main database and of the raw mail. Safe to share between threads."""

    def __init__(
        self, main: Engine, intake: Engine, lock_path: Path | None, keyring: Keyring = NO_KEYS
    ) -> None:
        self.main = main
        self.intake = intake
        self.keyring = keyring  # opens sealed raw mail
        self.is_sqlite = main.dialect.name == "sqlite"
        self._lock_path = lock_path
        self._thread_lock = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection whose statements see one snapshot."""
        with self.main.connect() as db:
            if not self.is_sqlite:
                db = db.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - same connection, configured
            with db.begin():
                yield db

    @contextmanager
    def read_raw(self) -> Iterator[Connection]:
        """Give a connection to the raw mail, for reading only."""
        with self.intake.connect() as db, db.begin():
            yield db

    @contextmanager
    def write(self, keys: Iterable[str] = ()) -> Iterator[Connection]:
        """Give a connection inside one write transaction; commit at the end, roll back on error.

        `keys` name the matters that the transaction decides about; transactions that share
        a key run one after the other.
        """
        if self.is_sqlite:
            with self._file_lock(), self.main.connect() as db, db.begin():
                yield db
        else:
            with self.main.connect() as db, db.begin():
                if numbers := sorted({_advisory_number(key) for key in keys}):
                    db.execute(_LOCK_ALL, {"keys": numbers})
                yield db

    @contextmanager
    def lone_cursor(self) -> Iterator[Any]:
        """Give a DB-API cursor outside any transaction, under the write lock of `razbor.db`: for upkeep."""
        with self._file_lock(), self.main.connect() as db:
            if not self.is_sqlite:
                db = db.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - same connection, configured
            cursor = db.connection.cursor()  # no statement of SQLAlchemy's, so it begins no transaction
            try:
                yield cursor
            finally:
                cursor.close()

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        """Hold the write lock of `razbor.db` against other threads and processes."""
        if self._lock_path is None:
            yield
            return
        with self._thread_lock:
            # Opened anew each time: an inherited descriptor would share the lock with a forked child.
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)

    def close(self) -> None:
        """Give all connections back."""
        self.main.dispose()
        self.intake.dispose()

    def checked(self, check: Callable[[Connection], None], keys: Iterable[str] = ()) -> Store:
        """Return this store with `check` run first in every write transaction, under `keys` as well.

        What `check` raises undoes the transaction: a change is made only to what its sender saw.
        """
        return _CheckedStore(
            self.main, self.intake, self._lock_path, self.keyring, check=check, keys=frozenset(keys)
        )


class _CheckedStore(Store):
    """A store whose write transactions begin with a check."""

    def __init__(
        self,
        main: Engine,
        intake: Engine,
        lock_path: Path | None,
        keyring: Keyring,
        *,
        check: Callable[[Connection], None],
        keys: frozenset[str],
    ) -> None:
        super().__init__(main, intake, lock_path, keyring)
        self._check, self._keys = check, keys

    @contextmanager
    def write(self, keys: Iterable[str] = ()) -> Iterator[Connection]:
        """Give a write transaction that passed the check."""
        with super().write({*keys, *self._keys}) as db:
            self._check(db)
            yield db


@contextmanager
def savepoint(db: Connection) -> Iterator[None]:
    """Undo only what happens inside when it raises; the transaction around goes on."""
    point = db.begin_nested()
    try:
        yield
    except BaseException:
        if point.is_active:
            point.rollback()
        raise
    point.commit()


def _advisory_number(key: str) -> int:
    """Map a key to the signed 64-bit number that PostgreSQL locks on."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def open_store(
    main_url: str, intake_url: str, keyring_path: Path | None = None, *, answer_within_s: float | None = None
) -> Store:
    """Open both databases by their SQLAlchemy addresses; nothing is created or migrated here.

    `keyring_path` names the keys of sealed raw mail. `answer_within_s` ends a connection to PostgreSQL that
    leaves one question unanswered for longer. Raises KeyringError when the keyring cannot be read.
    """
    keyring = Keyring(keyring_path) if keyring_path else NO_KEYS
    if main_url.startswith("sqlite"):
        path = Path(main_url.removeprefix("sqlite:///"))
        raw_path = Path(intake_url.removeprefix("sqlite:///"))
        raw = sqlite_engine(raw_path, read_only=True)
        return Store(sqlite_engine(path), raw, path.with_suffix(".db.lock"), keyring)
    engine = create_engine(
        main_url, pool_pre_ping=True, pool_size=4, max_overflow=4, hide_parameters=True
    )  # a failed statement is told without its values: they are sellers' words
    forget_between_transactions(engine)
    bound_waiting(engine, answer_within_s)
    return Store(engine, engine, None, keyring)


def is_fault_of_database(error: BaseException) -> bool:
    """Tell a fault of the database as a whole (gone, locked, full) from one of a single row."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error, InterfaceError):  # SQLite's driver says so of a value that it cannot bind
        return not isinstance(error.orig, sqlite3.Error)
    state = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, OperationalError) and not state.startswith(_ROW_TOO_LARGE)
