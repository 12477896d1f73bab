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
    if not _BASE64_ONLY.fullmatch(octets):
        lines = octets.split(b"\n")
        kept = [line for line in lines if _BASE64_LINE.fullmatch(line.rstrip(b"\r"))]
        if not any(line.strip() for line in kept):
            return octets, "transfer encoding: declared base64, is not; read as 8bit"
        warning = "transfer encoding: lines that are no base64 were left out"
        octets = b"\n".join(kept)
    clean = b"".join(octets.split())
    if b"=" in clean.rstrip(b"="):
        # Several base64 texts joined by a gateway: each ends with its own padding.
        pieces = [piece for piece in re.split(rb"=+", clean) if piece]
    else:
        pieces = [clean.rstrip(b"=")]
    return b"".join(map(_unpad, pieces)), warning


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
