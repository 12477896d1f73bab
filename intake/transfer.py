"""Undo a content transfer encoding (RFC 2045 section 6), forgiving what gateways break.

Octets of a part and the name of the encoding go in, the decoded octets come out. Nothing
raises; an unknown encoding leaves the octets as they are, for the charset stage to judge.
"""

from __future__ import annotations

import binascii
import re
import string
from typing import Final

_BASE64_SIGNS: Final = (string.ascii_letters + string.digits + "+/=" + string.whitespace).encode()
_BASE64_LINE: Final = re.compile(rb"[A-Za-z0-9+/]*={0,3}[ \t]*")
_BASE64_ENDED: Final = re.compile(rb"^((?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,3}={1,2})[ \t].*$", re.DOTALL)
NOT_BASE64: Final = "transfer encoding: declared base64, is not; read as 8bit"
_UU_BEGIN: Final = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{0,200})\r?$", re.MULTILINE)
_NO_LETTER: Final = re.compile(r"[^a-z0-9]")
# Escapes of a letter in UTF-8, at least two octets: Cyrillic, Latin with marks, Chinese.
_QP_LETTERS: Final = re.compile(rb"=(?:[CD][0-9A-F]=[89AB][0-9A-F]|E[0-9A-F](?:=[89AB][0-9A-F]){2})")
_QP_SOFT_BREAK: Final = re.compile(rb"=[ \t]{1,80}\r?\n")
_QP_BARE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n|\Z)")
_MIN_UNDECLARED: Final = 60
_LONGEST_WORD: Final = 30  # a line of base64 is longer
_SAMPLE_BYTES: Final = 64 * 1024
IDENTITY: Final = frozenset(
    {
        "",
        "7bit",
        "8bit",
        "binary",
        "7-bit",
        "8-bit",
        "7bits",
        "8bits",
        "7 bit",
        "8 bit",
        "none",
        "text",
        "plain",
    }
)


def decode_transfer(octets: bytes, encoding: str) -> tuple[bytes, str]:
    """Decode the octets; with them comes a warning, "" when the encoding was honoured."""
    if encoding in IDENTITY:
        return octets, ""
    name = encoding if encoding == "base64" else _NO_LETTER.sub("", encoding)
    if name in {"base64", "b", "xbase64"}:
        return _base64(octets)
    if name in {"quotedprintable", "qp", "q"}:
        return _quoted_printable(octets), ""
    if name in {"xuuencode", "uuencode", "xuue", "uue"}:
        decoded = decode_uu(octets)
        return (octets, "transfer encoding: no uuencoded block found") if decoded is None else (decoded, "")
    return octets, f"transfer encoding: {encoding[:40]!r} is unknown, read as 8bit"


def decode_undeclared(octets: bytes) -> tuple[bytes, str]:
    """Undo an encoding of a text that nobody declared; with it comes a warning, "" when there is none.

    Gateways lose the field. Only what cannot be a letter as it stands is decoded: nothing but
    base64 that spells UTF-8 words, or quoted-printable whose escapes spell UTF-8 letters.
    """
    if not octets.isascii():
        return octets, ""
    if len(octets) >= _MIN_UNDECLARED and (decoded := _as_one_base64(octets)) and _is_utf8_text(decoded):
        return decoded, "transfer encoding: none declared, read as base64"
    escapes = _QP_LETTERS.findall(octets[:_SAMPLE_BYTES])
    if len(escapes) >= 4:
        decoded = _quoted_printable(octets)
        if _is_utf8_text(decoded):
            return decoded, "transfer encoding: none declared, read as quoted-printable"
    return octets, ""


def _as_one_base64(octets: bytes) -> bytes:
    """Return what a text that is one piece of base64 from end to end spells, else nothing."""
    if octets.translate(None, _BASE64_SIGNS):
        return b""
    lines = octets.split()
    clean = b"".join(lines)
    piece = clean.rstrip(b"=")
    if len(clean) % 4 or b"=" in piece or max(map(len, lines), default=0) <= _LONGEST_WORD:
        return b""
    return _unpad(piece)


def _is_utf8_text(octets: bytes) -> bool:
    try:
        text = octets[:_SAMPLE_BYTES].decode("utf-8", "strict" if len(octets) <= _SAMPLE_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    odd = sum(char < " " and char not in "\r\n\t" for char in text)
    return odd == 0 and any(char.isspace() for char in text)


def _quoted_printable(octets: bytes) -> bytes:
    """Undo quoted-printable; a `=` that begins no escape is a sign of its own, trailing blanks go."""
    octets = _QP_SOFT_BREAK.sub(b"=\n", octets)
    return binascii.a2b_qp(_QP_BARE.sub(b"=3D", octets))


def _base64(octets: bytes) -> tuple[bytes, str]:
    """Lines with characters outside the alphabet are dropped whole: they are footers of gateways."""
    warning = ""
    if b"= " in octets or octets.translate(None, _BASE64_SIGNS):
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
