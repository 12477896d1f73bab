"""What an attachment is evidence of (rule R35): screenshot, photo, act, waybill, invoice, ...

Name, type, size and readable text of an attachment go in, one of the eleven words comes
out. What the name says in Russian, Chinese or English decides between papers, and between
screenshots and photos; the type decides the rest. The word lists are data
(`intake/phrases`, section `evidence`).
"""

from __future__ import annotations

import re
from typing import Final

from intake.file_types import ODS, XLS, XLSB, XLSX, by_name
from intake.phrases import LANGUAGES, phrases

KINDS: Final = (
    *("screenshot", "photo", "act", "waybill", "invoice", "closing_doc"),
    *("table", "log", "video", "archive", "other"),
)
_PAPERS: Final = ("act", "waybill", "closing_doc", "invoice")
_SPREADSHEETS: Final = frozenset({XLSX, XLS, XLSB, ODS, "text/csv", "text/tab-separated-values"})
_ARCHIVES: Final = frozenset(
    {
        "application/zip",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/gzip",
        "application/x-tar",
    }
    | {
        "application/x-bzip2",
        "application/x-xz",
        "application/x-zip-compressed",
        "application/x-rar-compressed",
    }
)
_LOGS: Final = frozenset({"text/x-log", "application/json", "application/vnd.tcpdump.pcap"})
_LOG_LINE: Final = re.compile(
    r"(?m)^\[?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|^(?:GET|POST|PUT|DELETE) /|HTTP/\d|Traceback|\bERROR\b"
)
_PROGRAMS: Final = (
    ".exe",
    ".scr",
    ".js",
    ".vbs",
    ".bat",
    ".cmd",
    ".apk",
    ".jar",
    ".msi",
    ".lnk",
    ".html",
    ".htm",
)
_SMALL_INLINE_BYTES: Final = 20_000
_VAGUE_TYPES: Final = frozenset({"", "text/plain", "application/octet-stream"})


def _pattern(kind: str) -> re.Pattern[str]:
    found = {word for language in LANGUAGES for word in phrases(language, "evidence").get(kind, [])}
    # A word begins where a word begins ("act_1.pdf", not "contact.pdf"); a short one also ends there.
    parts = [
        re.escape(word)
        if "\u4e00" <= word[0] <= "\u9fff"
        else rf"(?<![^\W\d_]){re.escape(word)}"
        + (r"(?![^\W\d_])" if len(word) < 5 and word.isalpha() else "")
        for word in sorted(found, key=len, reverse=True)
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


_PATTERNS: Final = {
    kind: _pattern(kind)
    for kind in ("act", "waybill", "closing_doc", "invoice", "screenshot", "photo", "log", "video", "table")
}


def evidence_kind(
    name: str, content_type: str, *, size_bytes: int = 0, is_inline: bool = False, text: str = ""
) -> str:
    """Evidence kind of one attachment, a word of `KINDS`."""
    kind = (by_name(name) if content_type in _VAGUE_TYPES else content_type) or content_type
    stem = name.rpartition(".")[0] or name
    if kind.startswith("video/") or kind in _ARCHIVES:
        return "video" if kind.startswith("video/") else "archive"
    if kind.startswith("image/") and kind != "image/svg+xml":
        return _image(stem, kind, is_small_inline=is_inline and 0 < size_bytes < _SMALL_INLINE_BYTES)
    return _document(name, stem, kind, text)


def _document(name: str, stem: str, kind: str, text: str) -> str:
    """Tell papers, tables and logs apart."""
    says_log = bool(_PATTERNS["log"].search(stem))
    if kind in _SPREADSHEETS:
        return "log" if kind == "text/csv" and says_log else "table"
    if kind in _LOGS or (
        kind.startswith(("text/", "application/xml")) and (says_log or _LOG_LINE.search(text[:4000]))
    ):
        return "log"
    if kind == "text/html" or name.lower().endswith(_PROGRAMS):
        return "other"
    if kind == "application/pdf":
        return _paper(stem) or ("screenshot" if _PATTERNS["screenshot"].search(stem) else "other")
    return _paper(stem) or ("table" if _PATTERNS["table"].search(stem) else "other")


def _image(stem: str, kind: str, *, is_small_inline: bool) -> str:
    """Tell a scanned paper, a screenshot and a photo apart; a logo in a signature is none of them."""
    if is_small_inline:
        return "other"
    if _PATTERNS["photo"].search(stem):
        return "photo"
    if paper := _paper(stem):
        return paper
    if _PATTERNS["screenshot"].search(stem) or kind in {"image/png", "image/webp", "image/gif", "image/bmp"}:
        return "screenshot"
    return "photo"


def _paper(stem: str) -> str:
    return next((kind for kind in _PAPERS if _PATTERNS[kind].search(stem)), "")
