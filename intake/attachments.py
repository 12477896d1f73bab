"""The parts of a mail that are not its letter, as records.

Parts of the tree go in; out come attachments with a safe and unique name, their type by
content, their evidence kind, and the text that could be read from them, not yet redacted.
Forwarded mails and one level of archives are opened: what is inside follows as attachments
of its own, a file of an archive under the name `ARCHIVE › FILE`. Every refusal is a warning
that names the file and the reason. Bounded in number, size and time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from intake.archive_members import MAX_MEMBERS, readable_members
from intake.bodies import gather_letter
from intake.evidence import evidence_kind
from intake.file_names import NamesInUse, safe_name, shortened
from intake.file_texts import FileText, read_file_text
from intake.file_types import sniff
from intake.file_warnings import file_warnings
from intake.headers import decode_header, parameters
from intake.image_sizes import pixel_size
from intake.mime_tree import Part, cut
from intake.reader_process import ReadingBudget
from intake.tnef import open_tnef
from models.records import Attachment

MAX_ATTACHMENTS: Final = 100
MAX_TEXT_CHARS: Final = 100_000
MAX_ALL_TEXT_CHARS: Final = 400_000
MAX_MAIL_DEPTH: Final = 4  # of mails attached as files: those of the tree are bounded with the tree
_PARENT_MARK: Final = " › "


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file, wherever it came from."""

    name: str
    octets: bytes
    declared: str = ""
    charset: str = ""
    content_id: str = ""
    is_inline: bool = False
    trouble: str = ""  # of its transfer encoding
    parent: str = ""  # name of the archive that holds it
    depth: int = 0  # of mails that hold it


