"""Boundary lines of multiparts, as real mails write them (RFC 2046 section 5.1.1).

Octets of a mail go in, the lines that may part it come out, and for a multipart the boundary
that is really in force: the declared one, or the one that its body begins with when gateways
and home-made mailers wrote another (wrong case, quotes, blanks, none at all). A close
delimiter that is glued to the last words, with no line break before it, is found as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_STRAY_BOUNDARY: Final = re.compile(rb"""boundary\s*=\s*"?([^";\r\n]{1,200})""", re.IGNORECASE)
_FIRST_DASHES: Final = re.compile(rb"^--([^\s-][^\r\n]{2,150}?|[^\s]{6,150}?)[ \t]*\r?$", re.MULTILINE)
# A line of dashes that a header of a part follows at once can be nothing but a delimiter.
_FIRST_DELIMITER: Final = re.compile(
    rb"^--([^\r\n]{1,150}?)[ \t]*\r?\n(?=Content-[A-Za-z-]{1,40}[ \t]*:)", re.MULTILINE | re.IGNORECASE
)
_GUESS_BYTES: Final = 20_000
_SEARCH_BYTES: Final = 128 * 1024


def declared_boundary(parameter: str, field: bytes) -> bytes:
    """Boundary that a Content-Type field names; `parameter` is what its grammar gave, "" for nothing."""
    boundary = parameter.encode("utf-8", "replace")
    if not boundary and (stray := _STRAY_BOUNDARY.search(field)):
        boundary = stray[1].strip()
    return boundary.rstrip()


def boundary_in_force(
    raw: bytes, start: int, declared: bytes, *, outermost: bool, others: list[bytes]
) -> bytes:
    """Boundary of the multipart whose body begins at `start`, b"" when it seems to have none.

    `others` are the boundaries around it. Only the outermost multipart is searched to its end:
    to do so for each would be quadratic.
    """
    horizon = len(raw) if outermost else start + _SEARCH_BYTES
    line = re.compile(rb"--" + re.escape(declared) + rb"(?:--)?(?:[ \t\r\n]|\Z)")
    if declared and line.search(raw, max(0, start - 1), horizon):
        return declared
    guess = _FIRST_DELIMITER.search(raw, start, start + _GUESS_BYTES)
    if guess is None and outermost:
        guess = _FIRST_DASHES.search(raw, start, start + _GUESS_BYTES)
    if guess is None or guess[1] in others or (not outermost and raw[start : guess.start()].strip()):
        return declared
    return guess[1]


def boundary_lines(raw: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Lines that begin with two dashes: offset, offset of the next line, content without the dashes."""
    at = start if raw.startswith(b"--", start) else raw.find(b"\n--", max(0, start - 1)) + 1
    while at > 0 or (at == 0 and start == 0 and raw.startswith(b"--")):
        line_end = raw.find(b"\n", at)
        after = len(raw) if line_end < 0 else line_end + 1
        yield at, after, raw[at + 2 : min(after, at + 300)].rstrip()
        at = raw.find(b"\n--", after - 1) + 1
        if at == 0:
            return


def glued_close(raw: bytes, start: int, boundaries: list[bytes]) -> tuple[int, int]:
    """Find a close delimiter that ends the mail on the line of the last words.

    Answers its offset and the number of its boundary, (-1, -1) when there is none.
    """
    end = raw[max(start, len(raw) - 1000) :].rstrip()
    for number in range(len(boundaries) - 1, -1, -1):
        delimiter = b"--" + boundaries[number] + b"--"
        if end.endswith(delimiter):
            return max(start, len(raw) - 1000) + len(end) - len(delimiter), number
    return -1, -1
