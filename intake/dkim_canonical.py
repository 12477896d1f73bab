"""What a DKIM signature is computed over: canonical header fields and body (RFC 6376 section 3.4).

Octets as they came through SMTP go in, octets for hashing come out. dkimpy's own canonical
forms are not used: its pattern for white space before a line end takes quadratic time on long
runs of blanks (40,000 blanks: 4 s), and it copies the body once per step. Here the body
passes in pieces, in linear time, with a bounded copy in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

PIECE_BYTES: Final = 1 << 20
_BLANK_BEFORE_END: Final = b" \r\n"


def canonical_field(name: bytes, value: bytes, *, relaxed: bool) -> bytes:
    """Return one header field ready for hashing; `value` is everything behind the colon, with its folds."""
    if not relaxed:
        return name + b":" + value
    unfolded = value.replace(b"\r\n", b"")
    return name.lower().rstrip(b" \t") + b":" + _single_blanks(unfolded).strip(b" \t") + b"\r\n"


def body_sha256(body: memoryview, *, relaxed: bool) -> bytes:
    """Return the SHA-256 digest of a canonical body (RFC 6376 3.4.3 and 3.4.4)."""
    digest = hashlib.sha256()
    held_back = 0  # line ends that count only if something follows them
    is_empty = True
    for piece in _pieces(body):
        lines = _single_blanks(piece).replace(_BLANK_BEFORE_END, b"\r\n") if relaxed else piece
        ends = trailing_line_ends(lines)
        if len(lines) > 2 * ends:
            digest.update(b"\r\n" * held_back)
            digest.update(lines[: len(lines) - 2 * ends])
            held_back, is_empty = ends, False
        else:
            held_back += ends
    if not is_empty or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()


def _single_blanks(octets: bytes) -> bytes:
    """Make every run of blanks and tabs one blank; each pass halves the runs, so all take linear time."""
    octets = octets.replace(b"\t", b" ")
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets


def _pieces(body: memoryview) -> Iterator[bytes]:
    """Cut the body behind line ends, so that no run of blanks is torn; a piece may hold a very long line."""
    start = 0
    while start < len(body):
        size = PIECE_BYTES
        piece = bytes(body[start : start + size])
        cut = len(piece)
        while start + cut < len(body):
            cut = piece.rfind(b"\r\n") + 2
            if cut >= 2:
                break
            size *= 2
            piece = bytes(body[start : start + size])
            cut = len(piece)
        yield piece[:cut]
        start += cut


def trailing_line_ends(octets: bytes) -> int:
    """Count the CRLF pairs at the end, in linear time."""
    tail = octets[len(octets.rstrip(b"\r\n")) :]
    if not tail.endswith(b"\n"):
        return 0
    start = max(tail.rfind(b"\n\n"), tail.rfind(b"\r\r")) + 1
    return (len(tail) - start) // 2
