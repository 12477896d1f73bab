"""Raw mail for those who read it: workers, export, replay.

It is written by the listener alone (`models.raw_store`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select
from sqlalchemy.engine import Connection

from models.raw_form import FIRST_CHUNK_BYTES, SEALED, RawUnreadable, accepted_beginning, accepted_octets
from models.records import Envelope, RawMail
from models.store.engine import Store, StoreError
from models.store.schema import MAIL_STATE, RAW

ADOPT_LIMIT = 2000


def adopt_new_mail(store: Store) -> int:
    """SQLite: give every newly accepted mail its row in `mail_state`; return how many there were.

    The listener writes `intake.db` only, so its mails are found here by their numbers, which
    rise in commit order because one connection writes them. On PostgreSQL the listener writes
    both rows in one transaction and nothing is left to do.
    """
    if not store.is_sqlite:
        return 0
    with store.read() as db:
        known = db.scalar(select(func.max(MAIL_STATE.c.raw_id))) or 0
    if not _newer(store, known, limit=1):
        return 0
    with store.write() as db:
        known = db.scalar(select(func.max(MAIL_STATE.c.raw_id))) or 0
        fresh = _newer(store, known, limit=ADOPT_LIMIT)
        if fresh:
            db.execute(
                insert(MAIL_STATE),
                [{"raw_id": row.id, "received_at_utc": row.received_at_utc} for row in fresh],
            )
    return len(fresh)


def _newer(store: Store, known: int, *, limit: int) -> Sequence[Any]:
    with store.read_raw() as raw:
        return raw.execute(
            select(RAW.c.id, RAW.c.received_at_utc).where(RAW.c.id > known).order_by(RAW.c.id).limit(limit)
        ).all()


def fetch_mails(store: Store, raw_ids: Sequence[int]) -> dict[int, RawMail]:
    """Load raw mails by number; a purged or unknown one is absent from the answer.

    Raises StoreError when the octets of one cannot be had: its key is missing, or they are damaged.
    """
    mails, faults = fetch_readable(store, raw_ids)
    for fault in faults.values():
        raise StoreError(fault)
    return mails


def fetch_readable(store: Store, raw_ids: Sequence[int]) -> tuple[dict[int, RawMail], dict[int, str]]:
    """Load raw mails by number, and say of those whose octets are there and cannot be had why."""
    if not raw_ids:
        return {}, {}
    with store.read_raw() as db:
        rows = db.execute(select(RAW).where(RAW.c.id.in_(raw_ids), RAW.c.raw.is_not(None))).all()
    mails: dict[int, RawMail] = {}
    faults: dict[int, str] = {}
    for row in rows:
        try:
            octets = accepted_octets(store.keyring, row)
        except RawUnreadable as error:
            faults[row.id] = str(error)
        else:
            mails[row.id] = RawMail(raw_id=row.id, envelope=envelope_of(row), raw=octets, sha256=row.sha256)
    return mails, faults


def fetch_beginnings(
    store: Store, raw_ids: Sequence[int], limit_bytes: int, *, skip_unreadable: bool = False
) -> dict[int, bytes]:
    """Load the first octets of raw mails by number: enough for their headers, whatever their size.

    At most 64 KiB. A mail whose octets cannot be had raises StoreError, or is absent where the caller
    only shows what there is.
    """
    if not raw_ids:
        return {}
    with store.read_raw() as db:
        rows = db.execute(
            select(
                RAW.c.id,
                RAW.c.codec,
                RAW.c.size_bytes,
                RAW.c.sha256,
                first_octets(limit_bytes),
            ).where(RAW.c.id.in_(raw_ids), RAW.c.raw.is_not(None))
        ).all()
    found: dict[int, bytes] = {}
    for row in rows:
        try:
            found[row.id] = accepted_beginning(store.keyring, row, limit_bytes)
        except RawUnreadable as error:
            if not skip_unreadable:
                raise StoreError(str(error)) from error
    return found


def first_octets(limit_bytes: int) -> ColumnElement[Any]:
    """Select as much of the stored octets as their beginning takes, as `octets`."""
    wanted = case((RAW.c.codec.startswith(SEALED), FIRST_CHUNK_BYTES), else_=limit_bytes)
    return func.substr(RAW.c.raw, 1, wanted).label("octets")


def first_that_fit(store: Store, raw_ids: Sequence[int], limit_bytes: int) -> tuple[int, ...]:
    """Return the oldest of some mails that together stay below a size, always at least one."""
    with store.read_raw() as db:
        rows = db.execute(select(RAW.c.id, RAW.c.size_bytes).where(RAW.c.id.in_(raw_ids))).all()
    sizes: dict[int, int] = {row.id: row.size_bytes for row in rows}
    fit: list[int] = []
    total = 0
    for raw_id in sorted(raw_ids):
        total += sizes.get(raw_id, 0)
        if fit and total > limit_bytes:
            break
        fit.append(raw_id)
    return tuple(fit)


def envelope_of(row: Any) -> Envelope:
    """Read the envelope columns of a `raw_message` row."""
    received: datetime = row.received_at_utc
    return Envelope(
        mail_from=row.mail_from,
        rcpt_tos=tuple(json.loads(row.rcpt_tos)),
        peer=row.peer,
        helo=row.helo,
        tls=bool(row.tls),
        received_at_utc=received,
    )


def count_accepted(db: Connection) -> int:
    """Count accepted SMTP transactions."""
    return db.scalar(select(func.count()).select_from(RAW)) or 0
