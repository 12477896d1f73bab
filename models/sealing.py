"""Sealing raw mail with AES-256-GCM: octets and a key in, sealed octets out, and back.

A sealed mail is `MAGIC`, the id of its key, a random salt, and the mail in chunks of 64 KiB with a tag
each. Every mail has a key of its own, derived from the named key and the salt (HKDF-SHA256, RFC 5869),
so nonces cannot meet however many mails there are; the nonce of a chunk is its number and whether it is
the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizar, 2015), so chunks cannot be
left out, exchanged or cut off. The header and the caller's context, which names the mail, are
authenticated with every chunk: a sealed mail does not open under another number.

Chunks let a list read the header of a large mail without opening the whole.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32  # AES-256
CHUNK_BYTES: Final = 64 * 1024
MAGIC: Final = b"RZS1"
_ID_BYTES: Final = 8
_SALT_BYTES: Final = 16
_TAG_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + _ID_BYTES + _SALT_BYTES
FIRST_CHUNK_BYTES: Final = HEADER_BYTES + CHUNK_BYTES + _TAG_BYTES  # of a sealed mail: its first 64 KiB
_PURPOSE: Final = b"razbor raw mail 1"


class SealBroken(Exception):  # noqa: N818 - named for what it tells
    """These are not the octets that were sealed for this mail with this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """A key and the id that sealed mails name it by."""

    key_id: str  # eight hexadecimal digits
    secret: bytes = field(repr=False)


def sealing_key(secret: bytes) -> SealingKey:
    """Name a key of 32 random octets by its fingerprint, so that an id never names another key.

    Raises ValueError for any other length.
    """
    if len(secret) != KEY_BYTES:
        msg = f"a key has {KEY_BYTES} octets, this one has {len(secret)}"
        raise ValueError(msg)
    return SealingKey(
        key_id=hashlib.sha256(b"razbor key id\0" + secret).hexdigest()[:_ID_BYTES], secret=secret
    )


def seal(octets: bytes, key: SealingKey, context: bytes) -> bytes:
    """Seal octets for the mail that `context` names."""
    salt = os.urandom(_SALT_BYTES)
    header = MAGIC + key.key_id.encode("ascii") + salt
    cipher, bound = _cipher(key, salt), header + context
    chunks = chunk_count(len(octets))
    sealed = [header]
    for number in range(chunks):
        part = octets[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]
        sealed.append(cipher.encrypt(_nonce(number, chunks), part, bound))
    return b"".join(sealed)


def unseal(
    sealed: bytes, key: SealingKey, context: bytes, size_bytes: int, *, chunks: int | None = None
) -> bytes:
    """Open a sealed mail of `size_bytes` octets, or only its first `chunks`.

    Raises SealBroken when anything was changed, is missing, or belongs to another mail or key.
    """
    header = sealed[:HEADER_BYTES]
    if header[: len(MAGIC) + _ID_BYTES] != MAGIC + key.key_id.encode("ascii") or len(header) != HEADER_BYTES:
        raise SealBroken("it does not begin as a mail sealed with this key")
    total = chunk_count(size_bytes)
    wanted = total if chunks is None else min(chunks, total)
    if chunks is None and len(sealed) != HEADER_BYTES + size_bytes + total * _TAG_BYTES:
        raise SealBroken("it has not the length that was sealed")
    cipher, bound = _cipher(key, header[len(MAGIC) + _ID_BYTES :]), header + context
    step = CHUNK_BYTES + _TAG_BYTES
    opened = []
    try:
        for number in range(wanted):
            at = HEADER_BYTES + number * step
            opened.append(cipher.decrypt(_nonce(number, total), sealed[at : at + step], bound))
    except (InvalidTag, ValueError) as error:
        raise SealBroken("it was changed, or sealed for another mail") from error
    return b"".join(opened)


def chunk_count(size_bytes: int) -> int:
    """Count the chunks of a mail; an empty one has one, so that it is authenticated too."""
    return max(1, -(-size_bytes // CHUNK_BYTES))


def _cipher(key: SealingKey, salt: bytes) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_PURPOSE).derive(key.secret)
    return AESGCM(derived)


def _nonce(number: int, chunks: int) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if number == chunks - 1 else b"\0")
