"""The public key of a DKIM signature: its TXT record in, a key that may be used out (RFC 6376 3.6.1).

dkimpy's reader of RSA keys is used behind bounds that it lacks: a key of 40,000 bits with an
exponent of 2,000, published by a forger, costs 7 s, and a record holds ten times that. Keys below
1,024 bits prove nothing (RFC 8301 section 3.2). Ed25519 keys (RFC 8463) are not verified.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from dkim.asn1 import ASN1FormatError
from dkim.crypto import UnparsableKeyError, parse_public_key

MIN_KEY_BITS: Final = 1_024
MAX_KEY_BITS: Final = 8_192
MAX_EXPONENT_BITS: Final = 32
MAX_RECORD_CHARS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something does not count: the word of RFC 8601 section 2.7.1 and the reason in words."""

    word: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An RSA key that is strong enough and not too large."""

    modulus: int
    exponent: int
    is_strict: bool = False  # t=s: the identity must be of the signing domain itself


def tags_of(text: str) -> dict[str, str] | None:
    """Split a tag=value list (RFC 6376 section 3.2); None when it is malformed or a tag is repeated."""
    tags: dict[str, str] = {}
    for spec in text.split(";"):
        if not spec.strip():
            continue
        name, equals, value = spec.partition("=")
        name = name.strip()
        if not equals or not name or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def read_key(record: str) -> PublicKey | Refusal:
    """Read a key record; the signature's algorithm is rsa-sha256."""
    tags = tags_of(record) if len(record) <= MAX_RECORD_CHARS else None
    if tags is None or tags.get("v", "DKIM1") != "DKIM1":
        return Refusal("permerror", "the key record cannot be read")
    if unusable := _unusable(tags):
        return unusable
    try:
        numbers = parse_public_key(base64.b64decode("".join(tags["p"].split()), validate=True))
    except (binascii.Error, UnparsableKeyError, ASN1FormatError, AssertionError, IndexError, TypeError):
        return Refusal("permerror", "the key cannot be read")
    return _bounded(numbers["modulus"], numbers["publicExponent"], is_strict="s" in _list(tags.get("t", "")))


def _unusable(tags: dict[str, str]) -> Refusal | None:
    """Tell why a key that can be read must not be used."""
    if tags.get("k", "rsa").lower() != "rsa":
        return Refusal("neutral", "the key is of a kind that is not verified here")
    if "sha256" not in _list(tags.get("h", "sha256")):
        return Refusal("permerror", "the key does not allow sha256")
    if not {"*", "email"} & _list(tags.get("s", "*")):
        return Refusal("permerror", "the key is not for mail")
    return None if tags.get("p") else Refusal("permerror", "the key was revoked")


def _bounded(modulus: int, exponent: int, *, is_strict: bool) -> PublicKey | Refusal:
    bits = modulus.bit_length()
    if bits < MIN_KEY_BITS:
        return Refusal("policy", f"a key of {bits} bits proves nothing")
    if bits > MAX_KEY_BITS or not 2 < exponent < 1 << MAX_EXPONENT_BITS:
        return Refusal("permerror", "the key is too large to be checked")
    return PublicKey(modulus=modulus, exponent=exponent, is_strict=is_strict)


def _list(value: str) -> set[str]:
    return {item.strip().lower() for item in value.split(":")}
