"""What an attachment is evidence of (rule R35): screenshot, photo, act, waybill, invoice, ...

Name, type, size and readable text of an attachment go in, one of the eleven words comes
out. What the name says in Russian, Chinese or English decides between papers, and between
screenshots and photos; the type decides the rest. A paper whose name says nothing
("scan0001.pdf") is told by the title at its top. A logo or a tracking pixel in the letter is
no evidence, a picture of screen size is. The word lists are data (`intake/phrases`, section
`evidence`).
"""

from __future__ import annotations

import re
from typing import Final

from intake.file_types import DOCX, ODS, XLS, XLSB, XLSX, by_name
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
_PIXEL: Final = 24  # a side up to this is a tracking pixel, a spacer or an icon
_LOGO_AREA: Final = 220 * 220
_BANNER_HEIGHT, _BANNER_WIDTH = 130, 700  # signatures bring strips up to this
_SCREEN_WIDTH, _SCREEN_HEIGHT = 700, 350  # whatever its name, this is no logo
_LOGO_NAME: Final = re.compile(
    r"logo|логотип|标志|签名|подпис|signature|banner|баннер|icon|иконк|spacer|pixel|facebook|telegram|whatsapp|"
    r"instagram|linkedin|twitter|youtube|vkontakte|wechat_?qr|qr_?code|二维码|avatar|footer|divider",
    re.IGNORECASE,
)
_SCREEN_TYPES: Final = frozenset({"image/png", "image/webp", "image/gif", "image/bmp"})
# Names that mail programs give to a picture pasted into a letter.
_PASTED: Final = re.compile(
    r"(?:clip_)?image\s?\d{0,4}|outlook-\w*|unnamed|pasted.{0,20}|image-\w{1,40}", re.IGNORECASE
)
_TITLE_CHARS: Final = 300
_VAGUE_TYPES: Final = frozenset({"", "text/plain", "application/octet-stream"})


def _pattern(kind: str, section: str = "evidence") -> re.Pattern[str]:
    found = {word for language in LANGUAGES for word in phrases(language, section).get(kind, [])}
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
# What a paper calls itself is narrower than what a file name may say: every letter has a "page" or an "act".
_TITLES: Final = {kind: _pattern(kind, "evidence_titles") for kind in _PAPERS}


def evidence_kind(
    name: str,
    content_type: str,
    *,
    size_bytes: int = 0,
    is_inline: bool = False,
    text: str = "",
    pixels: tuple[int, int] | None = None,
) -> str:
    """Evidence kind of one attachment, a word of `KINDS`; `pixels` is (width, height) of a picture."""
    kind = (by_name(name) if content_type in _VAGUE_TYPES else content_type) or content_type
    stem = name.rpartition(".")[0] or name
    if kind.startswith("video/") or kind in _ARCHIVES:
        return "video" if kind.startswith("video/") else "archive"
    if kind.startswith("image/") and kind != "image/svg+xml":
        if is_inline and is_decoration(stem, size_bytes, pixels):
            return "other"
        if is_inline and kind in _SCREEN_TYPES and _PASTED.fullmatch(stem):
            return "screenshot"
        return _image(stem, kind)
    return _document(name, stem, kind, text)


def is_decoration(stem: str, size_bytes: int, pixels: tuple[int, int] | None) -> bool:
    """Tell the logo of a signature, an icon or a tracking pixel among the pictures in a letter."""
    if pixels is None or min(pixels) <= 0:
        return 0 < size_bytes < _SMALL_INLINE_BYTES
    width, height = pixels
    if min(pixels) <= _PIXEL or width * height <= _LOGO_AREA:
        return True
    if width >= _SCREEN_WIDTH and height >= _SCREEN_HEIGHT:
        return False
    return bool(_LOGO_NAME.search(stem)) or (height <= _BANNER_HEIGHT and width <= _BANNER_WIDTH)


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
        named = _paper(stem) or ("screenshot" if _PATTERNS["screenshot"].search(stem) else "")
    else:
        named = _paper(stem) or ("table" if _PATTERNS["table"].search(stem) else "")
    return named or (_paper_by_title(text) if kind in {"application/pdf", DOCX} else "") or "other"


def _paper_by_title(text: str) -> str:
    """Tell a paper by the kind that its top names first: "Акт о расхождении ... по накладной" is an act."""
    title = text[:_TITLE_CHARS]
    found = ((match.start(), kind) for kind in _PAPERS if (match := _TITLES[kind].search(title)))
    return min(found, default=(0, ""))[1]


def _image(stem: str, kind: str) -> str:
    """Tell a scanned paper, a screenshot and a photo apart."""
    if _PATTERNS["photo"].search(stem):
        return "photo"
    if paper := _paper(stem):
        return paper
    if _PATTERNS["screenshot"].search(stem) or kind in _SCREEN_TYPES:
        return "screenshot"
    return "photo"


def _paper(stem: str) -> str:
    return next((kind for kind in _PAPERS if _PATTERNS[kind].search(stem)), "")
