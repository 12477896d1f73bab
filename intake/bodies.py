"""Which parts of the MIME tree are the letter itself, and which are attachments.

The tree goes in; out come the text of the letter and the parts that are no letter. Of
alternatives the plain one is taken, unless it is empty, a stub ("your client cannot show
HTML") or has lost a table that the HTML one keeps. A nested mail (message/rfc822) is never
mixed into the letter: it is an attachment with a text of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from intake.charset import DecodedText, decode_text
from intake.flowed import unflow
from intake.header_block import split_header
from intake.html_links import LinkMismatch, link_mismatches, scan_links
from intake.html_text import html_to_text
from intake.inline_files import take_inline_files
from intake.mime_tree import Part
from intake.rtf_text import rtf_body
from intake.text_in_disguise import is_html_fragment, says_only_open_html, undo_double_encoding
from intake.transfer import IDENTITY, NOT_BASE64, decode_undeclared

MAX_TEXT_BYTES: Final = 2_000_000
MAX_STUB_BYTES: Final = 4_000
MAX_LETTER_PARTS: Final = 50
MAX_SHOWN_IDS: Final = 1_000
_META_CHARSET: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]{2,40})""", re.IGNORECASE
)
_TAG: Final = re.compile(rb"<(?:html|body|div|p|br|table|span|a)\b[^>]*>", re.IGNORECASE)
# A phone's plain text in which the lines of the old mail's header have run together.
_RUN_TOGETHER: Final = re.compile(rb"-{6,} [^\r\n-]{4,80} -{6,}[^\s-]")
# Signs that nobody sees, pasted with words from pages and chats: between the digits of a number or
# the letters of a key they would hide it. Apple Mail begins a quoted mail with the last one.
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_TABLE_ROW: Final = re.compile(rb"<tr\b", re.IGNORECASE)
_PLAIN_TEXT: Final = frozenset({"text/plain", "text/enriched", "text/richtext", "text"})
_RTF: Final = frozenset({"text/rtf", "application/rtf"})
_NEVER_LETTER: Final = frozenset(
    {"text/calendar", "text/vcard", "text/x-vcard", "text/csv", "text/rfc822-headers", "text/x-amp-html"}
)
_MIME_REMARK: Final = re.compile(r"\bMIME\b|multi-?part|S/MIME", re.IGNORECASE)
_SHOWN_ID: Final = re.compile(r"""["'(]\s{0,4}cid:([^"')\s<>]{1,200})""", re.IGNORECASE)  # RFC 2392
_ENRICHED: Final = re.compile(r"<(/?)([a-z]{1,20})>", re.IGNORECASE)
_ENRICHED_PARAMETER: Final = re.compile(r"<param>[^<]{0,400}</param>", re.IGNORECASE)
# What the letter says about parts that nobody but the sender can open.
_CLOSED: Final = {
    "application/pkcs7-mime": "mail: S/MIME, what is inside its p7m was not opened",
    "application/x-pkcs7-mime": "mail: S/MIME, what is inside its p7m was not opened",
    "multipart/encrypted": "mail: encrypted, the letter was not opened; ask for it in plain text",
    "message/partial": "mail: one of several pieces of a split mail; ask for the whole",
    "message/external-body": "mail: an attachment lies elsewhere and did not come with the mail",
}


@dataclass(slots=True)
class Letter:
    """The letter of a mail while its parts are gathered."""

    texts: list[str] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    shown_ids: set[str] = field(default_factory=set)  # Content-IDs of the pictures that the HTML shows
    mismatches: list[LinkMismatch] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    codec: str = ""  # of the first text part: the hint for raw header octets
    is_html: bool = False

    @property
    def text(self) -> str:
        """The letter's parts, one under the other."""
        return "\n\n".join(text for text in self.texts if text.strip())


def gather_letter(root: Part) -> Letter:
    """Walk the tree and sort its leaves into letter and attachments."""
    letter = Letter()
    _visit(root, letter)
    if not letter.text:
        _read_what_is_there(root, letter)
    return letter


