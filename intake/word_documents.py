"""Words of a docx: octets to text, without an XML parser.

A docx is a zip whose `word/document.xml` holds the text in `w:t` elements (ECMA-376 part 1,
section 17.3.3.31). Reading it with one regular expression is linear and knows no entities,
so there is nothing to expand. Cells of a table come apart by a tab, rows on lines. The older
binary `.doc` is not read: its text is scattered over streams that only a library of its own
could put together, and the operator sees the file.
"""

from __future__ import annotations

import html
import re
from typing import Final

from intake.unreadable import UnreadableFileError
from intake.zip_archives import open_zip, read_member

MAX_XML_BYTES: Final = 4_000_000
MAX_CHARS: Final = 100_000
_DOCUMENT: Final = "word/document.xml"
_PIECE: Final = re.compile(
    r"<w:t(?: [^<>]{0,100})?>([^<]*)</w:t>|<(w:tab|w:br|w:cr)\b[^<>]{0,100}>|</(w:p|w:tc|w:tr)>"
)


def docx_text(octets: bytes) -> str:
    """Text of the document's body. Raises UnreadableFileError when the file is broken or encrypted."""
    with open_zip(octets) as archive:
        try:
            entry = archive.getinfo(_DOCUMENT)
        except KeyError as error:
            raise UnreadableFileError("the document is broken: it has no text") from error
        xml = read_member(archive, entry, MAX_XML_BYTES).decode("utf-8", "replace")
    pieces: list[str] = []
    length = 0
    for found in _PIECE.finditer(xml):
        text, control, end = found.groups()
        if end == "w:tc":
            piece = "\t"
        elif text is not None:
            piece = html.unescape(text)
        else:
            piece = "\t" if control == "w:tab" else "\n"
        if piece == "\t" and end and pieces and pieces[-1] == "\n":
            pieces.pop()  # the paragraph inside a cell ends with the cell
        pieces.append(piece)
        length += len(piece)
        if length > MAX_CHARS:
            break
    lines = (line.rstrip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)
