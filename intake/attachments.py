"""The parts of a mail that are not its letter, as records.

Parts of the tree go in; out come attachments with a safe and unique name, their type by
content, their evidence kind, and the text that could be read from them (tables, plain text,
forwarded mails), not yet redacted. Warnings name the file. Bounded in number, size and time;
spreadsheets are read in a child process, everything else here.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from intake.attachment_tables import DELIMITED, SPREADSHEETS, looks_delimited, read_table
from intake.bodies import gather_letter
from intake.charset import decode_text
from intake.evidence import evidence_kind
from intake.file_types import by_name, sniff
from intake.headers import decode_header, parameters
from intake.html_text import html_to_text
from intake.mime_tree import Part
from models.records import Attachment

MAX_ATTACHMENTS: Final = 100
MAX_SPREADSHEETS: Final = 4
MAX_NAME_CHARS: Final = 120
MAX_TEXT_CHARS: Final = 100_000
MAX_ALL_TEXT_CHARS: Final = 400_000
_MAX_READ_BYTES: Final = 1_000_000
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+')
_READABLE: Final = frozenset({"application/json", "application/xml", "text/html"})
_PROGRAMS: Final = frozenset(
    {"application/vnd.microsoft.portable-executable", "application/x-elf", "application/java-archive"}
    | {"application/vnd.android.package-archive"}
)
_DEFAULT_EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "text/plain": "txt",
    "text/html": "html",
    "application/pdf": "pdf",
    "text/calendar": "ics",
    "message/rfc822": "eml",
}


@dataclass(slots=True)
class Gathered:
    """Attachments of one mail while they are gathered."""

    attachments: list[Attachment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    spreadsheets: int = 0
    text_chars: int = 0


def gather_attachments(parts: list[Part], hint: str = "", *, read_content: bool = True) -> Gathered:
    """Describe the attachments of a mail; with `read_content` also read what they say."""
    gathered = Gathered()
    queue = list(parts)
    while queue:
        part = queue.pop(0)
        if len(gathered.attachments) >= MAX_ATTACHMENTS:
            gathered.warnings.append(f"attachments: more than {MAX_ATTACHMENTS}, the rest was left out")
            break
        if part.children and part.content_type.startswith("message/"):
            queue[:0] = _add_mail(part, hint, gathered)
        else:
            _add_file(part, hint, gathered, read_content=read_content)
    return gathered


def safe_name(name: str) -> str:
    """File name without directories, control and direction marks, at most 120 characters; "" stays ""."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/")).rstrip("/").rpartition("/")[2]
    plain = _UNSAFE.sub("_", plain).strip(" .")
    if len(plain) <= MAX_NAME_CHARS:
        return plain
    stem, dot, extension = plain.rpartition(".")
    if not dot or len(extension) > 10:
        return plain[:MAX_NAME_CHARS]
    return f"{stem[: MAX_NAME_CHARS - len(extension) - 1]}.{extension}"


def _add_mail(part: Part, hint: str, gathered: Gathered) -> list[Part]:
    """Add a forwarded mail as one attachment; answers its own attachments, which follow it."""
    inner = part.children[0]
    letter = gather_letter(inner)
    subject = decode_header(inner.header.first("subject"), letter.codec)[0][:300]
    sender = decode_header(inner.header.first("from"), letter.codec)[0][:300]
    octets = part.raw[part.start : part.end]
    text = "\n".join(filter(None, (sender, subject, "", letter.text)))
    gathered.warnings.extend(f"forwarded mail: {warning}" for warning in letter.warnings)
    _append(
        gathered,
        part,
        _given_name(part, hint) or f"{subject or 'message'}.eml",
        "message/rfc822",
        octets,
        text,
        None,
    )
    return letter.attachments


def _add_file(part: Part, hint: str, gathered: Gathered, *, read_content: bool) -> None:
    octets, warning = part.octets()
    name = _given_name(part, hint)
    found = sniff(octets, name, part.content_type)
    shown = safe_name(name) or part.content_type
    for trouble in filter(None, (warning, found.trouble if octets else "")):
        gathered.warnings.append(f"attachment {shown}: {trouble}")
    if found.content_type in _PROGRAMS or name.lower().endswith(
        (".exe", ".scr", ".lnk", ".vbs", ".js", ".bat")
    ):
        gathered.warnings.append(f"attachment {shown}: is a program")
    elif found.content_type == "application/vnd.ms-tnef":
        gathered.warnings.append(
            f"attachment {shown}: winmail.dat is not opened, ask for the files themselves"
        )
    text, rows = "", None
    if read_content and octets and not found.trouble:
        text, rows = _read(octets, found.content_type, part, shown, gathered)
    _append(gathered, part, name, found.content_type, octets, text, rows)


