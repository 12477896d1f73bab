"""What can be read from one attached file: text, number of rows, and warnings.

Octets, name and type by content go in. Tables, PDF, docx, calendars, archives' lists, web
pages and plain text are read, each by its own reader and within its own bounds; of anything
else nothing is read and nothing is said. Dangerous readers run in a child process.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from intake.attachment_tables import DELIMITED, SPREADSHEETS, looks_delimited, read_table
from intake.calendar_parts import CALENDAR, calendar_text
from intake.charset import decode_text
from intake.file_types import DOCX, PDF, by_name
from intake.file_warnings import is_program
from intake.html_text import html_to_text
from intake.reader_process import ReadingBudget, read_in_child
from intake.unreadable import UnreadableFileError
from intake.word_documents import docx_text
from intake.zip_archives import is_file, member_name, open_zip

MAX_PDF_BYTES: Final = 25_000_000
MAX_LISTED: Final = 200  # names of files in an archive
_MAX_READ_BYTES: Final = 1_000_000
_MAX_PAGE_CHARS: Final = 600_000
# Read as text even where the first line looks like the header of a table.
PROSE: Final = frozenset({PDF, DOCX, "message/rfc822", "application/zip", *CALENDAR})
_READABLE: Final = frozenset({"application/json", "application/xml", "text/html"})
# Many programs save a web page or plain text under the name of a spreadsheet.
_SAVED_AS_SPREADSHEET: Final = {"text/html": "text/html", "text/plain": "text/csv"}
_PDF_MARKS: Final = (b"endobj", b"startxref", b"/Root")


@dataclass(frozen=True, slots=True)
class FileText:
    """Text of a file; `row_count` of a table; warnings in the words that stand behind its name."""

    text: str = ""
    row_count: int | None = None
    warnings: tuple[str, ...] = ()


def read_file_text(
    octets: bytes, name: str, content_type: str, budget: ReadingBudget, charset: str = ""
) -> FileText:
    """Read what an operator or the extraction can use. Never raises."""
    try:
        return _read(octets, name, content_type, budget, charset)
    except UnreadableFileError as error:
        return FileText(warnings=(str(error),))


def _read(octets: bytes, name: str, content_type: str, budget: ReadingBudget, charset: str) -> FileText:
    promised = by_name(name)
    if content_type in SPREADSHEETS or content_type in DELIMITED:
        return _table(octets, content_type, budget, charset)
    if promised in SPREADSHEETS and content_type in _SAVED_AS_SPREADSHEET:
        return _table(octets, _SAVED_AS_SPREADSHEET[content_type], budget, charset)
    if content_type in _READERS:
        return _READERS[content_type](octets, budget, charset)
    if not is_readable(content_type) or (promised and not is_readable(promised)):
        return FileText()  # text that calls itself a picture or a document is nobody's words
    return _words(octets, content_type, budget, charset)


def is_readable(content_type: str) -> bool:
    """Tell types whose octets are text."""
    return content_type.startswith("text/") or content_type in _READABLE


def _table(octets: bytes, content_type: str, budget: ReadingBudget, charset: str) -> FileText:
    table = read_table(octets, content_type, budget, charset)
    return FileText(table.text, table.row_count, (table.warning,) if table.warning else ())


def _words(octets: bytes, content_type: str, budget: ReadingBudget, charset: str) -> FileText:
    decoded = decode_text(octets[:_MAX_READ_BYTES], charset)
    warnings = [decoded.warning] if decoded.warning else []
    if len(octets) > _MAX_READ_BYTES:
        warnings.append(f"only its first {_MAX_READ_BYTES // 1_000_000} MB were read")
    if content_type == "text/html":
        return FileText(html_to_text(decoded.text[:_MAX_PAGE_CHARS]).text, None, tuple(warnings))
    text = decoded.text.replace("\r\n", "\n").replace("\x00", "")
    if content_type == "text/plain" and looks_delimited(text):
        return _table(octets, "text/csv", budget, charset)
    return FileText(text, None, tuple(warnings))


def _pdf(octets: bytes, budget: ReadingBudget, _: str) -> FileText:
    if len(octets) > MAX_PDF_BYTES:
        return FileText(warnings=(f"larger than {MAX_PDF_BYTES // 1_000_000} MB and was not read",))
    if not any(mark in octets for mark in _PDF_MARKS):
        return FileText(warnings=("the PDF is broken, ask for it again",))  # not worth a process
    found = read_in_child("pdf", octets, budget).found
    text, pages, read_pages = str(found["text"]), int(found["page_count"]), int(found["read_pages"])
    if not text.strip():
        return FileText(warnings=("has no text that could be read (a scan?), look at it yourself",))
    if read_pages < pages:
        return FileText(text, None, (f"only the first {read_pages} of its {pages} pages were read",))
    return FileText(text)


def _word(octets: bytes, _: ReadingBudget, __: str) -> FileText:
    return FileText(docx_text(octets))


def _calendar(octets: bytes, _: ReadingBudget, charset: str) -> FileText:
    return FileText(calendar_text(octets, charset))


def _list_of_names(octets: bytes, _: ReadingBudget, __: str) -> FileText:
    with open_zip(octets) as archive:
        entries = [entry for entry in archive.infolist() if is_file(entry)]
    names = [member_name(entry) for entry in entries]
    warnings = [f"holds a program: {name[:100]}" for name in names if is_program(name, "")][:3]
    warnings += _sealed(entries)
    if len(names) > MAX_LISTED:
        warnings.append(f"holds {len(names)} files, the first {MAX_LISTED} are listed")
    listed = (f"{name[:200]} ({entry.file_size} bytes)" for name, entry in zip(names, entries, strict=True))
    return FileText("\n".join(list(listed)[:MAX_LISTED]), None, tuple(warnings))


def _sealed(entries: list[zipfile.ZipInfo]) -> list[str]:
    sealed = any(entry.flag_bits & 1 for entry in entries)
    return ["is locked with a password, ask for the files without it"] if sealed else []


_READERS: Final[dict[str, Callable[[bytes, ReadingBudget, str], FileText]]] = {
    PDF: _pdf,
    DOCX: _word,
    "application/zip": _list_of_names,
    **dict.fromkeys(CALENDAR, _calendar),
}
