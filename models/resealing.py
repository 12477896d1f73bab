"""Bringing stored raw mail into the form of the key that writes, on SQLite: by the one writer of the file.

In go the open connection of the writer, the keyring and where it stopped; out come how many mails were
sealed anew and where to go on. Each transaction is short, so that senders wait for no more than that, and
what is done shows in the row itself, so it does not matter when the process ends in between. PostgreSQL:
`models.store.resealing`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from models.raw_form import RawUnreadable, accepted_octets, codec_of, stored_octets

if TYPE_CHECKING:
    from models.keyring import Keyring
    from models.sealing import SealingKey

log = logging.getLogger(__name__)

SCAN_ROWS: Final = 500  # looked at in one step, most of which need nothing
PORTION_MAILS: Final = 50  # of one transaction
PORTION_BYTES: Final = 2 * 1024 * 1024
GO_S: Final = 0.25  # of one go: what a sender may wait in all
_COLUMNS: Final = "id, codec, size_bytes, sha256, raw"


def resealed(keyring: Keyring, key: SealingKey | None, row: Any) -> tuple[str, bytes]:
    """Give codec and octets of a row in the form of `key`; raises RawUnreadable."""
    return codec_of(key), stored_octets(accepted_octets(keyring, row), key, row.id, row.sha256)


class Resealing:
    """How far the writer of one file is in bringing its mails into the form of the key that writes."""

    def __init__(self, keyring: Keyring) -> None:
        """Begin at the first mail: what was done before shows in the rows."""
        self._keyring = keyring
        self._form: str | None = None  # that is being brought about
        self._last = 0
        self._is_done = False

    def go(self, connection: sqlite3.Connection) -> int:
        """Seal anew for a short while what stands in another form; return how many mails changed.

        A mail that does not open is left as it is and logged. Raises sqlite3.Error when the file cannot
        be written.
        """
        if not self._keyring.is_used:
            return 0
        key = self._keyring.writing_key()
        if codec_of(key) != self._form:
            self._form, self._last, self._is_done = codec_of(key), 0, False
        if self._is_done:
            return 0
        changed, self._last = _go(connection, self._keyring, key, self._last)
        self._is_done = not self._last
        return changed

    @property
    def is_done(self) -> bool:
        """True when the last go reached the end."""
        return self._is_done or not self._keyring.is_used


def _go(
    connection: sqlite3.Connection, keyring: Keyring, key: SealingKey | None, after: int
) -> tuple[int, int]:
    """Seal anew what stands behind mail `after`; return changes and where to go on, 0 at the end."""
    changed, last, give_up_at = 0, after, time.monotonic() + GO_S
    while True:  # one step at least, however busy the machine
        rows = connection.execute(
            "SELECT id, size_bytes, codec <> ? AND raw IS NOT NULL FROM raw_message"
            " WHERE id > ? ORDER BY id LIMIT ?",
            (codec_of(key), last, SCAN_ROWS),
        ).fetchall()
        if not rows:
            return changed, 0
        wanted, last = _portion(rows)
        if wanted:
            changed += _reseal(connection, keyring, key, wanted)
        if time.monotonic() >= give_up_at:
            return changed, last


def _portion(rows: list[tuple[int, int, int]]) -> tuple[list[int], int]:
    """Choose what fits into one transaction; return it and the last row that was looked at."""
    wanted: list[int] = []
    size = 0
    for raw_id, size_bytes, is_wanted in rows:
        if not is_wanted:
            continue
        size += size_bytes
        if len(wanted) == PORTION_MAILS or (wanted and size > PORTION_BYTES):
            return wanted, wanted[-1]
        wanted.append(raw_id)
    return wanted, rows[-1][0]


def _reseal(
    connection: sqlite3.Connection, keyring: Keyring, key: SealingKey | None, raw_ids: list[int]
) -> int:
    changed = 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        for raw_id in raw_ids:
            values = connection.execute(
                f"SELECT {_COLUMNS} FROM raw_message WHERE id = ?",  # noqa: S608 - constants only
                (raw_id,),
            ).fetchone()
            row = SimpleNamespace(**dict(zip(_COLUMNS.split(", "), values, strict=True)))
            try:
                codec, octets = resealed(keyring, key, row)
            except RawUnreadable as error:
                log.error("left as it is: %s", error)  # noqa: TRY400 - the message is all
                continue
            connection.execute(
                "UPDATE raw_message SET codec = ?, raw = ? WHERE id = ?", (codec, octets, raw_id)
            )
            changed += 1
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise
    return changed
