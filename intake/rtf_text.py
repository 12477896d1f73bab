r"""Compressed RTF bodies of Outlook to text or HTML (MS-OXRTFCP, MS-OXRTFEX).

Octets of the property PR_RTF_COMPRESSED go in, the words come out. Outlook wraps HTML mail
in RTF: then the markup is taken out of its `\*\htmltag` groups again, else the visible text
is read, each run of octets by the charset of its font. Linear; output is bounded.
"""

from __future__ import annotations

import html
import re
import struct
from dataclasses import dataclass, field, replace
from typing import Final

from intake.unreadable import UnreadableFileError

MAX_RTF_BYTES: Final = 4_000_000
MAX_DEPTH: Final = 200
# The dictionary that both sides begin with, MS-OXRTFCP section 2.2.1.1; 207 octets.
_DICTIONARY: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW: Final = 4096
_COMPRESSED, _STORED = b"LZFu", b"MELA"
_TOKEN: Final = re.compile(
    rb"\\(?:([a-zA-Z]{1,32})(-?\d{1,9})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
# Windows character sets of fonts (RTF 1.9.1, \fcharset) and their code pages.
_CODEPAGE_BY_FONT_CHARSET: Final = dict(
    zip(
        (0, 128, 129, 134, 136, 161, 162, 177, 178, 186, 204, 222, 238),
        (1252, 932, 949, 936, 950, 1253, 1254, 1255, 1256, 1257, 1251, 874, 1250),
        strict=True,
    )
)
_SILENT: Final = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"themedata"}
    | {b"listtable", b"listoverridetable", b"rsidtbl", b"generator", b"latentstyles", b"datastore"}
)
_LETTERS: Final = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "—",
    b"endash": "–",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
}
_SIGNS: Final = {b"~": "\u00a0", b"_": "-", b"{": "{", b"}": "}", b"\\": "\\"}


def decompress_rtf(octets: bytes) -> bytes:
    """Undo LZFu compression (MS-OXRTFCP section 3.1.3).

    Raises UnreadableFileError when the octets are no compressed RTF. A stream that ends early gives
    what it held.
    """
    if len(octets) < 16 or octets[8:12] not in {_COMPRESSED, _STORED}:
        raise UnreadableFileError("its body is no compressed RTF")
    promised = min(struct.unpack_from("<I", octets, 4)[0], MAX_RTF_BYTES)
    if octets[8:12] == _STORED:
        return octets[16 : 16 + promised]
    window = bytearray(_DICTIONARY.ljust(_WINDOW, b"\0"))
    write = len(_DICTIONARY)
    out = bytearray()
    at = 16
    while at < len(octets) and len(out) < promised:
        flags = octets[at]
        at += 1
        for bit in range(8):
            if at >= len(octets) or len(out) >= promised:
                break
            if not flags >> bit & 1:
                run = octets[at : at + 1]
                at += 1
            else:
                token = int.from_bytes(octets[at : at + 2], "big")
                at += 2
                if token >> 4 == write:
                    return bytes(out)  # the end mark points at the place where writing goes on
                run = _copy(window, token >> 4, (token & 15) + 2, write)
            for octet in run:
                window[write] = octet
                write = (write + 1) % _WINDOW
            out += run
    return bytes(out)


