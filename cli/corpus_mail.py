"""A corpus row as the raw mail that its writer would have sent.

In goes one JSON object of `classifier/corpus/*.jsonl`, out come the bytes of a mail (RFC 5322,
UTF-8) dated as the corpus means it. What the corpus says of an attachment is its name and
kind, so a table gets a header row alone and everything else a few bytes of its type.
"""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
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
    """Return the raw mail of a corpus row, lines ended by CRLF."""
    message = EmailMessage(policy=policy.SMTP.clone(utf8=True))
    name, address = parseaddr(row["from"])
    message["From"] = formataddr((name.replace("\n", " "), address or "unknown@seller.example"), "utf-8")
    message["To"] = row["to"]
    message["Subject"] = " ".join(row["subject"].split())
    message["Date"] = DATE
    message["Message-ID"] = f"<{row['id']}@corpus.example>"
    message.set_content(row["body"] or "\n", cte="base64")
    for attachment in row["attachments"]:
        ending = attachment["name"].rpartition(".")[2].lower()
        main_type, subtype, content = _STUBS.get(ending, ("application", "octet-stream", b"\0"))
        message.add_attachment(content, maintype=main_type, subtype=subtype, filename=attachment["name"])
    return message.as_bytes()
