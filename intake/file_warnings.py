"""What an operator must know before touching a file: it is a program, or not what its name says.

Name, octets and the type by content go in, warnings in words come out. Common and harmless
differences are no warnings: a table saved as HTML or text under the name of a spreadsheet,
a log called .txt, a picture of another format.
"""

from __future__ import annotations

import re
from typing import Final

from intake.file_types import DOCX, ENCRYPTED_OFFICE, OCTETS, PDF, PROGRAM, SHORTCUT, XLS, XLSX, by_name

_PROGRAM_TYPES: Final = frozenset(
    {PROGRAM, SHORTCUT, "application/x-elf", "application/java-archive", "application/java-vm"}
    | {"application/vnd.android.package-archive", "application/wasm"}
)
# Files that Windows, macOS or a phone runs when they are opened.
_PROGRAM_NAME: Final = re.compile(
    r"\.(?:exe|scr|com|pif|cpl|msi|msp|mst|bat|cmd|ps1|psm1|vbs?|vbe|jse?|wsf|wsh|hta|lnk|url|reg|jar|apk|ipa|"
    r"dll|sys|gadget|application|appx|msix|iso|img|vhdx?|chm|hlp|inf|scf|dmg|pkg|app|command|sh|desktop|xll|"
    r"ppam|one|library-ms|settingcontent-ms)$",
    re.IGNORECASE,
)
_HIDDEN_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{2,4}[ _.\u00a0]*\.[A-Za-z0-9]{2,4}$")
_IMAGE, _VIDEO, _AUDIO, _OFFICE, _TEXT, _ARCHIVE = "image", "video", "audio", "office", "text", "archive"
_FAMILIES: Final = {
    PDF: "pdf",
    "application/zip": _ARCHIVE,
    "application/vnd.rar": _ARCHIVE,
    "application/x-7z-compressed": _ARCHIVE,
    "application/gzip": _ARCHIVE,
    "application/x-tar": _ARCHIVE,
    "application/json": _TEXT,
    "application/xml": _TEXT,
    "application/rtf": _OFFICE,
    "application/msword": _OFFICE,
    XLS: _OFFICE,
    ENCRYPTED_OFFICE: _OFFICE,
    "application/x-ole-storage": _OFFICE,
}
_WORDS: Final = {
    _IMAGE: "a picture",
    _VIDEO: "a video",
    _AUDIO: "a sound",
    _OFFICE: "an office document",
    _ARCHIVE: "an archive",
    "pdf": "a PDF",
    "html": "a web page",
    _TEXT: "plain text",
}
# (promised by the name, found inside) that happens every day and harms nobody.
_EVERYDAY: Final = frozenset(
    {
        (_OFFICE, _TEXT),
        (_OFFICE, "html"),
        (_TEXT, "html"),
        ("html", _TEXT),
        (_VIDEO, _AUDIO),
        (_AUDIO, _VIDEO),
    }
    | {(_ARCHIVE, _OFFICE), (_TEXT, _OFFICE)}
)
_FIRMLY_MARKED: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", PDF, XLSX, DOCX, XLS, "application/zip"}
)
_ACTIVE_MARKUP: Final = re.compile(
    rb"<script\b|<html\b|\bjavascript:|\bon(?:load|error)\s{0,3}=", re.IGNORECASE
)
_ZIP_END: Final = b"PK\x05\x06"
_MACROS: Final = (b"vbaProject.bin", "VBA_PROJECT".encode("utf-16-le"))


def is_program(name: str, content_type: str) -> bool:
    """Tell a file that runs when it is opened, by its content or by its name."""
    return content_type in _PROGRAM_TYPES or bool(_PROGRAM_NAME.search(name))


def file_warnings(name: str, content_type: str, octets: bytes) -> list[str]:
    """Warnings about one file, in the words that stand behind `attachment NAME: `."""
    if is_program(name, content_type):
        hides = " that hides behind a second ending" if _HIDDEN_ENDING.search(name) else ""
        return [f"is a program{hides}"]
    found = []
    if mismatch := _mismatch(name, content_type):
        found.append(mismatch)
    family = _family(content_type)
    if family in {_IMAGE, _VIDEO} and content_type != "image/svg+xml":
        end = octets.rfind(_ZIP_END, max(0, len(octets) - 66_000))
        if end >= 0 and octets.find(b"PK\x03\x04") > 0:
            found.append("hides an archive behind a picture, do not open it")
    if content_type == "image/svg+xml" and _ACTIVE_MARKUP.search(octets[:500_000]):
        found.append("is a picture with a script in it, do not open it in a browser")
    if content_type == PDF and re.search(rb"<(?:script|html)\b", octets[:4_096], re.IGNORECASE):
        found.append("is a PDF and a web page in one, do not open it in a browser")
    if family == _OFFICE and any(mark in octets for mark in _MACROS):
        found.append("holds macros")
    return found


def _mismatch(name: str, content_type: str) -> str:
    promised_type = by_name(name)
    promised, found = _family(promised_type), _family(content_type)
    if content_type == OCTETS and promised_type in _FIRMLY_MARKED:
        return f"its name says {_WORDS[promised]}, its content is not known"
    if not promised or not found or promised == found or (promised, found) in _EVERYDAY:
        return ""
    return f"its name says {_WORDS[promised]}, its content is {_WORDS[found]}"


def _family(content_type: str) -> str:
    """Sort types roughly, "" for what has no place."""
    if content_type in _FAMILIES:
        return _FAMILIES[content_type]
    if content_type == "text/html":
        return "html"
    main = content_type.partition("/")[0]
    if main in {_IMAGE, _VIDEO, _AUDIO, _TEXT}:
        return main
    if content_type.startswith(
        ("application/vnd.openxmlformats", "application/vnd.oasis", "application/vnd.ms-excel")
    ):
        return _OFFICE
    return ""
