"""DKIM signatures of a mail, verified (RFC 6376, RFC 8301): raw octets and look-ups in, results out.

A mail whose header could be read in two ways is not verified at all: what was signed might
not be what `read_mail` shows. RSA itself is dkimpy's; dkimpy's `verify` is not used, because
it counts `l=` and rsa-sha1, takes keys of any size, and says "False" for a lost key server.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dkim.crypto import DigestTooLargeError, RSASSA_PKCS1_v1_5_verify

from intake.dkim_canonical import body_sha256, canonical_field
from intake.dkim_key import PublicKey, Refusal, read_key
from intake.dkim_signature import Signature, read_signature, without_value
from intake.dns_lookup import MailLookUps, NoAnswerError

MAX_SIGNATURES: Final = 5
MAX_HEADER_BYTES: Final = 256 * 1024
MAX_FIELDS: Final = 2_000
_FIELD: Final = re.compile(rb"([!-9;-~]{1,120})[ \t]*:")


@dataclass(frozen=True, slots=True)
class DkimResult:
    """What became of one signature; `reason` is "" for one that holds."""

    domain: str
    word: str  # RFC 8601 section 2.7.1
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignedMail:
    """A mail cut for verifying: its fields in order, and where its body begins."""

    fields: tuple[tuple[bytes, bytes], ...]
    body: memoryview
    reason: str = ""  # why nothing in it can be verified


def cut_for_verifying(raw: bytes) -> SignedMail:
    """Split a mail at its CRLFs; one without any CRLF (a file) gets them."""
    if b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")
    end = raw.find(b"\r\n\r\n", 0, MAX_HEADER_BYTES)
    if end < 0:
        end = len(raw) if len(raw) <= MAX_HEADER_BYTES else 0
    body = memoryview(raw)[min(end + 4, len(raw)) :]
    head = raw[:end]
    if not head or re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", head):
        return SignedMail((), body, "the header can be read in two ways")
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in head.split(b"\r\n"):
        match = _FIELD.match(line)
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(b"\r\n" + line)
        elif match and len(fields) < MAX_FIELDS:
            fields.append((line[: line.index(b":")], [line[match.end() :]]))
        else:
            return SignedMail((), body, "the header can be read in two ways")
    return SignedMail(tuple((name, b"".join(lines) + b"\r\n") for name, lines in fields), body)


def signatures_of(mail: SignedMail, arrived_s: float) -> list[tuple[int, Signature]]:
    """Read the signatures of a mail, each with the position of its field."""
    return [
        (at, read_signature(value, arrived_s))
        for at, (name, value) in enumerate(mail.fields)
        if name.strip().lower() == b"dkim-signature"
    ]


class DkimVerifier:
    """Verifies signatures of one mail; the body is hashed once per canonical form."""

    def __init__(self, mail: SignedMail, look_up: MailLookUps) -> None:
        self._mail = mail
        self._look_up = look_up
        self._body_hashes: dict[bool, bytes] = {}

    def verify(self, at: int, signature: Signature) -> DkimResult:
        """Verify the signature whose field stands at `at`."""
        refusal = signature.refusal or self._refusal(at, signature)
        if refusal is None:
            return DkimResult(signature.domain, "pass")
        return DkimResult(signature.domain, refusal.word, refusal.reason)

    def _refusal(self, at: int, signature: Signature) -> Refusal | None:
        key = self._key(signature)
        if isinstance(key, Refusal):
            return key
        if key.is_strict and signature.identity_domain != signature.domain:
            return Refusal("permerror", "the key allows no identity below its domain")
        if not hmac.compare_digest(self._body_hash(signature), signature.body_sha256):
            return Refusal("fail", "the body was changed")
        digest = hashlib.sha256(_signed_header(self._mail.fields, at, signature))
        numbers = {"modulus": key.modulus, "publicExponent": key.exponent}
        try:
            holds = RSASSA_PKCS1_v1_5_verify(digest, signature.value, numbers)
        except (DigestTooLargeError, AssertionError):
            holds = False
        return None if holds else Refusal("fail", "the signed fields were changed")

    def _key(self, signature: Signature) -> PublicKey | Refusal:
        try:
            records = self._look_up(f"{signature.selector}._domainkey.{signature.domain}", "TXT")
        except NoAnswerError:
            return Refusal("temperror", "its key could not be fetched")
        if len(records) != 1:
            return Refusal("permerror", "its key does not exist" if not records else "its key is not unique")
        return read_key(records[0])

    def _body_hash(self, signature: Signature) -> bytes:
        relaxed = signature.relaxed_body
        if relaxed not in self._body_hashes:
            self._body_hashes[relaxed] = body_sha256(self._mail.body, relaxed=relaxed)
        return self._body_hashes[relaxed]


def _signed_header(fields: Sequence[tuple[bytes, bytes]], at: int, signature: Signature) -> bytes:
    """Join the signed fields, the last of a name first (RFC 6376 5.4.2), and the signature's own."""
    positions: dict[str, list[int]] = {}
    for position, (name, _) in enumerate(fields):
        positions.setdefault(name.strip().decode("latin-1").lower(), []).append(position)
    chosen = [
        canonical_field(*fields[left.pop()], relaxed=signature.relaxed_header)
        for signed in signature.signed_fields
        if (left := positions.get(signed))
    ]
    own_name, own_value = fields[at]
    own = canonical_field(own_name, without_value(own_value), relaxed=signature.relaxed_header)
    return b"".join(chosen) + own.removesuffix(b"\r\n")