def _copy(window: bytearray, start: int, length: int, write: int) -> bytes:
    """Repeat earlier octets; the run may reach into what it is writing."""
    reach = (write - start) % _WINDOW or _WINDOW
    run = bytes(window[(start + step) % _WINDOW] for step in range(min(length, reach)))
    return (run * (length // len(run) + 1))[:length]


@dataclass(slots=True)
class _Group:
    """What holds between a pair of braces."""

    silent: bool = False
    font_table: bool = False
    html_tag: bool = False
    rtf_only: bool = False  # between \htmlrtf and \htmlrtf0: what HTML does not have
    codepage: int = 0
    skip_after_unicode: int = 1


@dataclass(slots=True)
class _Reader:
    is_html: bool
    codepage: int = 1252
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    fonts: dict[int, int] = field(default_factory=dict)
    font: int = 0
    pending: bytearray = field(default_factory=bytearray)
    units: list[int] = field(default_factory=list)
    to_skip: int = 0
    may_be_destination: bool = False
    out: list[str] = field(default_factory=list)

    def flush(self) -> None:
        """Decode the octets and UTF-16 units that have gathered."""
        text = ""
        if self.pending:
            text = _decode(bytes(self.pending), self.group.codepage or self.codepage)
            self.pending.clear()
        elif self.units:
            text = struct.pack(f"<{len(self.units)}H", *self.units).decode("utf-16-le", "replace")
            self.units.clear()
        if text:
            self.out.append(html.escape(text, quote=False) if self._escapes() else text)

    def put(self, text: str) -> None:
        """Write what a control word stands for."""
        self.flush()
        if self._is_shown():
            self.out.append("\r\n" if self._escapes() and text == "\n" else text)

    def octets(self, octets: bytes) -> None:
        """Take octets of text; the first ones may only stand in for a Unicode character."""
        skipped = min(self.to_skip, len(octets))
        self.to_skip -= skipped
        if len(octets) > skipped and self._is_shown():
            if self.units:
                self.flush()
            self.pending += octets[skipped:]

    def unicode(self, number: int) -> None:
        """Take one UTF-16 unit; its stand-ins follow."""
        if self.pending:
            self.flush()
        if self._is_shown():
            self.units.append(number & 0xFFFF)
        self.to_skip = self.group.skip_after_unicode

    def _is_shown(self) -> bool:
        return not self.group.silent and not self.group.rtf_only

    def _escapes(self) -> bool:
        return self.is_html and not self.group.html_tag


def rtf_body(octets: bytes) -> tuple[str, str]:
    """Words of an RTF document: `("html", markup)` when it wraps HTML, else `("text", text)`."""
    reader = _Reader(is_html=b"\\fromhtml" in octets[:2_000])
    for token in _TOKEN.finditer(octets[:MAX_RTF_BYTES]):
        word, number, hexadecimal, sign, brace, text = token.groups()
        if word is not None:
            _control(reader, word, int(number) if number is not None else None)
        elif text is not None:
            reader.octets(text)
        elif hexadecimal is not None:
            reader.octets(bytes.fromhex(hexadecimal.decode()))
        elif brace is not None:
            _brace(reader, opens=brace == b"{")
        elif sign == b"*":
            reader.may_be_destination = True
            continue
        elif sign in _SIGNS:
            reader.put(_SIGNS[sign])
        reader.may_be_destination = False
    reader.flush()
    joined = "".join(reader.out)
    return ("html", joined) if reader.is_html else ("text", joined.strip("\n"))


def _brace(reader: _Reader, *, opens: bool) -> None:
    reader.flush()
    reader.to_skip = 0
    if opens:
        if len(reader.stack) >= MAX_DEPTH:
            raise UnreadableFileError("its body is nested too deep")
        reader.stack.append(reader.group)
        reader.group = replace(reader.group)
    elif reader.stack:
        reader.group = reader.stack.pop()


def _control(reader: _Reader, word: bytes, number: int | None) -> None:
    group = reader.group
    if word == b"u" and number is not None:
        reader.unicode(number)
        return
    if word == b"uc":
        group.skip_after_unicode = max(0, min(number if number is not None else 1, 8))
        return
    reader.flush()
    if reader.may_be_destination:
        group.html_tag = word == b"htmltag" and reader.is_html
        group.silent = not group.html_tag
    elif word in _SILENT:
        group.silent = True
        group.font_table = word == b"fonttbl"
    elif word == b"htmlrtf":
        group.rtf_only = reader.is_html and number != 0
    elif word == b"ansicpg" and number:
        reader.codepage = number
    elif word == b"f" and number is not None:
        reader.font = number
        if not group.font_table:
            group.codepage = reader.fonts.get(number, 0)
    elif word == b"fcharset" and group.font_table:
        reader.fonts[reader.font] = _CODEPAGE_BY_FONT_CHARSET.get(number or 0, 0)
    elif word in _LETTERS:
        reader.put(_LETTERS[word])


def _decode(octets: bytes, codepage: int) -> str:
    names = {65001: "utf-8", 54936: "gb18030", 936: "gb18030", 20866: "koi8-r"}
    try:
        return octets.decode(names.get(codepage, f"cp{codepage}"), "replace")
    except LookupError:
        return octets.decode("cp1252", "replace")
