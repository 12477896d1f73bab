"""Bytes of a text part or header to text: no letter is lost, and a guess is reported.

In go the octets and the charset that the mail claims, out come the text, the codec that
was used and, where the claim was missing or wrong, a warning for the operator. The order:
byte-order mark, the declared charset widened to its superset (a `gb2312` label on GB18030
text, `iso-8859-1` on windows-1252), UTF-8 where the octets can be nothing else, and at last
a choice among the charsets that sellers' clients produce (see `charset_guess`).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from intake.charset_escapes import decode_escaped, decode_unmarked_utf16
from intake.charset_guess import guess_charset, likeness
from intake.charset_labels import codec_of

# Codecs that turn any octets into something: only letter statistics can tell whether they were meant.
_ACCEPT_ANYTHING: Final = frozenset(
    {
        "cp1251",
        "cp1252",
        "cp1254",
        "koi8-r",
        "koi8-u",
        "cp866",
        "iso8859-5",
        "mac-cyrillic",
        "iso8859-15",
        "iso8859-2",
        "latin-1",
    }
)
# Codecs of pairs of octets: they refuse some foreign text, but far from all.
_ACCEPT_PAIRS: Final = frozenset({"gb18030", "big5hkscs", "cp949", "cp932"})
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOM_BEGINS: Final = frozenset({bom[:1] for bom, _ in _BOMS})
_WIDE: Final = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_ASCII_IS_NOT_PLAIN: Final = _WIDE | {"utf-7", "hz"}
_CONTROL: Final = re.compile(rb"[\x00-\x08]")
_HIGH_OCTETS: Final = bytes(range(128, 256))
_FOREIGN_OCTETS: Final = "intake.foreign_octets"
_MULTIBYTE_UTF8: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
# A rescue must be clearly better than what the mail itself claims: likeness runs from -1 to 1.
_RESCUE_MARGIN: Final = 0.35
_SLIGHT_MARGIN: Final = 0.1
_WELL_READ: Final = 0.6
# Letters of windows-1251 that Russian has not; in mac-cyrillic these octets are its capitals.
_FOREIGN_CYRILLIC: Final = re.compile(rb"[\x80\x81\x83\x8a\x8c-\x90\x9a\x9c-\x9f]")
_FEW_OCTETS: Final = 200
_SLIGHTLY_CHINESE: Final = 0.25


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Text with the codec that read it; `warning` is "" unless something had to be guessed."""

    text: str
    codec: str
    warning: str = ""


