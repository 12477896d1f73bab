"""What header fields say: RFC 2047 words, raw 8-bit text, RFC 2231 parameters, message ids.

Octets of one field go in, text comes out; nothing raises. Encoded words that were cut in the
middle of a character are joined before decoding, `gb2312` words holding GB18030 are read,
raw octets are decoded as UTF-8 or by the charset of the mail's own text.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from intake.charset import decode_text
from intake.charset_labels import codec_of

_ENCODED_WORD: Final = re.compile(
    rb"=\?([!#$%&'*+\-.0-9A-Z^_`a-z{}~]{1,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]{0,80}){0,3})\?="
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
_PARAMETER: Final = re.compile(
    rb""";?\s*([!#$&+\-.0-9A-Z^_`a-z{|}~*%]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))""", re.DOTALL
)
_CONTINUED: Final = re.compile(r"^(.+?)\*(\d{1,3})(\*?)$")
_ANGLE_ID: Final = re.compile(r"<([^<>\s]{1,400})>")
_BARE_ID: Final = re.compile(r"[^<>\s,;]{1,300}@[^<>\s,;]{1,300}")
_MEDIA_TYPE: Final = re.compile(
    rb"\s*([a-z0-9!#$&^_.+\-]{1,80})\s*/\s*([a-z0-9!#$&^_.+\-]{1,80})", re.IGNORECASE
)
# Words that lack their end: at the end of the field, or where the next one begins.
_UNENDED_WORD: Final = re.compile(
    rb"(=\?[!#$%&'*+\-.0-9A-Z^_`a-z{}~]{1,60}\?(?:[bB]\?[A-Za-z0-9+/]{4,2000}={0,2}|[qQ]\?[!->@-~]{3,2000}))\??(?=\s+=\?|\s*\Z)"
)
_PERCENT_NAME: Final = re.compile(r"(?:%[0-9A-Fa-f]{2}){3}")
_MISSPELT_TYPES: Final = {
    "plain/text": "text/plain",
    "text/txt": "text/plain",
    "text/text": "text/plain",
    "text/ascii": "text/plain",
    "html/text": "text/html",
    "text/htm": "text/html",
    "text/x-html": "text/html",
    "application/xhtml+xml": "text/html",
}
_NOT_BASE64: Final = re.sub(rb"[A-Za-z0-9+/]", b"", bytes(range(256)))
_COMMON_BYTES: Final = 64  # of a field that says no more than a type and a charset
MAX_REFERENCES: Final = 100


def decode_header(value: bytes, hint: str = "") -> tuple[str, str]:
    """Text of an unstructured field and a warning ("" when nothing had to be guessed).

    `hint` is the charset of the mail's text, used for raw 8-bit octets (RFC 6532 allows
    UTF-8 there; older clients write their own charset).
    """
    if b"=?" not in value:
        text, warning = _plain(value, hint)
        return tidy_header_text(text), warning
    if not value.rstrip().endswith(b"?=") or (
        value.count(b"=?") > 1 and not all(piece.endswith(b"?=") for piece in value.split())
    ):  # a word may lack its end
        value = _UNENDED_WORD.sub(_end_word, value)
    text, warning = _decode_words(value, hint)
    if "=?" in text and "?=" in text and _ENCODED_WORD.search(again := text.encode()) and again != value:
        # Encoded twice: by the writer's client and by a gateway on the way.
        text, warning = _decode_words(again, "utf-8")
    return tidy_header_text(text), warning


def _decode_words(value: bytes, hint: str) -> tuple[str, str]:
    pieces: list[str] = []
    warnings: list[str] = []
    at, pending, pending_label = 0, b"", ""
    for word in _ENCODED_WORD.finditer(value):
        between = value[at : word.start()]
        label = word[1].decode("ascii").split("*", 1)[0].lower()
        if pending_label and (between.strip() or label != pending_label):
            pieces.append(_words(pending, pending_label, warnings))
            pending = b""
        if between.strip() or not pending_label:
            text, warning = _plain(between, hint)
            pieces.append(text)
            warnings.append(warning)
        pending, pending_label, at = pending + _word_octets(word[2], word[3]), label, word.end()
    if pending_label:
        pieces.append(_words(pending, pending_label, warnings))
    text, warning = _plain(value[at:], hint)
    pieces.append(text)
    return "".join(pieces), next(filter(None, [*warnings, warning]), "")


def _end_word(match: re.Match[bytes]) -> bytes:
    """Give an encoded word its end, if what it holds is text of its charset."""
    charset_name, encoding, text = match[1][2:].split(b"?", 2)
    octets = _word_octets(encoding, text)
    codec = codec_of(charset_name.decode("ascii"))
    try:
        octets.decode(codec, "ignore" if len(match[0]) > 60 else "strict")
    except (LookupError, ValueError):
        return match[0]
    return match[1] + b"?="


def tidy_header_text(text: str) -> str:
    """One line, composed characters (macOS sends file names decomposed), no control characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
    if not text.isprintable():
        text = _CONTROL.sub(" ", text)
    return unicodedata.normalize("NFC", text).strip()


def _plain(octets: bytes, hint: str) -> tuple[str, str]:
    if octets.isascii():
        return octets.decode("ascii"), ""
    decoded = decode_text(octets, "", hint)
    return decoded.text, decoded.warning


def _words(octets: bytes, label: str, warnings: list[str]) -> str:
    decoded = decode_text(octets, label)
    warnings.append(decoded.warning)
    return decoded.text


def _word_octets(encoding: bytes, text: bytes) -> bytes:
    """Octets of one encoded word; padding that is missing or too much does no harm."""
    if encoding in b"qQ":
        return binascii.a2b_qp(text.replace(b"_", b" ").replace(b"\r", b"").replace(b"\n", b""), header=True)
    clean = text.translate(None, _NOT_BASE64)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def media_type(value: bytes) -> str:
    """`type/subtype` of a Content-Type field in lower case, "" when it names none."""
    match = _MEDIA_TYPE.match(value)
    if not match:
        return ""
    found = f"{match[1].decode().lower()}/{match[2].decode().lower()}"
    return _MISSPELT_TYPES.get(found, found)


def parameters(value: bytes, hint: str = "") -> dict[str, str]:
    """Parameters of a Content-Type or Content-Disposition field (RFC 2045 section 5.1, RFC 2231).

    Names in lower case. Continuations are joined, percent-encoding is undone by its own
    charset, and encoded words in quotes, which RFC 2047 forbids but many clients write,
    are decoded as well. Missing semicolons and quotes are forgiven.
    """
    return dict(_common_parameters(value, hint)) if len(value) <= _COMMON_BYTES else _parameters(value, hint)


@lru_cache(maxsize=256)
def _common_parameters(value: bytes, hint: str) -> dict[str, str]:
    return _parameters(value, hint)


def _parameters(value: bytes, hint: str) -> dict[str, str]:
    found: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[bytes, bool]]] = {}
    first = re.search(rb"[;\s]", value)
    for match in _PARAMETER.finditer(value, first.start() if first else len(value)):
        name = match[1].decode("ascii").lower()
        octets = match[3].strip() if match[2] is None else re.sub(rb"\\([\"\\])", rb"\1", match[2])
        if part := _CONTINUED.match(name):
            continued.setdefault(part[1], {})[int(part[2])] = (octets, bool(part[3]))
        elif name.endswith("*"):
            found[name[:-1]] = _extended([(octets, True)])
        else:
            found.setdefault(name, _parameter_text(octets, hint))
    for name, pieces in continued.items():
        found[name] = _extended([pieces[number] for number in sorted(pieces)])
    return found


def _parameter_text(octets: bytes, hint: str) -> str:
    # Octets in the order of a folded, quoted value keep the fold's blank: "Счёт\r\n №5.pdf".
    text = decode_header(octets, hint)[0]
    if "%" in text and _PERCENT_NAME.search(text):
        # Old webmail writes names as in addresses, without the star of RFC 2231.
        try:
            spelt = unquote_to_bytes(text).decode("utf-8")
        except UnicodeDecodeError:
            return text
        return text if spelt.isascii() else tidy_header_text(spelt)
    return text


def _extended(pieces: list[tuple[bytes, bool]]) -> str:
    """Join RFC 2231 pieces; the first may begin with `charset'language'`."""
    label, octets = "", b""
    for number, (piece, is_extended) in enumerate(pieces):
        text = piece
        if number == 0 and is_extended and text.count(b"'") >= 2:
            charset_name, _, text = text.split(b"'", 2)
            label = charset_name.decode("ascii", "replace")
        octets += unquote_to_bytes(text) if is_extended else text
    if b"=?" in octets:
        return decode_header(octets)[0]
    return tidy_header_text(decode_text(octets, label).text)


def message_ids(value: bytes) -> tuple[str, ...]:
    """Message identifiers of a Message-ID, In-Reply-To or References field, without brackets.

    An identifier without brackets counts when it has an `@`. At most 100: the first and
    the 99 last, which are the nearest.
    """
    text = _CONTROL.sub("", value.decode("utf-8", "replace"))
    ids = _ANGLE_ID.findall(text) or _BARE_ID.findall(text)
    unique = tuple(dict.fromkeys(ids))
    return unique if len(unique) <= MAX_REFERENCES else (unique[0], *unique[-(MAX_REFERENCES - 1) :])
