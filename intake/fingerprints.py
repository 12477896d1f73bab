"""The two hashes by which a mail is known again.

Octets or texts of a mail go in, hexadecimal SHA-256 comes out. The content hash ignores
trace fields (RFC 5321 section 4.4, RFC 5322 section 3.6.7) and what filters on the way
added, so that a redelivery has the same; the text hash ignores everything but the words and
the files, so that the same letter sent once more under a new Message-ID has the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from intake.header_block import HeaderBlock

_TRACE_FIELDS: Final = frozenset(
    {
        "received",
        "return-path",
        "delivered-to",
        "envelope-to",
        "delivery-date",
        "dkim-signature",
        "domainkey-signature",
    }
    | {"authentication-results", "received-spf", "status", "errors-to", "dkim-filter", "importance-filter"}
)
_TRACE_PREFIXES: Final = ("x-", "arc-", "resent-")
_SUBJECT_PREFIX: Final = re.compile(
    r"^\s{0,9}(?:(?:re|fwd?|fw|aw|sv|wg|tr|rv|отв|ответ|пересл|ha|回复|回覆|答复|转发|轉寄|答覆)(?:\[\d{1,3}\])?\s{0,3}[:：]\s{0,9})+",
    re.IGNORECASE,
)


def content_sha256(raw: bytes, header: HeaderBlock) -> str:
    """Hash of the header without trace fields, and the body; line ends and folding do not count."""
    digest = hashlib.sha256()
    for name, value in header.fields:
        if name not in _TRACE_FIELDS and not name.startswith(_TRACE_PREFIXES):
            digest.update(name.encode() + b":" + b" ".join(value.split()) + b"\n")
    digest.update(b"\n")
    digest.update(raw[header.body_start :].replace(b"\r\n", b"\n").rstrip(b"\n"))
    return digest.hexdigest()


def text_sha256(subject: str, text: str, attachment_hashes: Iterable[str]) -> str:
    """Hash of subject without prefixes, new text and attachments; white space and case do not count.

    Answers "" for a mail without words and files: nothing can be told about it.
    """
    words = " ".join(text.lower().split())
    files = sorted(attachment_hashes)
    if not words and not files:
        return ""
    base = " ".join(base_subject(subject).lower().split())
    return hashlib.sha256("\n".join([base, words, *files]).encode()).hexdigest()


def base_subject(subject: str) -> str:
    """Subject without the prefixes of answers and forwards in the languages of the desk."""
    return _SUBJECT_PREFIX.sub("", subject, count=1).strip()
