"""One DKIM-Signature field: its octets in, what it claims out, or why it does not count (RFC 6376 3.5).

What may be wrong with a signature without looking at the mail or asking for the key is found
here: `l=` leaves the end of the body unsigned, so anybody may append to it (measured: dkimpy
verifies such a mail); rsa-sha1 must not count (RFC 8301); `x=` may have passed.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from intake.dkim_key import Refusal, tags_of
from intake.dns_lookup import ascii_domain

MAX_FIELD_BYTES: Final = 8_192
MAX_SIGNED_FIELDS: Final = 200
_SELECTOR: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63}){0,5}")
_CANONICAL: Final = frozenset({"simple", "relaxed"})
_TIME: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a signature says of itself; `refusal` tells why it does not count, None when it may."""

    domain: str  # d=, "" when the field cannot be read
    selector: str = ""
    identity_domain: str = ""  # of i=
    signed_fields: tuple[str, ...] = ()  # h=, lower case
    relaxed_header: bool = False
    relaxed_body: bool = False
    body_sha256: bytes = b""
    value: bytes = b""  # b=, decoded
    refusal: Refusal | None = None


def read_signature(field: bytes, arrived_s: float) -> Signature:
    """Read the value of a DKIM-Signature field; `arrived_s` is when the mail came, in seconds since 1970."""
    if len(field) > MAX_FIELD_BYTES:
        return Signature(domain="", refusal=Refusal("permerror", "the signature is too long"))
    tags = tags_of(field.decode("latin-1"))
    domain = ascii_domain(tags.get("d", "")) if tags else ""
    if not tags or not domain:
        return Signature(domain="", refusal=Refusal("permerror", "the signature cannot be read"))
    canonical = [part.strip().lower() for part in tags.get("c", "simple/simple").split("/")]
    return Signature(
        domain=domain,
        selector=tags.get("s", "").rstrip("."),
        identity_domain=_identity_domain(tags, domain),
        signed_fields=tuple(name.strip().lower() for name in tags.get("h", "").split(":")),
        relaxed_header=canonical[0] == "relaxed",
        relaxed_body=canonical[1:] == ["relaxed"],
        body_sha256=_decoded(tags.get("bh", "")),
        value=_decoded(tags.get("b", "")),
        refusal=_malformed(tags, domain, canonical) or _untrusted(tags, arrived_s),
    )


def _malformed(tags: dict[str, str], domain: str, canonical: list[str]) -> Refusal | None:
    signed = [name.strip().lower() for name in tags.get("h", "").split(":")]
    identity = _identity_domain(tags, domain)
    checks = {
        "its version is unknown": tags.get("v") == "1",
        "it has no usable selector": bool(_SELECTOR.fullmatch(tags.get("s", "").rstrip("."))),
        "it does not sign From": "from" in signed,
        "it signs too many fields": len(signed) <= MAX_SIGNED_FIELDS,
        "its canonical form is unknown": len(canonical) <= 2 and _CANONICAL.issuperset(canonical),
        "its hash cannot be read": len(_decoded(tags.get("bh", ""))) in {20, 32},
        "its value cannot be read": bool(_decoded(tags.get("b", ""))),
        "its identity is not of its domain": identity == domain or identity.endswith(f".{domain}"),
        "its key is not in the name service": "dns/txt" in tags.get("q", "dns/txt").lower(),
    }
    wrong = next((words for words, is_right in checks.items() if not is_right), "")
    return Refusal("permerror", wrong) if wrong else None


def _untrusted(tags: dict[str, str], arrived_s: float) -> Refusal | None:
    algorithm = tags.get("a", "").lower()
    if algorithm == "rsa-sha1":
        return Refusal("policy", "rsa-sha1 proves nothing")
    if algorithm != "rsa-sha256":
        return Refusal("neutral", "its algorithm is not verified here")
    if "l" in tags:
        return Refusal("policy", "l= lets anybody append to the body")
    expiry = tags.get("x")
    if expiry is not None:
        if not _TIME.fullmatch(expiry):
            return Refusal("permerror", "its expiry cannot be read")
        if int(expiry) < arrived_s:
            return Refusal("fail", "it has expired")
    return None


def _identity_domain(tags: dict[str, str], domain: str) -> str:
    identity = tags.get("i", "")
    return ascii_domain(identity.rpartition("@")[2]) if identity else domain


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def without_value(field: bytes) -> bytes:
    """Return a DKIM-Signature value with what stands in its b= tag taken out (RFC 6376 section 3.7)."""
    specs = field.split(b";")
    for at, spec in enumerate(specs):
        name, equals, _ = spec.partition(b"=")
        if equals and name.strip() == b"b":
            specs[at] = name + equals
    return b";".join(specs)
