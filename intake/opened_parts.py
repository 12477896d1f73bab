"""One part of a mail as it was sent: the octets of a file, the HTML of the letter.

In go the octets of a mail and the checksum of a file as it is stored; out come the file's octets.
The same walk as at reading finds it (`intake.attachments`), so what was described can be opened. The HTML
comes out as text, hostile as it came: whoever shows it sanitises it. Nothing is fetched.
"""

from __future__ import annotations

from typing import Final

from intake.attachments import gather_attachments
from intake.bodies import MAX_TEXT_BYTES, gather_letter
from intake.charset import decode_text
from intake.mime_tree import Part, cut
from intake.octets import tidy_octets
from intake.reader_process import ReadingBudget
from intake.tnef import open_tnef

MAX_HTML_PARTS: Final = 5


def file_octets(raw: bytes, sha256: str) -> bytes | None:
    """Return the octets of the attachment with a checksum (SHA-256 in hex); None when it is not there."""
    letter = gather_letter(cut(tidy_octets(raw)).root)
    budget = ReadingBudget()
    open_tnef(letter, budget)
    gathered = gather_attachments(letter.attachments, letter.codec, budget=budget, wanted_sha256=sha256)
    return gathered.wanted


def letter_html(raw: bytes) -> str:
    """Return the HTML of the letter itself, "" for a mail that has none; nested mails are left alone."""
    found = [
        decode_text(part.text_octets()[0][:MAX_TEXT_BYTES], part.parameters.get("charset", "")).text
        for part in _html_parts(cut(tidy_octets(raw)).root)[:MAX_HTML_PARTS]
    ]
    return "\n".join(found)


def _html_parts(root: Part) -> list[Part]:
    """Return the HTML parts that are no attachments, in their order."""
    found, waiting = [], [root]
    while waiting:
        part = waiting.pop()
        if part.content_type == "text/html" and part.disposition != "attachment" and not part.children:
            found.append(part)
        elif part.content_type.startswith("multipart/"):
            waiting.extend(reversed(part.children))
    return found
