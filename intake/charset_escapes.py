"""Charsets that hide in plain ASCII or between NUL octets: ISO-2022, HZ, UTF-16 without a mark.

Octets go in, text and codec come out, or None when the octets are nothing of the kind. These
are recognised by their own form (RFC 1468, 1557, 1922, 1843), so a missing or wrong label
does not matter.
"""

from __future__ import annotations

import re
from typing import Final

from intake.charset_guess import everyday_share

_SAMPLE_BYTES: Final = 4096
_JAPANESE: Final = re.compile(rb"\x1b\$[@B]|\x1b\$\(D")
_KOREAN: Final = re.compile(rb"\x1b\$\)C")
_CHINESE: Final = re.compile(rb"\x1b\$\)[AG]")
_SHIFTED: Final = re.compile(rb"\x0e([\x21-\x7e]{2,4000})(?:\x0f|(?=[\r\n])|\Z)")
_DESIGNATION: Final = re.compile(rb"\x1b\$[()*][A-Z]")
_HZ: Final = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){1,400}~\}")
_CONTROLS: Final = bytes(range(9))
_PLAUSIBLE: Final = re.compile(
    r"[\t\r\n -~\u00a0-\u00ff\u0400-\u045f\u2010-\u2044\u20bd\u2116\u3000-\u303f\u4e00-\u9fff\uff00-\uff5e]"
)


def decode_escaped(data: bytes, codec: str) -> tuple[str, str] | None:
    """Decode ASCII octets with shifts in them; `codec` is what the label names, or ""."""
    if b"\x1b" in data:
        return _decode_iso_2022(data, codec)
    if _HZ.search(data):
        try:
            return data.decode("hz"), "hz"
        except UnicodeDecodeError:
            return None
    return None


def _decode_iso_2022(data: bytes, codec: str) -> tuple[str, str] | None:
    if _CHINESE.search(data):
        return _decode_chinese(data)
    if codec.startswith("iso2022"):
        chosen = codec
    elif _KOREAN.search(data):
        chosen = "iso2022_kr"
    elif _JAPANESE.search(data):
        chosen = "iso2022_jp_ext"
    else:
        return None
    try:
        return data.decode(chosen), chosen
    except UnicodeDecodeError:
        return None


def _decode_chinese(data: bytes) -> tuple[str, str]:
    """Read ISO-2022-CN (RFC 1922), for which Python has no codec: GB 2312 in seven bits between shifts."""
    eight_bit = _SHIFTED.sub(lambda run: bytes(octet | 128 for octet in run[1]), data)
    return _DESIGNATION.sub(b"", eight_bit).decode("gb18030", "replace"), "iso2022_cn"


def decode_unmarked_utf16(data: bytes) -> tuple[str, str] | None:
    """Read UTF-16 that lacks its byte-order mark and its label; None when it is none.

    Its octets betray it: control octets that no text of one octet per letter holds.
    """
    sample = data[:_SAMPLE_BYTES]
    controls = (len(sample) - len(sample.translate(None, _CONTROLS))) / max(1, len(sample))
    if len(data) < 8 or controls < 0.02:
        return None
    best, best_share = "", 0.9
    for codec in ("utf-16-le", "utf-16-be"):
        try:
            text = sample[: len(sample) & ~1].decode(codec)
        except UnicodeDecodeError:
            continue
        share = len(_PLAUSIBLE.findall(text)) / len(text)
        if controls < 0.2 and everyday_share(text) < 0.3:
            continue  # ASCII letters in pairs are Chinese characters, too, but odd ones
        if share > best_share:
            best, best_share = codec, share
    if not best:
        return None
    return data[: len(data) & ~1].decode(best, "replace"), best
