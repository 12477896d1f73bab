"""Getting rid of what deleting leaves behind in the files.

SQLite: `secure_delete` overwrites what is deleted, but the write-ahead log still holds older pages,
and a page that was rearranged may hold a remnant between its rows. The index of words only marks what
was deleted, until its parts are merged. PostgreSQL: a changed row leaves
its old version until a vacuum. Backups and archived logs are beyond this module's reach.
"""

from __future__ import annotations

import time
from typing import Final

from models.store.engine import Store
from models.store.word_index import FORGET_WORDS
from models.tables import main_metadata, raw_metadata

READER_PATIENCE_S: Final = 3.0  # for readers of `razbor.db` that keep the log in use
_PAUSE_S: Final = 0.05


def empty_log(store: Store) -> bool:
    """Write the log of `razbor.db` back and cut it off; False while a reader keeps it in use."""
    if not store.is_sqlite:
        return True
    with store.lone_cursor() as cursor:
        cursor.execute(FORGET_WORDS)
    give_up_at = time.monotonic() + READER_PATIENCE_S
    while True:
        with store.lone_cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy or time.monotonic() > give_up_at:
            return not busy
        time.sleep(_PAUSE_S)


def vacuum_raw(store: Store) -> None:
    """PostgreSQL: take away the old versions of raw mail, on SQLite its one writer does so."""
    if not store.is_sqlite:
        with store.lone_cursor() as cursor:
            cursor.execute("VACUUM raw_message")


def write_anew(store: Store) -> bool:
    """Write the main database without remnants, while writers wait; False when the log stays in use."""
    with store.lone_cursor() as cursor:
        if store.is_sqlite:
            cursor.execute("VACUUM")
        else:
            for name in (*main_metadata.tables, *raw_metadata.tables, "mail_words"):
                cursor.execute(f'VACUUM "{name}"')
    return empty_log(store)
