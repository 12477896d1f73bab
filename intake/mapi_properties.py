"""The properties of a mail or file in winmail.dat (MS-OXTNEF section 2.1.3.4, MsgPropertyList).

Octets of an attribute go in, the values of strings, binaries and numbers come out by their
tag. tnefparse, whose names for tags are used, decodes them too, but believes the counts in
the file: one property that claims 2^32 values keeps it busy for ever. Here every count is
held against the octets that are left.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

MAX_PROPERTIES: Final = 5_000
MAX_VALUES: Final = 1_000
_SIZES: Final = {
    0x02: 4,
    0x03: 4,
    0x04: 4,
    0x05: 8,
    0x06: 8,
    0x07: 8,
    0x0A: 4,
    0x0B: 4,
    0x14: 8,
    0x40: 8,
    0x48: 16,
}
_OBJECT, _OCTET_STRING, _UNICODE_STRING, _BINARY = 0x0D, 0x1E, 0x1F, 0x102
_VARIABLE: Final = frozenset({_OBJECT, _OCTET_STRING, _UNICODE_STRING, _BINARY})
_SEVERAL: Final = 0x1000
_NAMED_FROM: Final = 0x8000


class Value(NamedTuple):
    """The first value of a property: its octets, and whether they are UTF-16."""

    octets: bytes
    is_unicode: bool = False

    @property
    def number(self) -> int:
        """The value as an unsigned number of 32 bits."""
        return int.from_bytes(self.octets[:4], "little")


def read_properties(octets: bytes) -> dict[int, Value]:
    """Values by property tag; what comes after a torn or unknown property is left out."""
    found: dict[int, Value] = {}
    try:
        count, at = _number(octets, 0), 4
        for _ in range(min(count, MAX_PROPERTIES)):
            kind, tag = struct.unpack_from("<HH", octets, at)
            at = _after_name(octets, at + 4, tag)
            values, at = _values(octets, at, kind)
            if values:
                found[tag] = Value(values[0], (kind & ~_SEVERAL) == _UNICODE_STRING)
    except (struct.error, _TornError):
        pass  # the values before the tear are good
    return found


class _TornError(ValueError):
    """The list does not go on as it promised."""


def _number(octets: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", octets, at)[0])


def _after_name(octets: bytes, at: int, tag: int) -> int:
    """Step over the name of a named property: a GUID and a number or a string."""
    if tag < _NAMED_FROM:
        return at
    if _number(octets, at + 16) == 0:
        return at + 24
    return _padded(at + 24, _number(octets, at + 20))


def _values(octets: bytes, at: int, kind: int) -> tuple[list[bytes], int]:
    several, plain = bool(kind & _SEVERAL), kind & ~_SEVERAL
    count = 1
    if several or plain in _VARIABLE:
        count, at = _number(octets, at), at + 4
    if count > MAX_VALUES:
        raise _TornError
    values: list[bytes] = []
    for _ in range(count):
        if plain in _VARIABLE:
            size, at = _number(octets, at), at + 4
        elif plain in _SIZES:
            size = _SIZES[plain]
        else:
            raise _TornError
        if at + size > len(octets):
            raise _TornError
        values.append(octets[at : at + size])
        at = _padded(at, size)
    return values, at


def _padded(at: int, size: int) -> int:
    """Offset after a value of that size, which is filled up to four octets."""
    return at + size + (-size % 4)