def _read_what_is_there(root: Part, letter: Letter) -> None:
    """Find the letter of a mail without one in its place.

    Some clients name the only text part; some write text types of their own; a multipart whose
    first delimiter was lost has its words in front of it, where the old remark for readers
    without MIME stands otherwise.
    """
    for part in letter.attachments:
        readable = _is_text(part) or (
            part.content_type.startswith("text/")
            and part.content_type not in _NEVER_LETTER
            and len(letter.attachments) == 1
        )
        if readable and part.disposition != "attachment" and not part.children:
            letter.attachments.remove(part)
            _read_text(part, letter)
            return
    if root.content_type == "message/partial" and root.start < root.end:
        inner = split_header(root.raw, root.start, root.end)
        words = decode_text(root.raw[inner.body_start : root.end][:MAX_TEXT_BYTES])
        letter.texts.append(_with_line_feeds(words.text))
    elif root.content_type.startswith("multipart/") and root.children:
        before = decode_text(root.raw[root.start : root.preamble_end][:MAX_TEXT_BYTES])
        if before.text.strip() and not _MIME_REMARK.search(before.text):
            letter.texts.append(_with_line_feeds(before.text))
            letter.warnings.append("text: taken from in front of the first part")


def _visit(part: Part, letter: Letter) -> None:
    kind = part.content_type
    if kind in _CLOSED:
        letter.warnings.append(_CLOSED[kind])
    if kind == "multipart/alternative" and part.children:
        _alternative(part, letter)
    elif kind == "multipart/related" and part.children:
        _related(part, letter)
    elif kind.startswith("multipart/"):
        if not part.children:
            _read_text(part, letter)
        for child in part.children:
            _visit(child, letter)
    elif _is_letter(part, letter) and not _is_doubtful_addition(part, letter):
        _read_text(part, letter)
    elif part.end > part.start or part.header.fields:
        letter.attachments.append(part)


def _related(part: Part, letter: Letter) -> None:
    """Read the root of multipart/related (RFC 2387: the `start` parameter, else the first) as the letter."""
    wanted = part.parameters.get("start", "").strip("<> ")
    roots = [
        child for child in part.children if wanted and wanted.encode() in child.header.first("content-id")
    ]
    root = roots[0] if roots else part.children[0]
    _visit(root, letter)
    for child in part.children:
        if child is not root:
            if child.content_type.startswith("multipart/"):
                _visit(child, letter)
            else:
                letter.attachments.append(child)


def _alternative(part: Part, letter: Letter) -> None:
    """Read the best of the alternatives; what is no text (a calendar, an image) is kept as attachment."""
    rich = [child for child in part.children if _leads_to(child, "text/html")]
    plain = [child for child in part.children if child not in rich and _leads_to(child, "text/plain")]
    plain = plain or [
        child for child in part.children if child.content_type in _PLAIN_TEXT and not _is_named(child)
    ]
    for child in part.children:
        if child not in plain and child not in rich and child.content_type not in _PLAIN_TEXT:
            _visit(child, letter)
    octets = b"".join(_html_octets(child) for child in rich) if plain else b""
    takes_plain = bool(plain) and (not rich or _plain_is_enough(plain, octets))
    for child in plain if takes_plain else rich[-1:]:
        _visit(child, letter)
    for child in rich if takes_plain else plain:
        _keep_attachments(child, letter)
    if takes_plain:
        _look_for_mismatches(octets, letter)


def _plain_is_enough(plain: list[Part], octets: bytes) -> bool:
    """Tell whether the plain alternative says what the HTML one (its octets) says."""
    size = sum(len(part.raw[part.start : part.end].strip()) for part in plain)
    if len(_TABLE_ROW.findall(octets)) > 3 and b"</t" in octets.lower():
        return False
    if any(_RUN_TOGETHER.search(part.octets()[0][:MAX_TEXT_BYTES]) for part in plain):
        return False
    if 60 < size < MAX_STUB_BYTES and len(_TAG.sub(b"", octets)) > 60:
        stub = "\n".join(
            decode_text(part.text_octets()[0], part.parameters.get("charset", "")).text for part in plain
        )
        if says_only_open_html(stub):
            return False
    return size > 60 or size * 20 > len(_TAG.sub(b"", octets))


def _look_for_mismatches(octets: bytes, letter: Letter) -> None:
    """Look at the links of the alternative that the client shows, though its text is not taken."""
    if b"href" not in octets and b"HREF" not in octets:
        return
    found = link_mismatches(scan_links(octets[:MAX_TEXT_BYTES].decode("utf-8", "replace")))
    letter.mismatches.extend(found)
    letter.warnings.extend(mismatch.warning for mismatch in found)


def _html_octets(part: Part) -> bytes:
    if part.children:
        return b"".join(_html_octets(child) for child in part.children if _leads_to(child, "text/html"))
    return part.octets()[0][:MAX_TEXT_BYTES]


