"""The argument of BDAT (RFC 3030 section 2): how many octets follow, and whether they are the last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# chunk-size is digits without a sign; more of them than a mail could have octets are none of ours.
_ARGUMENT: Final = re.compile(r"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a mail that its sender announced."""

    size_bytes: int
    is_last: bool


def read_chunk(argument: str) -> Chunk | None:
    """Read what follows BDAT; None when it says no number of octets."""
    found = _ARGUMENT.fullmatch(argument)
    if found is None:
        return None
    return Chunk(size_bytes=int(found[1]), is_last=found[2] is not None)
