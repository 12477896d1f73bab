"""How the octets of a raw mail stand in their row: as received, packed, or sealed (column `codec`).

In goes a row's `codec` and `raw` with the number, size and checksum that stand beside them, out come the
octets as they were accepted. Checksum and size are always those of the accepted octets, so that
`razbor doctor --deep` and backups prove them through the seal.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

from models.keyring import Keyring, KeyringError

if TYPE_CHECKING:
    from models.sealing import SealingKey

PLAIN: Final = ""
PACKED: Final = "zlib"  # of an earlier form; still read
SEALED: Final = "sealed:"  # then the id of the key
FIRST_CHUNK_BYTES: Final = 64 * 1024 + 64  # more than the header and the first chunk of a sealed mail


class RawUnreadable(Exception):  # noqa: N818 - named for what it tells
    """The octets of a mail are there and cannot be had; the message says why and what to do."""


def codec_of(key: SealingKey | None) -> str:
    """Name the form in which this key writes."""
    return f"{SEALED}{key.key_id}" if key else PLAIN


def stored_octets(octets: bytes, key: SealingKey | None, raw_id: int, sha256: str) -> bytes:
    """Give the octets as they go into the row."""
    if key is None:
        return octets
    from models.sealing import seal

    return seal(octets, key, _context(raw_id, sha256))


def accepted_octets(keyring: Keyring, row: Any) -> bytes:
    """Give the octets as they were accepted; `row` has id, codec, size_bytes, sha256 and raw.

    Raises RawUnreadable when the key is missing or the stored octets are damaged.
    """
    return _opened(keyring, row, bytes(row.raw), None)


def accepted_beginning(keyring: Keyring, row: Any, limit_bytes: int) -> bytes:
    """Give the first octets; `row` has id, codec, size_bytes, sha256 and `octets`.

    `octets` are as many as `models.store.raw_mail.first_octets` selects; of a sealed mail at most 64 KiB
    come back. Raises RawUnreadable.
    """
    if row.codec == PACKED:
        try:
            return zlib.decompressobj().decompress(row.octets, limit_bytes)
        except zlib.error as error:
            raise RawUnreadable(f"raw mail {row.id} cannot be unpacked ({error})") from error
    return _opened(keyring, row, bytes(row.octets), 1)[:limit_bytes]


def _opened(keyring: Keyring, row: Any, stored: bytes, chunks: int | None) -> bytes:
    codec: str = row.codec
    if codec == PLAIN:
        return stored
    if codec == PACKED:
        try:
            return zlib.decompress(stored)
        except zlib.error as error:
            raise RawUnreadable(f"raw mail {row.id} cannot be unpacked ({error})") from error
    if not codec.startswith(SEALED):
        raise RawUnreadable(f"raw mail {row.id} is stored as {codec!r}: use the newer Razbor that wrote it")
    from models.sealing import SealBroken, unseal

    try:
        key = keyring.key(codec.removeprefix(SEALED))
        return unseal(stored, key, _context(row.id, row.sha256), row.size_bytes, chunks=chunks)
    except KeyringError as error:
        raise RawUnreadable(f"raw mail {row.id} is sealed, and {error}") from error
    except SealBroken as error:
        raise RawUnreadable(f"raw mail {row.id} does not open ({error}): restore it from a backup") from error


def _context(raw_id: int, sha256: str) -> bytes:
    """Bind sealed octets to their row: neither its number nor its checksum can be exchanged."""
    return f"raw_message {raw_id} {sha256}".encode()