def _leads_to(part: Part, content_type: str) -> bool:
    """Tell whether a part is, or holds, text of that type that is meant to be read."""
    if part.content_type == content_type:
        return not _is_named(part)
    return part.content_type.startswith("multipart/") and any(
        _leads_to(child, content_type) for child in part.children
    )


def _keep_attachments(part: Part, letter: Letter) -> None:
    """Keep what hangs on the alternative that was not taken: inline images mostly."""
    if part.content_type.startswith("multipart/"):
        for child in part.children:
            _keep_attachments(child, letter)
    elif not _is_text(part) or _is_named(part):
        letter.attachments.append(part)


def _is_text(part: Part) -> bool:
    return part.content_type in _PLAIN_TEXT or part.content_type == "text/html"


def _is_named(part: Part) -> bool:
    return part.disposition == "attachment" or b"filename" in part.header.first("content-disposition").lower()


def _is_letter(part: Part, letter: Letter) -> bool:
    if part.children or part.content_type in _NEVER_LETTER or not _is_text(part):
        return False
    return not _is_named(part) and "name" not in part.parameters and len(letter.texts) < MAX_LETTER_PARTS


def _is_doubtful_addition(part: Part, letter: Letter) -> bool:
    """Tell a text that cannot be trusted to go on the letter before it: it is kept as attachment.

    Cut off without its end, not decodable, or of a type that is neither plain nor HTML; where
    no letter stands before it, it is the letter all the same.
    """
    if not letter.text:
        return False
    if not part.whole:
        letter.warnings.append("text: a further part breaks off, it is kept as attachment")
        return True
    return part.content_type in {"text/enriched", "text/richtext"} or part.octets()[1] == NOT_BASE64


def _read_text(part: Part, letter: Letter) -> None:
    octets, warning = part.text_octets()
    if part.encoding in IDENTITY:
        octets, warning = decode_undeclared(octets)
    if part.content_type in _PLAIN_TEXT:
        octets, files = take_inline_files(octets)
        letter.attachments.extend(files)
    if len(octets) > MAX_TEXT_BYTES:
        letter.warnings.append(f"text: cut after {MAX_TEXT_BYTES} octets")
        octets = octets[:MAX_TEXT_BYTES]
    is_html = part.content_type == "text/html" or (
        part.content_type not in _PLAIN_TEXT and len(_TAG.findall(octets[:2000])) > 2
    )
    declared = part.parameters.get("charset", "")
    if is_html and not declared and (meta := _META_CHARSET.search(octets[:4096])):
        declared = meta[1].decode("ascii")
    if part.content_type in _RTF and octets.lstrip()[:5] == b"{\\rtf":
        kind, words = rtf_body(octets)
        letter.texts.append(_from_html(words, letter) if kind == "html" else _with_line_feeds(words))
        return
    decoded = decode_text(octets, declared)
    text, twice = undo_double_encoding(decoded.text)
    decoded = replace(decoded, text=text) if twice else decoded
    letter.warnings.extend(filter(None, (warning, decoded.warning, twice and f"text: {twice}")))
    letter.codec = letter.codec or decoded.codec
    letter.texts.append(
        _plain_text(part, decoded, letter) if not is_html else _from_html(decoded.text, letter)
    )


def _from_html(markup: str, letter: Letter) -> str:
    page = html_to_text(markup)
    letter.shown_ids.update(map(unquote, _SHOWN_ID.findall(markup)[:MAX_SHOWN_IDS]))
    letter.links.extend(page.links)
    letter.mismatches.extend(page.mismatches)
    letter.warnings.extend(page.warnings)
    letter.is_html = True
    return page.text


def _plain_text(part: Part, decoded: DecodedText, letter: Letter) -> str:
    text = _with_line_feeds(decoded.text)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    if part.parameters.get("format", "").lower() == "flowed":
        return unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    if part.content_type in {"text/enriched", "text/richtext"}:
        return _ENRICHED.sub("", _ENRICHED_PARAMETER.sub("", text)).replace("<<", "<")
    if not letter.texts and text.lstrip()[:200].lower().startswith(("<html", "<!doctype html")):
        return _from_html(text, letter)  # HTML that calls itself plain
    if is_html_fragment(text):
        letter.warnings.append("text: HTML that calls itself plain")
        return _from_html(text, letter)
    return text


def _with_line_feeds(text: str) -> str:
    """One kind of line end (a gateway that doubles the carriage return means one line), and no NUL."""
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
