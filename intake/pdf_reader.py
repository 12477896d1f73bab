"""Read the text layer of a PDF: octets to text, no OCR.

Runs in the limited child process (`intake.reader_child`); PDFium is native code and hostile
files are its daily bread. Only the first pages count: an act or an invoice names its numbers
there.
"""

from __future__ import annotations

from typing import Any, Final

from intake.unreadable import UnreadableFileError

MAX_PAGES: Final = 20
MAX_CHARS: Final = 100_000
_HYPHEN: Final = "\ufffe"  # PDFium's mark of a word that was divided at the end of a line
_PASSWORD_ERROR: Final = 4  # FPDF_ERR_PASSWORD of PDFium's fpdfview.h


def read(octets: bytes) -> dict[str, Any]:
    """Text of the first pages: `{"text", "page_count", "read_pages"}`.

    Raises UnreadableFileError when the file is encrypted, broken or has no page.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(octets)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "assword" in str(error):
            raise UnreadableFileError("the PDF is encrypted, ask for it without a password") from error
        raise UnreadableFileError("the PDF is broken, ask for it again") from error
    page_count = len(document)
    if not page_count:
        raise UnreadableFileError("the PDF has no pages")
    pieces: list[str] = []
    left_chars = MAX_CHARS
    read_pages = 0
    for number in range(min(page_count, MAX_PAGES)):
        if left_chars <= 0:
            break
        text = _page_text(document, number, left_chars)
        read_pages += 1
        left_chars -= len(text)
        pieces.append(text)
    return {"text": "\n".join(filter(None, pieces)), "page_count": page_count, "read_pages": read_pages}


def _page_text(document: Any, number: int, max_chars: int) -> str:
    """Text of one page; a page that cannot be loaded is passed over."""
    import pypdfium2

    try:
        layer = document[number].get_textpage()
        text = str(layer.get_text_range(0, min(layer.count_chars(), max_chars)))
    except pypdfium2.PdfiumError:
        return ""
    text = text.replace(f"{_HYPHEN}\r\n", "").replace(_HYPHEN, "").replace("\r\n", "\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)
