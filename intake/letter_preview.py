"""The words of a mail that nobody could read: enough to tell what it is about, without secrets.

The octets of a mail go in, at most 6,000 characters of plain text come out. Two ways, for a child process
with a budget (`workers.open_apart`): `letter_words` cuts the mail as reading does, but only its beginning and
none of its files; `rough_words` looks for the first text by its label (RFC 2045) and leaves the marks of
HTML out. Secrets are taken out as everywhere, before anything is cut off. Never raises for any octets, but
may take what a hostile mail makes it take.
"""

from __future__ import annotations

import binascii
import re
from html import unescape
from typing import Final

from intake.bodies import gather_letter
from intake.charset import decode_text
from intake.extraction.regions import read_view
from intake.extraction.secrets import redact
from intake.language import detect_language
from intake.mime_tree import cut
from intake.octets import tidy_octets

PREVIEW_CHARS: Final = 6_000
_LOOKED_AT_CHARS: Final = 9_000
_EDGE_CHARS: Final = 2_000  # left out again: a secret that was cut in two there is not known as one
_WHOLE_BYTES: Final = 512 * 1024
_ROUGH_BYTES: Final = 96 * 1024
_BODY_BYTES: Final = 32 * 1024
_TEXT_LABEL: Final = re.compile(rb"^content-type:[ \t]*text/(?:plain|html)", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_HEAD_BYTES: Final = 2_000  # around a label: the other fields of its part
_CHARSET: Final = re.compile(rb"charset=[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"content-transfer-encoding:[ \t]*([\w-]{1,20})", re.IGNORECASE)
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_UNSEEN: Final = re.compile(r"<(?:style|script)\b[^<]*<", re.IGNORECASE)  # what stands up to the next mark
_BREAK: Final = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6])\b[^<>]*>", re.IGNORECASE)
_MARK: Final = re.compile(r"<[/!a-zA-Z][^<>]*(?:>|$)")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_BLANK_LINES: Final = re.compile(r"(?:\n ?){3,}")


def letter_words(octets: bytes) -> str:
    """Return the first words of the letter as reading would find them; "" for a letter without any."""
    letter = gather_letter(cut(tidy_octets(octets[:_WHOLE_BYTES])).root)
    return _without_secrets(letter.text)


def rough_words(octets: bytes) -> str:
    """Return the first words behind the first label of a text, decoded as it says, marks of HTML left out."""
    beginning = octets[:_ROUGH_BYTES]
    label = _TEXT_LABEL.search(beginning)
    head_ends = _BLANK_LINE.search(beginning, label.start() if label else 0)
    if head_ends is None:
        return ""
    head = beginning[max(0, head_ends.start() - _HEAD_BYTES) : head_ends.start()]
    body = beginning[head_ends.end() : head_ends.end() + _BODY_BYTES]
    if label and b"\n--" in beginning[: label.start()]:
        body = body.partition(b"\n--")[0]
    charset = _last(_CHARSET, head)
    text = decode_text(_decoded(body, _last(_ENCODING, head).lower()), charset).text
    if label and label[0].lower().endswith(b"html"):
        text = _without_marks(text)
    return _without_secrets(text)


def _last(pattern: re.Pattern[bytes], head: bytes) -> str:
    """Return what the field nearest to the text says."""
    found = pattern.findall(head)
    return found[-1].decode("ascii", "replace") if found else ""


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        clean = _NO_BASE64.sub(b"", body)
        return binascii.a2b_base64(clean[: len(clean) // 4 * 4])
    return body


def _without_marks(markup: str) -> str:
    """Leave tags and what browsers do not show out; a mark that never ends goes with all behind it."""
    seen = _BREAK.sub("\n", _UNSEEN.sub("<", markup))
    return unescape(_MARK.sub(" ", seen))


def _without_secrets(text: str) -> str:
    """Return the first characters of a text, blanks joined, as every stored text is redacted."""
    beginning = text[: 8 * _LOOKED_AT_CHARS].replace("\x00", "").replace("\r\n", "\n")
    tidy = _BLANK_LINES.sub("\n\n", _BLANKS.sub(" ", beginning)).strip()
    looked_at = tidy[:_LOOKED_AT_CHARS]
    (view,), _ = redact([read_view("body", looked_at)], detect_language(looked_at))
    clean = view.text if len(looked_at) == len(tidy) else view.text[:-_EDGE_CHARS]
    return clean[:PREVIEW_CHARS].rstrip()
