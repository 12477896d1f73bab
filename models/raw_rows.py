"""Writing a group of accepted mails into `raw_message` on SQLite: mails in, the last row's number out.

One transaction and as few statements as can be: the thread that writes lets go of the interpreter
for each statement, and then has to win it back from the sessions of the listener.
"""

from __future__ import annotations

import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from models.accepted_mail import ROW_COLUMNS, AcceptedMail, row_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.sealing import SealingKey

LARGEST_STEP_ROWS: Final = 32
LARGEST_STEP_BYTES: Final = 4 * 1024 * 1024  # SQLite copies what a statement is given
ROW_PLACES: Final = ",(?,?,?,?,?,?,?,?,?,?)"
ROW_VALUES: Final = 10
SQLITE_INSERT: Final = f"INSERT INTO raw_message ({ROW_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants only


def insert_plain(connection: sqlite3.Connection, mails: Sequence[AcceptedMail]) -> int:
    """Store mails in one transaction; return the last number.

    AUTOINCREMENT gives the rows of one transaction consecutive numbers. Raises sqlite3.Error;
    then the transaction is still to be rolled back.
    """
    steps = _steps([(_sqlite_moment(mail), *row_facts(mail)) for mail in mails])
    if len(steps) == 1:  # one statement is a transaction of its own
        return connection.execute(*steps[0]).lastrowid or 0
    connection.execute("BEGIN IMMEDIATE")
    for step in steps:
        last_id = connection.execute(*step).lastrowid or 0
    connection.execute("COMMIT")
    return last_id


def insert_sealed(connection: sqlite3.Connection, mails: Sequence[AcceptedMail], key: SealingKey) -> int:
    """Store mails sealed, each for its number, which only this writer gives out; return the last one.

    Raises sqlite3.Error; then the transaction is still to be rolled back.
    """
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'raw_message'").fetchone()
    raw_id = row[0] if row else 0
    for step in _steps(
        [(_sqlite_moment(mail), *row_facts(mail, raw_id + place, key)) for place, mail in enumerate(mails, 1)]
    ):
        raw_id += len(step[1]) // ROW_VALUES
        stored = connection.execute(*step)
        if stored.lastrowid != raw_id:
            raise sqlite3.IntegrityError(f"mail {raw_id} got the number {stored.lastrowid}")
    connection.execute("COMMIT")
    return int(raw_id)


def _steps(rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, tuple[Any, ...]]]:
    """Cut rows into few statements with their values.

    The writer thread lets go of the interpreter for every statement and has to win it back from
    the sessions. Powers of two, so that half a dozen texts of statements stay prepared.
    """
    steps = []
    largest = LARGEST_STEP_ROWS if sum(len(row[-1]) for row in rows) <= LARGEST_STEP_BYTES else 1
    start = 0
    while start < len(rows):
        count = min(largest, 1 << (len(rows) - start).bit_length() - 1)
        statement = SQLITE_INSERT + ROW_PLACES * (count - 1)
        steps.append((statement, tuple(chain.from_iterable(rows[start : start + count]))))
        start += count
    return steps


def _sqlite_moment(mail: AcceptedMail) -> str:
    """Write a UTC moment as SQLAlchemy reads it from SQLite: 2026-11-21 10:00:00.000000."""
    return mail.envelope.received_at_utc.replace(tzinfo=None).isoformat(" ", "microseconds")
