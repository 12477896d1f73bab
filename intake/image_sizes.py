"""Width and height of a picture from its first octets, without decoding it.

Octets go in, `(width, height)` in pixels or None comes out. PNG (RFC 2083), GIF89a, JPEG
(ITU T.81 annex B: the frame header), WebP and BMP; nothing else is measured.
"""

from __future__ import annotations

import struct
from typing import Final

_MAX_MARKERS: Final = 200
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def pixel_size(octets: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, None when the format is not known or its header is torn."""
    try:
        if octets.startswith(b"\x89PNG\r\n\x1a\n") and octets[12:16] == b"IHDR":
            return _pair(">II", octets, 16)
        if octets.startswith((b"GIF87a", b"GIF89a")):
            return _pair("<HH", octets, 6)
        if octets.startswith(b"BM"):
            width, height = _pair("<ii", octets, 18)
            return abs(width), abs(height)
        if octets.startswith(b"RIFF") and octets[8:12] == b"WEBP":
            return _webp(octets)
        return _jpeg(octets) if octets.startswith(b"\xff\xd8") else None
    except struct.error:
        return None


def _pair(layout: str, octets: bytes, at: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, octets, at)
    return int(first), int(second)


def _webp(octets: bytes) -> tuple[int, int] | None:
    chunk = octets[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(octets[24:27], "little"), 1 + int.from_bytes(octets[27:30], "little")
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", octets, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = _pair("<HH", octets, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(octets: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MAX_MARKERS):
        at = octets.find(b"\xff", at)
        if at < 0:
            return None
        marker = octets[at + 1 : at + 2]
        if not marker or marker in {b"\xff", b"\x00"}:
            at += 1
        elif marker[0] in _FRAME_HEADERS:
            height, width = _pair(">HH", octets, at + 5)
            return width, height
        elif 0xD0 <= marker[0] <= 0xD9 or marker[0] == 1:
            at += 2
        else:
            at += 2 + int(struct.unpack_from(">H", octets, at + 2)[0])
    return None
