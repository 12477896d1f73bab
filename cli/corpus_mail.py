"""A corpus row as the raw mail that its writer would have sent.

In goes one JSON object of `classifier/corpus/*.jsonl`, out come the bytes of a mail (RFC 5322,
UTF-8) dated as the corpus means it. What the corpus says of an attachment is its name and
kind, so a table gets a header row alone and everything else a few bytes of its type.
"""

from __future__ import annotations

from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final

DATE: Final = "Mon, 16 Nov 2026 12:00:00 +0300"
_STUBS: Final = {
    "png": ("image", "png", b"\x89PNG\r\n\x1a\n" + bytes(16)),
    "jpg": ("image", "jpeg", b"\xff\xd8\xff\xe0" + bytes(16)),
    "jpeg": ("image", "jpeg", b"\xff\xd8\xff\xe0" + bytes(16)),
    "heic": ("image", "heic", bytes(4) + b"ftypheic" + bytes(8)),
    "pdf": ("application", "pdf", b"%PDF-1.4\n%%EOF\n"),
    "zip": ("application", "zip", b"PK\x05\x06" + bytes(18)),
    "mp4": ("video", "mp4", bytes(4) + b"ftypisom" + bytes(8)),
    "mov": ("video", "quicktime", bytes(4) + b"ftypqt  " + bytes(8)),
    "csv": ("text", "csv", b"\n"),
    "txt": ("text", "plain", b"\n"),
    "log": ("text", "plain", b"\n"),
}


def render(row: dict[str, Any]) -> bytes:
    """Return the raw mail of a corpus row, lines ended by CRLF.

    Names and subject are encoded words (RFC 2047); an address beyond ASCII stands as UTF-8 (RFC 6532).
    """
    message = EmailMessage(policy=policy.SMTP)
    message.set_content(row["body"] or "\n", cte="base64")
    for attachment in row["attachments"]:
        ending = attachment["name"].rpartition(".")[2].lower()
        main_type, subtype, content = _STUBS.get(ending, ("application", "octet-stream", b"\0"))
        message.add_attachment(content, maintype=main_type, subtype=subtype, filename=attachment["name"])
    name, address = parseaddr(row["from"])
    sender = address or "unknown@seller.example"
    headers = (
        f"From: {_words(name)} <{sender}>" if name else f"From: {sender}",
        f"To: {row['to']}",
        f"Subject: {_words(' '.join(row['subject'].split()))}",
        f"Date: {DATE}",
        f"Message-ID: <{row['id']}@corpus.example>",
    )
    return "".join(f"{line}\r\n" for line in headers).encode() + message.as_bytes()


def _words(text: str) -> str:
    """Encode header words that are not plain ASCII."""
    return Header(text, "utf-8", maxlinelen=75).encode(linesep="\r\n") if text else ""
