"""How far raw mail stands in the form of the key that writes, and bringing it there on PostgreSQL.

On SQLite the listener does it, as the only writer of that file (`models.resealing`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from models.raw_form import SEALED, RawUnreadable, codec_of
from models.resealing import PORTION_BYTES, PORTION_MAILS, SCAN_ROWS, resealed
from models.store.engine import Store
from models.store.schema import RAW

log = logging.getLogger(__name__)

_NEWEST_MAILS: Final = 200


def mails_by_form(store: Store) -> dict[str, int]:
    """Count mails by key id; "" counts those that are stored in the clear. Purged mails have no form."""
    with store.read_raw() as db:
        rows = db.execute(
            select(RAW.c.codec, func.count()).where(RAW.c.raw.is_not(None)).group_by(RAW.c.codec)
        ).all()
    counts: dict[str, int] = {}
    for codec, count in rows:
        key_id = codec.removeprefix(SEALED) if codec.startswith(SEALED) else ""
        counts[key_id] = counts.get(key_id, 0) + count
    return counts


def newest_key_ids(store: Store) -> set[str]:
    """Name the keys of the newest mails: a quick look at what a worker will need."""
    with store.read_raw() as db:
        newest = db.execute(select(RAW.c.codec).order_by(RAW.c.id.desc()).limit(_NEWEST_MAILS)).scalars()
        return {codec.removeprefix(SEALED) for codec in newest if codec.startswith(SEALED)}


def mails_in_another_form(store: Store) -> int:
    """Count the mails that are not sealed with the key that writes."""
    codec = codec_of(store.keyring.writing_key())
    with store.read_raw() as db:
        return (
            db.scalar(
                select(func.count()).where(RAW.c.raw.is_not(None), RAW.c.codec != codec).select_from(RAW)
            )
            or 0
        )


def reseal_all(store: Store, advance: Callable[[int], None] = lambda _: None) -> int:
    """PostgreSQL: seal every mail anew that stands in another form; return how many that were.

    In short transactions; one that is cut off is taken up by the next run. A mail that does not open is
    left as it is and logged.
    """
    key = store.keyring.writing_key()
    done, after = 0, 0
    while True:
        with store.write() as db:
            wanted = _next(db, codec_of(key), after)
            for row in _rows(db, wanted):
                try:
                    codec, octets = resealed(store.keyring, key, row)
                except RawUnreadable as error:
                    log.error("left as it is: %s", error)  # noqa: TRY400 - the message is all
                    continue
                db.execute(update(RAW).where(RAW.c.id == row.id).values(codec=codec, raw=octets))
                done += 1
        if not wanted:
            return done
        after = wanted[-1]
        advance(len(wanted))


def _next(db: Connection, codec: str, after: int) -> list[int]:
    """Take the next mails of another form, as many as one transaction should change."""
    sizes = db.execute(
        select(RAW.c.id, RAW.c.size_bytes)
        .where(RAW.c.id > after, RAW.c.raw.is_not(None), RAW.c.codec != codec)
        .order_by(RAW.c.id)
        .limit(min(SCAN_ROWS, PORTION_MAILS))
    ).all()
    wanted: list[int] = []
    total = 0
    for raw_id, size_bytes in sizes:
        total += size_bytes
        if wanted and total > PORTION_BYTES:
            break
        wanted.append(raw_id)
    return wanted


def _rows(db: Connection, wanted: list[int]) -> Sequence[Any]:
    columns = (RAW.c.id, RAW.c.codec, RAW.c.size_bytes, RAW.c.sha256, RAW.c.raw)
    return db.execute(
        # A purge may be at one of them: its row is waited for, and read as it then stands.
        select(*columns)
        .where(RAW.c.id.in_(wanted), RAW.c.raw.is_not(None))
        .order_by(RAW.c.id)
        .with_for_update()
    ).all()
