"""Undo a content transfer encoding (RFC 2045 section 6), forgiving what gateways break.

Octets of a part and the name of the encoding go in, the decoded octets come out. Nothing
raises; an unknown encoding leaves the octets as they are, for the charset stage to judge.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

_BASE64_ONLY: Final = re.compile(rb"[A-Za-z0-9+/=\s]*")
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/]*={0,3}[ \t]*")
_BASE64_ENDED: Final = re.compile(rb"^((?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,3}={1,2})[ \t].*$", re.DOTALL)
NOT_BASE64: Final = "transfer encoding: declared base64, is not; read as 8bit"
_UU_BEGIN: Final = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{0,200})\r?$", re.MULTILINE)
IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})


def decode_transfer(octets: bytes, encoding: str) -> tuple[bytes, str]:
    """Decode the octets; with them comes a warning, "" when the encoding was honoured."""
    if encoding in IDENTITY:
        return octets, ""
    if encoding == "base64":
        return _base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets), ""
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        decoded = decode_uu(octets)
        return (octets, "transfer encoding: no uuencoded block found") if decoded is None else (decoded, "")
    return octets, f"transfer encoding: {encoding[:40]!r} is unknown, read as 8bit"


def _base64(octets: bytes) -> tuple[bytes, str]:
    """Lines with characters outside the alphabet are dropped whole: they are footers of gateways."""
    warning = ""
    if b"= " in octets or not _BASE64_ONLY.fullmatch(octets):
        lines = [_BASE64_ENDED.sub(rb"\1", line.strip()) for line in octets.split(b"\n")]
        kept = [line for line in lines if _BASE64_LINE.fullmatch(line)]
        size = sum(map(len, kept))
        if not size or (size * 2 < sum(map(len, lines)) and not _begins_encoded(lines)):
            return octets, NOT_BASE64
        warning = "transfer encoding: lines that are no base64 were left out"
        octets = b"\n".join(kept)
    clean = b"".join(octets.split())
    if b"=" in clean.rstrip(b"="):
        # Several base64 texts joined by a gateway: each ends with its own padding.
        pieces = [piece for piece in re.split(rb"=+", clean) if piece]
    else:
        pieces = [clean.rstrip(b"=")]
    return b"".join(map(_unpad, pieces)), warning


def _begins_encoded(lines: list[bytes]) -> bool:
    """Tell a short base64 text with a long footer from plain words that call themselves base64."""
    encoded = b""
    for line in lines:
        if not _BASE64_LINE.fullmatch(line):
            break
        encoded += line
    return len(encoded) >= 16 and len(encoded) % 4 == 0


def _unpad(piece: bytes) -> bytes:
    usable = piece[: len(piece) - (len(piece) % 4 == 1)]
    return binascii.a2b_base64(usable + b"=" * (-len(usable) % 4))


def decode_uu(octets: bytes) -> bytes | None:
    """Content of the first uuencoded block, None when there is none."""
    begin = _UU_BEGIN.search(octets)
    if not begin:
        return None
    out: list[bytes] = []
    for line in octets[begin.end() :].lstrip(b"\r\n").split(b"\n"):
        stripped = line.rstrip(b"\r")
        if stripped == b"end":
            break
        try:
            out.append(binascii.a2b_uu(stripped))
        except binascii.Error:
            # Some encoders pad lines wrongly: take as many characters as the count promises.
            length = (((stripped[0] - 32) & 63) * 4 + 5) // 3 if stripped else 0
            try:
                out.append(binascii.a2b_uu(stripped[:length]))
            except binascii.Error:
                continue
    return b"".join(out)
