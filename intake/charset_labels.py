"""Charset labels of mails to codecs.

A label as the mail writes it goes in, the name of a Python codec comes out, widened to the
superset that is really meant (WHATWG Encoding Standard, section 4.2), or "" when the label
is no charset at all.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Final

# Codecs whose label is habitually put on text of a larger set (WHATWG Encoding, section 4.2).
_SUPERSETS: Final[dict[str, str]] = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis_620": "cp874",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "ksc5601": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
    "utf-16": "utf-16",
}
_ALIASES: Final[dict[str, str]] = {
    "gb_2312-80": "gb18030",
    "gb_2312": "gb18030",
    "x-gbk": "gb18030",
    "gb_18030": "gb18030",
    "csgb2312": "gb18030",
    "gb18030-2000": "gb18030",
    "hz-gb-2312": "hz",
    "koi": "koi8_r",
    "koi8": "koi8_r",
    "koi8-ru": "koi8_u",
    "x-koi8-r": "koi8_r",
    "cskoi8r": "koi8_r",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "x-cp1251": "cp1251",
    "ansi-1251": "cp1251",
    "ibm866": "cp866",
    "x-cp866": "cp866",
    "utf8mb4": "utf-8",
    "utf": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode": "utf-16",
    "x-user-defined": "cp1252",
    "x-sjis": "cp932",
    "x-windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
}
_REAL_TEXT_CODECS_ONLY: Final = re.compile(r"^[a-z0-9][a-z0-9 ._:+-]{1,39}$")
_NO_CHARSETS: Final = frozenset(
    {
        "idna",
        "punycode",
        "unicode-escape",
        "raw-unicode-escape",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
    }
)


@lru_cache(maxsize=256)
def codec_of(label: str) -> str:
    """Python codec for a charset label of a mail, widened to its superset; "" when there is none."""
    name = label.strip().strip("\"'").lower()
    if not _REAL_TEXT_CODECS_ONLY.match(name):
        return ""
    name = _ALIASES.get(name, name)
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    # `base64`, `rot13` and their like are codecs in Python, but no charsets; `idna` and
    # `punycode` are for host names; `unicode_escape` would run over the octets as source text.
    if not getattr(info, "_is_text_encoding", True) or info.name in _NO_CHARSETS:
        return ""
    return _SUPERSETS.get(info.name, info.name)
