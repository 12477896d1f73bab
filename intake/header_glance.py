"""From whom a mail is and what about, without reading it: for mails that could not be read.

The first octets of a mail go in; a subject without secrets and a masked sender come out, or the telling
fields of the header, each masked and without secrets.
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
from intake.headers import decode_header, tidy_header_text
from intake.language import detect_language
from intake.mime import read_fields

GLANCE_BYTES: Final = 32 * 1024
_SUBJECT_CHARS: Final = 200
_LOCAL_PART: Final = re.compile(r"(?<=^.)[^@]+(?=@)")
_ADDRESS: Final = re.compile(r"([\w.+=-])[\w.+=-]{0,80}@([\w-]{1,63}(?:\.[\w-]{1,63}){0,8})")
_FIELD_CHARS: Final = 300
_MOST_FIELDS: Final = 40
_TELLING: Final = frozenset(
    {"return-path", "received", "authentication-results", "from", "sender", "reply-to", "to", "cc", "date"}
    | {"subject", "message-id", "in-reply-to", "auto-submitted", "precedence", "list-id", "x-mailer"}
    | {"mime-version", "content-type", "content-transfer-encoding"}
)


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


def telling_fields(octets: bytes) -> tuple[tuple[str, str], ...]:
    """Return the fields that tell where a mail comes from and how it is built, in their order.

    Names are in lower case; of an address the first letter and the domain stay, secrets are taken out,
    long values are cut. At most 40 fields. Never raises for any octets.
    """
    header = split_header(octets[:GLANCE_BYTES])
    known = [(name, value) for name, value in header.fields if name in _TELLING][:_MOST_FIELDS]
    return tuple((name, _masked(value)) for name, value in known)


def _masked(value: bytes) -> str:
    text = tidy_header_text(decode_header(value[: 4 * _FIELD_CHARS])[0])
    shown = _ADDRESS.sub(r"\1***@\2", text)[:_FIELD_CHARS]
    return redact([read_view("subject", shown)], "unknown")[0][0].text
