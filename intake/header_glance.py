"""From whom a mail is and what about, without reading it: for mails that could not be read.

The first octets of a mail go in, a subject without secrets and a masked sender come out.
Only the header is looked at, within its own limits, so a mail that harms its reader cannot
harm whoever lists it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intake.extraction.regions import read_view
from intake.extraction.secrets import redact
from intake.header_block import split_header
from intake.language import detect_language
from intake.mime import read_fields

GLANCE_BYTES: Final = 32 * 1024
_SUBJECT_CHARS: Final = 200
_LOCAL_PART: Final = re.compile(r"(?<=^.)[^@]+(?=@)")


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list shows of a mail; empty where its header says nothing."""

    sender: str = ""  # a***@shop.example
    subject: str = ""


def glance(octets: bytes) -> Glance:
    """Look at the header in the first octets of a mail. Never raises for any octets."""
    fields = read_fields(split_header(octets[:GLANCE_BYTES]))
    views, _ = redact(
        [read_view("subject", fields.subject[:_SUBJECT_CHARS])], detect_language(fields.subject)
    )
    return Glance(_LOCAL_PART.sub("***", fields.from_.address), views[0].text)
