"""Durable storage of accepted mail: mails in, row numbers out, safe on disk on return.

The SMTP listener is the only writer of `raw_message` (design section 5). On SQLite that is a
file of its own with one connection that writes; on PostgreSQL several listeners may write at
once, and each mail gets its `mail_state` row in the same transaction, so that workers see it.

Both stores refuse to start where a commit would not survive a power cut, and raise only
`StoreError`: the listener turns that into an SMTP reply that makes the sender try again. After
a fault the next `append` opens a new connection by itself.

Raw mail is written with plain SQL and not through SQLModel: this is the hot path, and the
listener needs neither the object mapper nor its start-up time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from models.accepted_mail import (
    AcceptedMail,
    MailRefused,
    NotDurable,
    RawStore,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from models.keyring import NO_KEYS, Keyring
from models.raw_purging import carry_out_orders, compact, empty_log
from models.raw_rows import insert_plain, insert_sealed
from models.raw_store_postgres import PostgresRawStore
from models.resealing import Resealing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "AcceptedMail",
    "MailRefused",
    "NotDurable",
    "PostgresRawStore",
    "RawStore",
    "SqliteRawStore",
    "StoreError",
    "StoreFull",
    "StoreUnavailable",
]

MAIN_FILE: Final = "razbor.db"  # beside `intake.db`; read, never written, from here
WAL_RETRY_S: Final = 0.05
LOCK_PATIENCE_S: Final = 1.0  # a purge without a listener has the lock for less than that
JOURNAL_LIMIT_BYTES: Final = 64 * 1024 * 1024  # the log file shrinks to this after a long reader


class SqliteRawStore:
    """`raw_message` in a SQLite file of its own; `path` must exist with its schema."""

    def __init__(self, path: Path, *, busy_timeout_s: float = 5.0, keyring: Keyring = NO_KEYS) -> None:
        """Take the file for this process and open it; the writing key of `keyring` seals what is stored.

        `busy_timeout_s` is how long a commit waits for another process that holds the file.
        Raises `NotDurable` where the pragmas do not hold, `StoreUnavailable` where the file is
        missing or another listener has it.
        """
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._keyring = keyring
        self._resealing = Resealing(keyring)
        self._connection: sqlite3.Connection | None = None
        self._file_id = (0, 0)
        self._last_order = 0  # of the go before, 0: begin anew
        self._has_gaps = False  # between the rows of the file, where something was deleted
        self._has_remnants = True  # a process before this one may have ended before it emptied the log
        self._lock_fd = _lock_for_one_listener(path)
        try:
            self._open()
        except StoreUnavailable:
            os.close(self._lock_fd)
            raise

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        """Store all mails in one transaction; see `RawStore.append`."""
        connection = self._connection
        if connection is None or _file_id(self._path) != self._file_id:
            connection = self._open()
        key = self._keyring.writing_key()
        try:
            last_id = insert_sealed(connection, mails, key) if key else insert_plain(connection, mails)
        except sqlite3.Error as error:
            raise self._fault(connection, error) from error
        # AUTOINCREMENT gives the rows of one transaction consecutive numbers.
        return list(range(last_id - len(mails) + 1, last_id + 1))

    @property
    def is_settled(self) -> bool:
        """True when the last `upkeep` came to the end of what there was to do."""
        return not self._last_order and self._resealing.is_done

    def upkeep(self) -> int:
        """Do for a short while what the file needs; return how many mails changed.

        Deletes the raw mail that `razbor.db` beside this file orders to delete, and seals anew what stands
        in another form than that of the key that writes.

        Call it in the thread that calls `append`; between short transactions nothing waits for it.
        Raises `StoreUnavailable` when a file cannot be used now; the orders then stay.
        """
        connection = self._connection
        if connection is None or _file_id(self._path) != self._file_id:
            connection = self._open()
        try:
            changed, self._last_order = carry_out_orders(
                connection, self._path.with_name(MAIN_FILE), self._last_order
            )
            changed += self._resealing.go(connection)
            if changed:
                self._has_remnants = self._has_gaps = True
            if self._has_gaps and self.is_settled:
                compact(connection, self._path)
                self._has_gaps = False
            if self._has_remnants:
                self._has_remnants = not empty_log(connection)
        except sqlite3.Error as error:
            raise self._fault(connection, error) from error
        return changed

    def close(self) -> None:
        """Close the file and let another listener have it."""
        self._drop_connection()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _open(self) -> sqlite3.Connection:
        """Open the file anew and check that commits in it are durable."""
        self._drop_connection()
        if not self._path.is_file():
            raise StoreUnavailable(f"{self._path} is not there: run `razbor migrate`, or bring the file back")
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self._path))}?mode=rw",
                uri=True,
                timeout=self._busy_timeout_s,
                isolation_level=None,  # transactions are opened by name in `append`
                check_same_thread=False,  # opened at start, then used by the one writer thread
            )
            self._connection = connection
            _make_durable(connection, self._busy_timeout_s)
            connection.execute("SELECT raw FROM raw_message LIMIT 0")
        except NotDurable:
            self._drop_connection()
            raise
        except sqlite3.Error as error:
            self._drop_connection()
            raise StoreUnavailable(
                f"{self._path} cannot be opened ({error}): run `razbor migrate`; check disk and access rights"
            ) from error
        self._file_id = _file_id(self._path)
        return connection

    def _fault(self, connection: sqlite3.Connection, error: sqlite3.Error) -> StoreError:
        """Undo the transaction and say which kind of fault it was."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL} or isinstance(
            error,
            (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError),
        ):
            if connection.in_transaction:
                connection.rollback()
        else:
            self._drop_connection()
            return StoreUnavailable(f"{self._path} cannot be written ({error}): check disk and access rights")
        if code == sqlite3.SQLITE_FULL:
            return StoreFull(f"no room for raw mail in {self._path}: free disk space")
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreUnavailable(f"{self._path} is held by another process: let it finish, or stop it")
        return MailRefused(f"SQLite does not take this mail: {error}")

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _file_id(path: Path) -> tuple[int, int]:
    """Name the file behind a path, (0, 0) for none: SQLite would go on writing into a deleted one."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _lock_for_one_listener(path: Path) -> int:
    """Lock a file beside `path` until it is closed or the process ends; return its descriptor."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path.parent} cannot be written ({error}): check RAZBOR_DATA_DIR") from error
    give_up_at = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() < give_up_at:
                time.sleep(WAL_RETRY_S)
                continue
            os.close(descriptor)
            raise StoreUnavailable(
                f"another listener writes to {path}: stop it first; several listeners need PostgreSQL"
            ) from error
        return descriptor


def _make_durable(connection: sqlite3.Connection, patience_s: float) -> None:
    """Switch to WAL with a sync at each commit, and read back that it holds."""
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            # Two processes that switch at once: one hears "locked" at once, in spite of the timeout.
            if time.monotonic() > give_up_at:
                raise
            time.sleep(WAL_RETRY_S)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # a purged mail is overwritten, not only unlinked
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", 2):
        raise NotDurable(
            f"SQLite gave journal_mode={mode}, synchronous={synchronous}; wal and 2 are needed:"
            " put RAZBOR_DATA_DIR on a local disk"
        )