@dataclass(slots=True)
class Gathered:
    """Attachments of one mail while they are gathered."""

    attachments: list[Attachment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    names: NamesInUse = field(default_factory=NamesInUse)
    budget: ReadingBudget = field(default_factory=ReadingBudget)
    text_chars: int = 0
    wanted_sha256: str = ""  # the file whose octets somebody asks for
    wanted: bytes | None = None

    def warn(self, name: str, trouble: str) -> None:
        """Add a warning about one file, if there is any trouble."""
        if trouble:
            self.warnings.append(f"attachment {name}: {trouble}")


def gather_attachments(
    parts: list[Part],
    hint: str = "",
    *,
    read_content: bool = True,
    budget: ReadingBudget | None = None,
    shown_ids: frozenset[str] = frozenset(),
    wanted_sha256: str = "",
) -> Gathered:
    """Describe the attachments of a mail; with `read_content` also read what they say.

    The octets of the file with the checksum `wanted_sha256` come back in `wanted`; nothing is read then
    but archives and forwarded mails, which may hold it.

    `hint` is the charset of raw names, `shown_ids` the content identifiers that the letter shows.
    """
    gathered = Gathered(budget=budget or ReadingBudget(), wanted_sha256=wanted_sha256)
    queue: list[tuple[Part, int]] = [(part, 0) for part in parts]
    while queue:
        part, depth = queue.pop(0)
        if len(gathered.attachments) >= MAX_ATTACHMENTS:
            gathered.warnings.append(f"attachments: more than {MAX_ATTACHMENTS}, the rest was left out")
            break
        if part.children and part.content_type.startswith("message/"):
            octets = part.raw[part.start : part.end]
            inner = _add_mail(part.children[0], octets, _given_name(part, hint), hint, gathered)
        else:
            inner = _add_file(_as_file(part, hint, depth, shown_ids), gathered, read_content=read_content)
        queue[:0] = [(child, depth + 1) for child in inner]
    return gathered


def _add_mail(root: Part, octets: bytes, name: str, hint: str, gathered: Gathered) -> list[Part]:
    """Add a forwarded mail as one attachment; answers its own attachments, which follow it."""
    letter = gather_letter(root)
    open_tnef(letter, gathered.budget)
    subject = decode_header(root.header.first("subject"), letter.codec or hint)[0][:300]
    sender = decode_header(root.header.first("from"), letter.codec or hint)[0][:300]
    text = "\n".join(filter(None, (sender, subject, "", letter.text)))
    gathered.warnings.extend(f"forwarded mail: {warning}" for warning in letter.warnings)
    file = _File(name=name or f"{subject or 'message'}.eml", octets=octets)
    _append(file, "message/rfc822", FileText(text), gathered)
    return letter.attachments


def _as_file(part: Part, hint: str, depth: int, shown_ids: frozenset[str]) -> _File:
    octets, trouble = part.octets()
    content_id = part.header.first("content-id").decode("utf-8", "replace").strip("<> \t")[:200]
    is_shown = content_id in shown_ids
    return _File(
        name=_given_name(part, hint),
        octets=octets,
        declared=part.content_type,
        charset=part.parameters.get("charset", ""),
        content_id=content_id,
        is_inline=bool(content_id) and (is_shown or part.disposition != "attachment"),
        trouble=trouble,
        depth=depth,
    )


def _given_name(part: Part, hint: str) -> str:
    """Name that the mail gives a part: Content-Disposition first, then Content-Type (RFC 2183)."""
    disposition = parameters(part.header.first("content-disposition")[:4096], hint)
    return disposition.get("filename") or disposition.get("name") or part.parameters.get("name", "")


def _add_file(file: _File, gathered: Gathered, *, read_content: bool) -> list[Part]:
    """Add one file and, where it is an archive, what can be read in it; answers the parts of a mail file."""
    found = sniff(file.octets, file.name, file.declared)
    if found.content_type == "message/rfc822" and file.depth < MAX_MAIL_DEPTH and not file.parent:
        return _add_mail(cut(file.octets).root, file.octets, file.name, "", gathered)
    may_read = read_content and bool(file.octets) and not found.trouble
    read = (
        read_file_text(file.octets, file.name, found.content_type, gathered.budget, file.charset)
        if may_read and not gathered.wanted_sha256
        else FileText()
    )
    name = _append(file, found.content_type, read, gathered)
    for trouble in (file.trouble, found.trouble, *file_warnings(file.name, found.content_type, file.octets)):
        gathered.warn(name, trouble)
    for trouble in read.warnings:
        gathered.warn(name, trouble)
    if may_read and found.content_type == "application/zip" and not file.parent:
        for member in _members(file, name, gathered):
            _add_file(member, gathered, read_content=True)
    return []


def _members(file: _File, shown: str, gathered: Gathered) -> Iterator[_File]:
    """Files of an archive that can be read, one level deep."""
    for count, (name, octets, trouble) in enumerate(readable_members(file.octets)):
        if trouble:
            gathered.warn(f"{shown}{_PARENT_MARK}{safe_name(name)}", trouble)
        elif len(gathered.attachments) >= MAX_ATTACHMENTS or count >= MAX_MEMBERS:
            gathered.warn(shown, f"only the first {count} tables and documents inside were read")
            return
        else:
            yield _File(name=name, octets=octets, parent=shown)


def _append(file: _File, content_type: str, read: FileText, gathered: Gathered) -> str:
    """Add the record of one file; answers its name."""
    own = safe_name(file.name)
    sha256 = hashlib.sha256(file.octets).hexdigest()
    if sha256 == gathered.wanted_sha256:
        gathered.wanted = file.octets
    name = gathered.names.claim(
        shortened(f"{file.parent}{_PARENT_MARK}{own}") if file.parent else own, content_type
    )
    kind = evidence_kind(
        own or name,
        content_type,
        size_bytes=len(file.octets),
        is_inline=file.is_inline,
        text=read.text,
        pixels=pixel_size(file.octets) if content_type.startswith("image/") else None,
    )
    gathered.attachments.append(
        Attachment(
            name=name,
            content_type=content_type,
            size_bytes=len(file.octets),
            kind="table" if read.row_count is not None and kind == "other" else kind,
            sha256=sha256,
            content_id=file.content_id,
            text=_within_bounds(name, read.text, gathered),
            row_count=read.row_count,
        )
    )
    return name


def _within_bounds(name: str, text: str, gathered: Gathered) -> str:
    if len(text) > MAX_TEXT_CHARS:
        text = text[:MAX_TEXT_CHARS]
        gathered.warn(name, f"only its first {MAX_TEXT_CHARS} characters were read")
    if gathered.text_chars + len(text) > MAX_ALL_TEXT_CHARS:
        text = ""
        gathered.warn(name, "not read, the attachments hold too much text")
    gathered.text_chars += len(text)
    return text
