"""Texts that are not what they are declared to be: stubs, HTML called plain, UTF-8 encoded twice.

A decoded text goes in; out come the verdict or the mended text. Gateways and mailing programs write a plain
alternative that only says "open this in a browser", send pieces of HTML as text/plain, and read UTF-8
octets by a one-octet charset before they encode them again. Each check asks for a cheap sign first.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

TWICE: Final = "text was encoded twice, read as UTF-8 within {codec}"
_STUB_CHARS: Final = 600
_SAMPLE_CHARS: Final = 4_000
_LINK: Final = re.compile(r"(?:https?://|www\.)\S{1,400}", re.IGNORECASE)
_STUB: Final = re.compile(
    r"html|браузер|веб-верси|browser|web version|浏览器|瀏覽器|网页版|網頁版", re.IGNORECASE
)
_OF_STUB: Final = re.compile(
    r"html|браузер|веб-верси|почтов\w{1,6} (?:клиент|программ)|просмотр|отобра[зж]|ссылк|browser|web version|"
    r"mail (?:client|program|reader)|viewe?r?\b|display|link|浏览器|瀏覽器|网页|網頁|客户端|查看|显示|链接",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[.!?。！？\n]+")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_NUMBER: Final = re.compile(r"[0-9]{4}")
_BLOCK_TAG: Final = re.compile(
    r"</?(?:div|p|table|tbody|tr|td|th|ul|ol|li|h[1-6]|blockquote)\b[^<>]{0,400}>|<br ?/?>", re.IGNORECASE
)
_CLOSING: Final = re.compile(r"</(?:div|p|table|ul|ol|h[1-6])>", re.IGNORECASE)
_FEWEST_TAGS: Final = 3


def _octets_of(codec: str) -> dict[int, int]:
    """Octet of each character of a one-octet charset; an octet without one stands for itself."""
    pairs = ((octet, bytes([octet]).decode(codec, "ignore") or chr(octet)) for octet in range(256))
    return {ord(char): octet for octet, char in pairs} | {octet: octet for octet in range(0x80, 0xA0)}


def _shown_pairs(octets: dict[int, int]) -> re.Pattern[str]:
    """Match a lead octet of UTF-8 (RFC 3629) and one behind it as the charset shows them."""
    lead = "".join(re.escape(chr(char)) for char, octet in octets.items() if 0xC2 <= octet <= 0xF4)
    behind = "".join(re.escape(chr(char)) for char, octet in octets.items() if 0x80 <= octet <= 0xBF)
    return re.compile(f"[{behind}](?<=[{lead}].)")  # of the two the second is the rarer


_CHARSETS: Final = tuple(
    (codec, octets, _shown_pairs(octets))
    for codec, octets in ((name, _octets_of(name)) for name in ("cp1251", "cp1252"))
)


def says_only_open_html(text: str) -> bool:
    """Tell a plain alternative that says nothing but that the letter is HTML, for a browser."""
    words = _LINK.sub(" ", text[: _STUB_CHARS * 4]).strip()
    if len(words) > _STUB_CHARS or _STUB.search(words) is None or _NUMBER.search(words):
        return False
    return all(_OF_STUB.search(part) for part in _SENTENCE_END.split(words) if _LETTERS.search(part))


def is_html_fragment(text: str) -> bool:
    """Tell HTML without `<html>` from a letter in which somebody names a tag or pastes a few."""
    if ">" not in text or "<" not in text:
        return False
    sample = text[:_SAMPLE_CHARS]
    tags = len(_BLOCK_TAG.findall(sample))
    lines = [line for line in sample.split("\n") if line.strip()]
    if tags < _FEWEST_TAGS or (tags <= len(lines) and _CLOSING.search(sample) is None):
        return False
    return sum(_BLOCK_TAG.search(line) is not None for line in lines) * 2 > len(lines)


def undo_double_encoding(text: str) -> tuple[str, str]:
    """Return the text with lines of UTF-8 read by a one-octet charset mended, and a warning or "".

    A line counts where all of it, taken back to octets, is valid UTF-8: text of any language that was
    decoded rightly never is, beyond a character or two.
    """
    if text.isascii():
        return text, ""
    for codec, octets, pairs in _CHARSETS:
        if len(pairs.findall(text[:_SAMPLE_CHARS])) < _FEWEST_TAGS:
            continue
        lines = text.split("\n")
        mended = [_line_mended(line, octets) for line in lines]
        gained = sum(len(line) - len(again) for line, again in zip(lines, mended, strict=True))
        if gained >= _FEWEST_TAGS:
            return "\n".join(mended), TWICE.format(codec=codec)
    return text, ""


def _line_mended(line: str, octets: dict[int, int]) -> str:
    if line.isascii():
        return line
    try:
        return codecs.charmap_encode(line, "strict", octets)[0].decode("utf-8")
    except UnicodeError:
        return line
