"""Outlook's winmail.dat as ordinary parts of the mail: what is inside takes its place.

The letter of a mail with its attachments goes in; every part that holds TNEF
(application/ms-tnef) is read in the limited child process and replaced by the files inside,
each with its own name and type; one that holds a body alone leaves nothing behind. A mail
that has no words of its own gets those of the TNEF body. What cannot be opened stays as it
was and is named in the warnings.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from intake.bodies import Letter
from intake.html_text import html_to_text
from intake.mime_tree import Part, cut
from intake.reader_process import ReadingBudget, read_in_child
from intake.unreadable import UnreadableFileError

_TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_MAY_BE: Final = frozenset({"application/octet-stream", "application/x-unknown"})
_MARK: Final = b'x\x9f>"'
_BASE64_MARK: Final = b"eJ8+I"
_MEDIA_TYPE: Final = re.compile(r"[a-zA-Z0-9]{1,40}/[a-zA-Z0-9.+_-]{1,80}")


def open_tnef(letter: Letter, budget: ReadingBudget) -> None:
    """Replace the TNEF parts among the attachments of `letter` by what they hold."""
    if not any(map(_is_tnef, letter.attachments)):
        return
    parts: list[Part] = []
    for part in letter.attachments:
        parts.extend(_opened(part, letter, budget) if _is_tnef(part) else [part])
    letter.attachments[:] = parts


def _is_tnef(part: Part) -> bool:
    if part.content_type in _TYPES:
        return True
    start = part.raw[part.start : min(part.end, part.start + 16)].lstrip()
    return part.content_type in _MAY_BE and start.startswith((_MARK, _BASE64_MARK))


def _opened(part: Part, letter: Letter, budget: ReadingBudget) -> list[Part]:
    """Read one winmail.dat and answer what takes its place: the part itself when it cannot be opened."""
    try:
        found, octets = read_in_child("tnef", part.octets()[0], budget)
    except UnreadableFileError as error:
        letter.warnings.append(f"attachment winmail.dat: {error}")
        return [part]
    if not letter.text:
        _take_body(found, letter)
    parts: list[Part] = []
    at = 0
    for file in found["files"]:
        parts.append(_as_part(file, octets[at : at + file["size"]]))
        at += file["size"]
    return parts


def _take_body(found: dict[str, Any], letter: Letter) -> None:
    if markup := found.get("html"):
        page = html_to_text(markup)
        letter.texts.append(page.text)
        letter.links.extend(page.links)
        letter.warnings.extend(page.warnings)
        letter.is_html = True
    elif text := found.get("text"):
        letter.texts.append(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", ""))


def _as_part(file: dict[str, Any], octets: bytes) -> Part:
    """Write the file as the MIME part that another client would have sent (RFC 2183, RFC 2231)."""
    content_type = file["type"].lower() if _MEDIA_TYPE.fullmatch(file["type"]) else ""
    if not content_type or content_type.startswith(("multipart/", "message/")):
        content_type = "application/octet-stream"
    content_id = re.sub(r"[^\x21-\x7e]|[<>]", "", file["cid"])
    disposition = "inline" if content_id else "attachment"
    name = quote(file["name"].encode("utf-8", "replace"), safe="")
    lines = [
        f"Content-Type: {content_type}",
        f"Content-Disposition: {disposition}; filename*=utf-8''{name}",
        *([f"Content-ID: <{content_id}>"] if content_id else []),
        "Content-Transfer-Encoding: binary",
    ]
    return cut("\n".join(lines).encode() + b"\n\n" + octets).root
