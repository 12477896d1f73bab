"""Deleting raw mail on SQLite: carried out by the process that writes `intake.db`, as ordered in `razbor.db`.

In go the open connection of the one writer and the path of `razbor.db`, which is only read here;
out comes how many mails lost their bytes. An order names a mail; to carry it out again does
nothing, so it does not matter when the process ends in between. Who ordered takes the rows away
once `intake.db` shows that it is done (`models.store.raw_orders`).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from models.accepted_mail import StoreUnavailable

PORTION: Final = 100  # mails of one transaction: a sender waits for no more than that
PORTIONS: Final = 20  # of one go
COMPACT_LIMIT_BYTES: Final = 256 * 1024 * 1024  # a larger file would keep senders waiting for seconds
_ORDERS: Final = (
    "SELECT raw_id, drops_raw, drops_envelope, mail_from FROM raw_order"
    " WHERE raw_id > ? ORDER BY raw_id LIMIT ?"
)


def carry_out_orders(connection: sqlite3.Connection, main_path: Path, after: int) -> tuple[int, int]:
    """Delete what is ordered behind mail `after`, for a short while; return changes and where to go on.

    Going on at 0 means that the end was reached. Without a `razbor.db`, or with one of an older
    schema, there are no orders. Raises sqlite3.Error when `intake.db`
    cannot be written, StoreUnavailable when `razbor.db` cannot be read.
    """
    changed, last = 0, after
    for _ in range(PORTIONS):
        orders = _orders_after(main_path, last)
        if not orders:
            return changed, 0
        last = orders[-1][0]
        connection.execute("BEGIN IMMEDIATE")
        try:
            changed += sum(_carry_out(connection, *order) for order in orders)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
    return changed, last


def empty_log(connection: sqlite3.Connection) -> bool:
    """Write the log back and cut it off: old bytes stand in it too. False while somebody still reads it."""
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")  # readers must not make senders wait
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(patience_ms)}")
    return not busy


def compact(connection: sqlite3.Connection, path: Path) -> bool:
    """Write a small file anew, so that no remnant stays between its rows; False for a large one."""
    if path.stat().st_size > COMPACT_LIMIT_BYTES:
        return False
    connection.execute("VACUUM")
    return True


def _orders_after(main_path: Path, last: int) -> list[tuple[int, int, int, str]]:
    if not main_path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{quote(str(main_path))}?mode=ro", uri=True)) as main:
            return main.execute(_ORDERS, (last, PORTION)).fetchall()
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return []
        raise StoreUnavailable(f"{main_path} cannot be read ({error}): run `razbor doctor`") from error


def _carry_out(
    connection: sqlite3.Connection, raw_id: int, drops_raw: int, drops_envelope: int, mail_from: str
) -> int:
    changed = 0
    if drops_raw:
        changed += connection.execute(
            "UPDATE raw_message SET raw = NULL, codec = '' WHERE id = ? AND raw IS NOT NULL", (raw_id,)
        ).rowcount
    if drops_envelope:
        changed += connection.execute(
            "UPDATE raw_message SET mail_from = ?, peer = '', helo = ''"
            " WHERE id = ? AND (mail_from <> ? OR peer <> '' OR helo <> '')",
            (mail_from, raw_id, mail_from),
        ).rowcount
    return changed
