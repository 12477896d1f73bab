"""Comparing raw mail with the checksums of its acceptance: what a disk lost shows here, not at a replay."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import select

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
        for raw_id, size_bytes, codec, sha256, octets in page:
            if octets is not None and (fault := octets_fault(octets, codec, size_bytes, sha256)):
                yield raw_id, fault
        after = page[-1][0]
        advance(len(page))


def _page(store: Store, after: int) -> list[tuple[int, int, str, str, bytes | None]]:
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
        rows = db.execute(
            select(RAW.c.id, RAW.c.size_bytes, RAW.c.codec, RAW.c.sha256, RAW.c.raw)
            .where(RAW.c.id.in_(wanted))
            .order_by(RAW.c.id)
        )
        return [(row.id, row.size_bytes, row.codec, row.sha256, row.raw) for row in rows]


def octets_fault(octets: bytes, codec: str, size_bytes: int, sha256: str) -> str:
    """Say what is wrong with stored bytes, "" when they are those that were accepted."""
    if codec == "zlib":
        try:
            octets = zlib.decompressobj().decompress(octets, size_bytes + 1)
        except zlib.error as error:
            return f"cannot be unpacked ({error})"
    if len(octets) != size_bytes:
        return f"has {len(octets)} bytes, {size_bytes} were accepted"
    if hashlib.sha256(octets).hexdigest() != sha256:
        return "has not the checksum of its acceptance"
    return ""
