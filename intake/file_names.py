"""Names of attachments that are safe to show, to store and to download, and unique in their mail.

A name as the mail gives it goes in; out comes one without directories, control and direction
marks, device names of Windows and undue length. `where` of an entity says
`attachment:NAME`, so within a mail no two names are equal, whatever their case.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

MAX_NAME_CHARS: Final = 120
MAX_NAME_BYTES: Final = 240  # as UTF-8; most file systems take 255
_MAX_GIVEN_CHARS: Final = 4_000
_MAX_EXTENSION_CHARS: Final = 10
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\\/]+')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Windows opens a device instead of a file of this name, whatever its extension.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
_DEFAULT_EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "text/plain": "txt",
    "text/html": "html",
    "text/csv": "csv",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "text/calendar": "ics",
    "message/rfc822": "eml",
    "video/mp4": "mp4",
}


def safe_name(name: str) -> str:
    """Strip directories, invisible marks and device names; at most 120 characters are left, "" stays ""."""
    plain = name[:_MAX_GIVEN_CHARS].replace("\\", "/").rstrip("/").rpartition("/")[2]
    visible = "".join(
        "\x00" if unicodedata.category(sign) in _INVISIBLE else " " if sign.isspace() else sign
        for sign in plain
    )
    plain = unicodedata.normalize("NFC", re.sub("\x00+", "_", visible))
    plain = _FORBIDDEN.sub("_", plain).strip(" .")
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    return shortened(plain)


def shortened(name: str) -> str:
    """Cut the stem of a name, not its extension, until the name is short enough."""
    if len(name) <= MAX_NAME_CHARS and len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _MAX_EXTENSION_CHARS:
        stem, dot, extension = name, "", ""
    ending = f"{dot}{extension}"
    stem = stem[: MAX_NAME_CHARS - len(ending)]
    room_bytes = MAX_NAME_BYTES - len(ending.encode())
    return f"{stem.encode()[:room_bytes].decode('utf-8', 'ignore')}{ending}"


@dataclass(slots=True)
class NamesInUse:
    """The names that the attachments of one mail have so far."""

    taken: set[str] = field(default_factory=set)
    given: int = 0

    def claim(self, name: str, content_type: str) -> str:
        """Give a nameless file a name by its type, and tell equal names apart by a number."""
        self.given += 1
        if not name:
            extension = _DEFAULT_EXTENSIONS.get(content_type, "bin")
            name = f"{content_type.partition('/')[0] or 'file'}-{self.given}.{extension}"
        stem, dot, extension = name.rpartition(".")
        candidate, number = name, 2
        while _key(candidate) in self.taken:
            candidate = f"{stem} ({number}).{extension}" if dot else f"{name} ({number})"
            number += 1
        self.taken.add(_key(candidate))
        return candidate


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
