"""The tables and documents inside a zip archive, one level deep and bounded.

Octets of an archive go in; out come, one at a time, the names and octets of the members that
are worth reading for identifiers. An archive in an archive is not opened: that is where
bombs live, and the list of names shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intake.unreadable import UnreadableFileError
from intake.zip_archives import is_bomb, is_file, member_name, open_zip, read_member

MAX_MEMBERS: Final = 10
MAX_MEMBER_BYTES: Final = 8_000_000
MAX_ALL_BYTES: Final = 20_000_000
_WORTH_READING: Final = re.compile(r"\.(?:xlsx?|xlsb|xlsm|ods|csv|tsv|pdf|docx|txt)$", re.IGNORECASE)
_MAC_COPY: Final = re.compile(r"(?:^|/)(?:__MACOSX/|\._)")


def readable_members(octets: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Name, octets and trouble ("" when there is none) of each member that may hold identifiers."""
    left = MAX_ALL_BYTES
    with open_zip(octets) as archive:
        for entry in archive.infolist():
            name = member_name(entry)
            if (
                not is_file(entry)
                or entry.flag_bits & 1
                or not _WORTH_READING.search(name)
                or _MAC_COPY.search(name)
            ):
                continue
            if is_bomb(entry) or entry.file_size > min(MAX_MEMBER_BYTES, left):
                yield name, b"", "too large to be read inside an archive, ask for it alone"
                continue
            try:
                inner = read_member(archive, entry, min(MAX_MEMBER_BYTES, left))
            except UnreadableFileError as error:
                yield name, b"", str(error)
                continue
            left -= len(inner)
            yield name, inner, ""