def _read_foreign_octet(error: UnicodeError) -> tuple[str, int]:
    """Error handler of the UTF-8 decoder: read one octet as windows-1252 or, among Cyrillic, as 1251."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    at = error.start
    neighbours = error.object[max(0, at - 1) : at] + error.object[at + 1 : at + 2]
    around = error.object[max(0, at - 40) : at]
    among_cyrillic = (b"\xd0" in around or b"\xd1" in around) and not any(
        chr(octet).isalpha() for octet in neighbours if octet < 128
    )
    codec = "cp1251" if among_cyrillic else "cp1252"
    return error.object[at : at + 1].decode(codec, "replace"), at + 1


codecs.register_error(_FOREIGN_OCTETS, _read_foreign_octet)


def decode_text(data: bytes, declared: str = "", hint: str = "") -> DecodedText:
    """Decode the octets of a text part or of a raw header.

    `declared` is the label of the mail itself, `hint` the charset of another part of the
    same mail (used for raw 8-bit headers, which have no label). Never raises; a character
    U+FFFD appears only where the octets fit no candidate.
    """
    decoded = _decode(data, declared, hint)
    if decoded.codec == "utf-8" or decoded.text.isascii():
        return decoded  # the codec gives no halves
    try:
        decoded.text.encode("utf-8")
    except UnicodeEncodeError:
        # UTF-7 and UTF-16 can spell halves of surrogate pairs, which no database stores.
        clean = decoded.text.encode("utf-8", "replace").decode("utf-8")
        return DecodedText(clean, decoded.codec, decoded.warning or "charset: half characters were replaced")
    return decoded


def _decode(data: bytes, declared: str, hint: str) -> DecodedText:
    for bom, bom_codec in _BOMS if data[:1] in _BOM_BEGINS else ():
        if data.startswith(bom) and len(data) > len(bom):
            return DecodedText(data.decode(bom_codec, "replace"), bom_codec)
    codec = codec_of(declared)
    if codec not in _WIDE and (wide := decode_unmarked_utf16(data)) is not None:
        return DecodedText(*wide, f"charset: {_claim(declared)}, read as {wide[1]}")
    if codec in _WIDE and not _CONTROL.search(data) and _strict(data, "utf-8") is not None:
        # Text of two octets a letter has control octets among them, at the latest at a line end.
        codec = "utf-8"
    if data.isascii() and codec not in _ASCII_IS_NOT_PLAIN:
        if (b"\x1b" in data or b"~{" in data) and (escaped := decode_escaped(data, codec)) is not None:
            return DecodedText(*escaped)
        return DecodedText(data.decode("ascii"), codec or "us-ascii", _unknown(declared, codec, "ascii"))
    if codec:
        return _check_declared(data, declared, codec)
    return _decode_undeclared(data, declared, codec_of(hint))


def _check_declared(data: bytes, declared: str, codec: str) -> DecodedText:
    """Use the declared charset unless the octets say that it is wrong."""
    text = _strict(data, codec)
    if text is None:
        return _decode_misdeclared(data, declared, codec)
    if codec == "utf-8" or codec.startswith(("utf-16", "utf-32")):
        return DecodedText(text, codec)
    claimed = likeness(data, codec) if codec in _ACCEPT_ANYTHING or codec in _ACCEPT_PAIRS else 1.0
    if (codec in _ACCEPT_ANYTHING or claimed < _RESCUE_MARGIN) and (
        utf8 := _strict(data, "utf-8")
    ) is not None:
        return DecodedText(utf8, "utf-8", f"charset: declared {declared}, read as utf-8")
    doubtful = codec == "cp1251" and bool(_FOREIGN_CYRILLIC.search(data))
    best = guess_charset(data) if claimed < _WELL_READ or doubtful else codec
    margin = _SLIGHT_MARGIN if doubtful and best == "mac_cyrillic" else _RESCUE_MARGIN
    if best and best != codec and likeness(data, best) > claimed + margin:
        return DecodedText(
            data.decode(best, "replace"), best, f"charset: declared {declared}, read as {best}"
        )
    return DecodedText(text, codec)


def _decode_misdeclared(data: bytes, declared: str, codec: str) -> DecodedText:
    """Read octets that the declared codec refuses: a few are broken, or the charset is another."""
    if (mixed := _mostly_utf8(data)) is not None:
        return mixed
    best = guess_charset(data)
    forgiving = data.decode(codec, "replace")
    share_lost = forgiving.count("\ufffd") / max(1, sum(char >= "\x80" for char in forgiving))
    if codec in {"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp"} and share_lost < 0.1:
        return DecodedText(forgiving, codec, f"charset: some octets fit no character of {declared}")
    best = best or "cp1252"
    return DecodedText(data.decode(best, "replace"), best, f"charset: declared {declared}, read as {best}")


def _mostly_utf8(data: bytes) -> DecodedText | None:
    """Read UTF-8 with foreign octets in it, None when it is not UTF-8 for the most part.

    Few of them are characters cut in two and become U+FFFD; many are text of another
    charset (a footer of a list server, a quoted mail) and are read letter by letter.
    """
    whole = len(_MULTIBYTE_UTF8.findall(data))
    broken = _count_high(_MULTIBYTE_UTF8.sub(b"", data))
    if whole * 2 < broken or not whole:
        return None
    if broken and len(data) < _FEW_OCTETS and likeness(data, "gb18030") > _SLIGHTLY_CHINESE:
        return None  # a word or two of Chinese, of which some pairs happen to be UTF-8
    if broken * 10 <= whole:
        return DecodedText(
            data.decode("utf-8", "replace"), "utf-8", f"charset: {broken} octets fit no character of utf-8"
        )
    return DecodedText(
        data.decode("utf-8", _FOREIGN_OCTETS), "utf-8", "charset: utf-8 mixed with another charset"
    )


def _decode_undeclared(data: bytes, declared: str, hint: str) -> DecodedText:
    """No usable label: UTF-8 when it can be nothing else, then the neighbour's charset, then the guess."""
    cause = f"unknown label {declared[:40]!r}" if declared.strip() else _claim(declared)
    utf8 = _strict(data, "utf-8")
    if utf8 is not None and not _is_short_chinese(data):
        return DecodedText(utf8, "utf-8", f"charset: {cause}, read as utf-8" if declared.strip() else "")
    if (mixed := _mostly_utf8(data)) is not None:
        return mixed
    best = guess_charset(data) or "cp1252"
    if hint and hint != best and (text := _strict(data, hint)) is not None:
        near = likeness(data, hint) > likeness(data, best) - _RESCUE_MARGIN
        if near or hint not in _ACCEPT_ANYTHING:
            return DecodedText(text, hint, f"charset: {cause}, read as {hint}")
    return DecodedText(data.decode(best, "replace"), best, f"charset: {cause}, read as {best}")


def _is_short_chinese(data: bytes) -> bool:
    """Tell a word or two of Chinese whose GB octets happen to be valid UTF-8 for odd Cyrillic pairs."""
    pairs = _MULTIBYTE_UTF8.findall(data)
    if len(pairs) > 4 or not all(pair[0] in b"\xd0\xd1\xd2\xd3" and pair[1] > 0xA0 for pair in pairs):
        return False
    as_cyrillic = data.decode("utf-8").encode("koi8_r", "replace")
    return likeness(data, "gb18030") > 0.5 > likeness(as_cyrillic, "koi8_r")


def _count_high(data: bytes) -> int:
    return len(data) - len(data.translate(None, _HIGH_OCTETS))


def _strict(data: bytes, codec: str) -> str | None:
    """Return the text when every octet fits and nothing but Unicode scalars comes out, else None."""
    try:
        text = data.decode(codec)
        if codec != "utf-8":
            text.encode("utf-8")
    except (UnicodeError, LookupError, ValueError):
        return None
    return text


def _claim(declared: str) -> str:
    return f"declared {declared[:40]}" if declared.strip() else "none declared"


def _unknown(declared: str, codec: str, used: str) -> str:
    return (
        f"charset: unknown label {declared[:40]!r}, read as {used}" if declared.strip() and not codec else ""
    )
