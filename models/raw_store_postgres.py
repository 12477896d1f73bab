"""The PostgreSQL side of raw mail storage: see `models.raw_store`.

COPY, because it moves many large rows in one message; `mail_state` in the same transaction,
so that a worker sees every committed mail and never one that is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.accepted_mail import (
    ROW_COLUMNS,
    AcceptedMail,
    MailRefused,
    NotDurable,
    StoreError,
    StoreFull,
    StoreUnavailable,
    row_facts,
)
from models.connection_watch import ConnectionWatch
from models.keyring import NO_KEYS, Keyring

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

PATIENCE: Final = 1.2  # times the statement's limit: for a server that is silent, not slow
# `id`, then ROW_COLUMNS
COPY_TYPES: Final = (
    "int8",
    "timestamptz",
    "text",
    "text",
    "bool",
    "text",
    "text",
    "int4",
    "text",
    "text",
    "bytea",
)


class PostgresRawStore:
    """`raw_message` and `mail_state` in PostgreSQL, shared with other listeners and the workers."""

    def __init__(self, dsn: str, *, statement_timeout_s: float = 30.0, keyring: Keyring = NO_KEYS) -> None:
        """Connect to `dsn` (postgresql://...).

        The writing key of `keyring` seals what is stored.

        `statement_timeout_s` bounds how long a lock or a dead network may hold up acceptance.
        Raises `NotDurable` where fsync or synchronous_commit is off, `StoreUnavailable` where
        the server cannot be reached.
        """
        self._dsn = dsn
        self._keyring = keyring
        self._timeout_ms = int(statement_timeout_s * 1000)
        self._connection: psycopg.Connection | None = None
        self._watch = ConnectionWatch(PATIENCE * statement_timeout_s)
        self._connect()

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        """Store all mails and their `mail_state` in one transaction; see `RawStore.append`."""
        import psycopg

        try:
            connection, ids = self._reserve_ids(len(mails))
            key = self._keyring.writing_key()
            with connection.cursor() as cursor:
                with cursor.copy(f"COPY raw_message (id, {ROW_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(COPY_TYPES)
                    for raw_id, mail in zip(ids, mails, strict=True):
                        copy.write_row((raw_id, mail.envelope.received_at_utc, *row_facts(mail, raw_id, key)))
                cursor.execute(
                    "INSERT INTO mail_state (raw_id, received_at_utc)"
                    " SELECT id, received_at_utc FROM raw_message WHERE id = ANY(%s)",
                    (ids,),
                )
            connection.commit()
        except psycopg.Error as error:
            self._drop_connection()
            raise _postgres_fault(error) from error
        self._watch.end()
        return ids

    def close(self) -> None:
        """Close the connection."""
        self._drop_connection()
        self._watch.close()

    def _reserve_ids(self, count: int) -> tuple[psycopg.Connection, list[int]]:
        """Draw row numbers first: COPY cannot return them, and a connection that died shows here.

        Nothing is written yet, so trying once more on a new connection doubles no mail.
        """
        import psycopg

        query = "SELECT nextval(pg_get_serial_sequence('raw_message', 'id')) FROM generate_series(1, %s)"
        connection = self._connection or self._connect()
        self._watch.begin(connection)
        try:
            rows = connection.execute(query, (count,)).fetchall()
        except psycopg.OperationalError:
            connection = self._connect()
            self._watch.begin(connection)
            rows = connection.execute(query, (count,)).fetchall()
        return connection, [row[0] for row in rows]

    def _connect(self) -> psycopg.Connection:
        """Open a new connection and check that its commits are durable."""
        import psycopg

        self._drop_connection()
        try:
            connection = psycopg.connect(
                self._dsn,
                connect_timeout=5,
                tcp_user_timeout=self._timeout_ms,
                options=f"-c statement_timeout={self._timeout_ms}",
                application_name="razbor listener",
            )
            self._connection = connection
            self._watch.begin(connection)
            for name in ("fsync", "synchronous_commit"):
                row = connection.execute(f"SHOW {name}").fetchone()
                if row is None or row[0] == "off":
                    self._drop_connection()
                    raise NotDurable(f"PostgreSQL runs with {name} = off, mail could be lost: set it to on")
            connection.commit()
            self._watch.end()
        except psycopg.Error as error:
            self._drop_connection()
            raise StoreUnavailable(
                f"PostgreSQL cannot be used ({error}): check RAZBOR_DATABASE_URL"
            ) from error
        return connection

    def _drop_connection(self) -> None:
        self._watch.end()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _postgres_fault(error: psycopg.Error) -> StoreError:
    """Say which kind of fault it was."""
    import psycopg

    if isinstance(error, psycopg.errors.DiskFull):
        return StoreFull("no room for raw mail in PostgreSQL: free disk space on its machine")
    if isinstance(error, (psycopg.DataError, psycopg.IntegrityError)):
        return MailRefused(f"PostgreSQL does not take this mail: {error}")
    return StoreUnavailable(f"raw mail cannot be written to PostgreSQL: {error}")
