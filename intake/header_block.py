"""The header block of a mail or part: octets in, named fields out (RFC 5322 section 2.2).

Fields keep their octets: what they say is decoded by `intake.headers`. The splitter accepts
what real mail holds: a folded line that lost its indent, an mbox `From ` line, no blank line
before the first boundary, no header at all. Bounded: fields past the limits are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

MAX_HEADER_BYTES: Final = 256 * 1024
MAX_FIELDS: Final = 2_000
MAX_FIELD_BYTES: Final = 64 * 1024

_FIELD_NAME: Final = re.compile(rb"([!-9;-~]{1,120})[ \t]*:")
_END_OF_HEADER: Final = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Fields in their order, names in lower case, values unfolded but not decoded."""

    fields: tuple[tuple[str, bytes], ...]
    body_start: int  # offset in the octets that were given
    overlong: bool = False  # a limit was hit, fields were left out
    _index: dict[str, list[bytes]] = field(default_factory=dict)

    def first(self, name: str) -> bytes:
        """Value of the first field called `name` (lower case), b"" when there is none."""
        values = self._index.get(name)
        return values[0] if values else b""

    def every(self, name: str) -> list[bytes]:
        """Values of all fields called `name` (lower case), in order."""
        return self._index.get(name, [])

    def after_repeated(self, name: str) -> HeaderBlock | None:
        """Block that begins with the last field called `name`, None when there is but one such field."""
        if len(self.every(name)) < 2:
            return None
        at = max(number for number, (known, _) in enumerate(self.fields) if known == name)
        index: dict[str, list[bytes]] = {}
        for known, value in self.fields[at:]:
            index.setdefault(known, []).append(value)
        return HeaderBlock(self.fields[at:], self.body_start, self.overlong, index)

    def __contains__(self, name: str) -> bool:
        return name in self._index


def split_header(
    raw: bytes, start: int = 0, end: int | None = None, *, boundaries: bool = False
) -> HeaderBlock:
    """Split the header that begins at `start`.

    With `boundaries` a line that begins with two dashes ends the header, as it does in a
    part that has no blank line before the next boundary.
    """
    limit = len(raw) if end is None else end
    lines: list[tuple[bytes, list[bytes]]] = []
    at, overlong = start, False
    while at < limit:
        line_end = raw.find(b"\n", at, limit)
        after = limit if line_end < 0 else line_end + 1
        line = raw[at:after].rstrip(b"\r\n")
        if not line:
            at = after
            break
        if at - start > MAX_HEADER_BYTES or len(lines) >= MAX_FIELDS:
            overlong = True
            stop = _END_OF_HEADER.search(raw, at, limit)
            at = stop.end() if stop else limit
            break
        if line[0] in b" \t":
            if lines:
                lines[-1][1].append(line)
        elif match := _FIELD_NAME.match(line):
            lines.append((match[1], [line[match.end() :]]))
        elif (boundaries and line.startswith(b"--")) or not _keep_stray_line(
            raw, at, after, limit, line, lines, start
        ):
            break
        at = after
    return _block(lines, at, overlong=overlong)


def _keep_stray_line(
    raw: bytes,
    at: int,
    after: int,
    limit: int,
    line: bytes,
    lines: list[tuple[bytes, list[bytes]]],
    start: int,
) -> bool:
    """Decide on a line that is no field: True when the header goes on after it."""
    if at == start:
        return line.startswith((b"From ", b">From "))
    next_end = raw.find(b"\n", after, limit)
    following = raw[after : limit if next_end < 0 else next_end]
    if _FIELD_NAME.match(following) and lines:
        lines[-1][1].append(b" " + line)  # a folded line that lost its indent
        return True
    return False


def _block(lines: list[tuple[bytes, list[bytes]]], body_start: int, *, overlong: bool) -> HeaderBlock:
    fields: list[tuple[str, bytes]] = []
    index: dict[str, list[bytes]] = {}
    for raw_name, pieces in lines:
        name = raw_name.decode("ascii").lower()
        value = b"".join(pieces).strip() if len(pieces) > 1 else pieces[0].strip()
        if len(value) > MAX_FIELD_BYTES:
            value, overlong = value[:MAX_FIELD_BYTES], True
        fields.append((name, value))
        index.setdefault(name, []).append(value)
    return HeaderBlock(tuple(fields), body_start, overlong, index)
