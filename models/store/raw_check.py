"""Comparing raw mail with the checksums of its acceptance: what a disk lost shows here, not at a replay."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select

from models.keyring import Keyring
from models.raw_form import RawUnreadable, accepted_octets
from models.store.engine import Store
from models.store.schema import RAW

PAGE_BYTES: Final = 32 * 1024 * 1024
PAGE_ROWS: Final = 200


def damaged_mails(store: Store, advance: Callable[[int], None] = lambda _: None) -> Iterator[tuple[int, str]]:
    """Give (raw_id, fault) of every mail whose bytes are not those that were accepted.

    `advance` is told how many mails were looked at. Purged mails have no bytes and are passed over.
    """
    after = 0
    while page := _page(store, after):
        for row in page:
            if row.raw is not None and (fault := octets_fault(store.keyring, row)):
                yield row.id, fault
        after = page[-1].id
        advance(len(page))


def _page(store: Store, after: int) -> Sequence[Any]:
    """Read the next mails, as many as fit into memory, always at least one."""
    with store.read_raw() as db:
        sizes = db.execute(
            select(RAW.c.id, RAW.c.size_bytes).where(RAW.c.id > after).order_by(RAW.c.id).limit(PAGE_ROWS)
        ).all()
        wanted: list[int] = []
        total = 0
        for raw_id, size_bytes in sizes:
            total += size_bytes
            if wanted and total > PAGE_BYTES:
                break
            wanted.append(raw_id)
        return db.execute(
            select(RAW.c.id, RAW.c.size_bytes, RAW.c.codec, RAW.c.sha256, RAW.c.raw)
            .where(RAW.c.id.in_(wanted))
            .order_by(RAW.c.id)
        ).all()


def octets_fault(keyring: Keyring, row: Any) -> str:
    """Say what is wrong with the stored bytes of a row, "" when they are those that were accepted.

    `row` has id, codec, size_bytes, sha256 and raw, which must not be purged.
    """
    try:
        octets = accepted_octets(keyring, row)
    except RawUnreadable as error:
        return f"({error})"
    if len(octets) != row.size_bytes:
        return f"has {len(octets)} bytes, {row.size_bytes} were accepted"
    if hashlib.sha256(octets).hexdigest() != row.sha256:
        return "has not the checksum of its acceptance"
    return ""