def _read(
    octets: bytes, content_type: str, part: Part, shown: str, gathered: Gathered
) -> tuple[str, int | None]:
    """Text of a file and the number of rows when it is a table."""
    if content_type in SPREADSHEETS or content_type in DELIMITED:
        if content_type in SPREADSHEETS:
            gathered.spreadsheets += 1
            if gathered.spreadsheets > MAX_SPREADSHEETS:
                gathered.warnings.append(
                    f"attachment {shown}: not read, a mail may bring {MAX_SPREADSHEETS} tables"
                )
                return "", None
        table = read_table(octets, content_type)
        if table.warning:
            gathered.warnings.append(f"attachment {shown}: {table.warning}")
        return table.text, table.row_count
    promised = by_name(shown)
    if not _is_readable(content_type) or (promised and not _is_readable(promised)):
        return "", None  # text that calls itself a picture or a document is nobody's words
    decoded = decode_text(octets[:_MAX_READ_BYTES], part.parameters.get("charset", ""))
    if decoded.warning:
        gathered.warnings.append(f"attachment {shown}: {decoded.warning}")
    text = (
        html_to_text(decoded.text).text if content_type == "text/html" else decoded.text.replace("\r\n", "\n")
    )
    if content_type == "text/plain" and looks_delimited(text):
        table = read_table(octets, "text/csv")
        return table.text, table.row_count
    return text.replace("\x00", ""), None


def _is_readable(content_type: str) -> bool:
    return content_type.startswith("text/") or content_type in _READABLE


def _append(
    gathered: Gathered, part: Part, name: str, content_type: str, octets: bytes, text: str, rows: int | None
) -> None:
    if len(text) > MAX_TEXT_CHARS:
        text = text[:MAX_TEXT_CHARS]
        gathered.warnings.append(
            f"attachment {safe_name(name)}: only its first {MAX_TEXT_CHARS} characters were read"
        )
    if gathered.text_chars + len(text) > MAX_ALL_TEXT_CHARS:
        text = ""
        gathered.warnings.append(
            f"attachment {safe_name(name)}: not read, the attachments hold too much text"
        )
    gathered.text_chars += len(text)
    content_id = part.header.first("content-id").decode("utf-8", "replace").strip("<> ")[:200]
    is_inline = bool(content_id) and part.disposition != "attachment"
    unique = _unique_name(safe_name(name), content_type, gathered)
    kind = evidence_kind(unique, content_type, size_bytes=len(octets), is_inline=is_inline, text=text)
    gathered.attachments.append(
        Attachment(
            name=unique,
            content_type=content_type,
            size_bytes=len(octets),
            kind="table" if rows is not None and kind == "other" else kind,
            sha256=hashlib.sha256(octets).hexdigest(),
            content_id=content_id,
            text=text,
            row_count=rows,
        )
    )


def _given_name(part: Part, hint: str) -> str:
    """Name that the mail gives a part: Content-Disposition first, then Content-Type (RFC 2183)."""
    disposition = parameters(part.header.first("content-disposition")[:4096], hint)
    return disposition.get("filename") or disposition.get("name") or part.parameters.get("name", "")


def _unique_name(name: str, content_type: str, gathered: Gathered) -> str:
    """Give a nameless part a name and tell equal names apart: `where` of an entity points at them."""
    if not name:
        extension = _DEFAULT_EXTENSIONS.get(content_type, "bin")
        name = f"{content_type.partition('/')[0]}-{len(gathered.attachments) + 1}.{extension}"
    stem, dot, extension = name.rpartition(".")
    candidate, number = name, 2
    while candidate.lower() in gathered.names:
        candidate = f"{stem} ({number}).{extension}" if dot else f"{name} ({number})"
        number += 1
    gathered.names.add(candidate.lower())
    return candidate
