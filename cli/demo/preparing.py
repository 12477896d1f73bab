"""Making a demo mail ready to send: ticket numbers instead of placeholders, a fresh identity per run.

Works on the raw bytes, so that charsets and encodings reach the server exactly as a seller's
client would have written them. From the second run on a data directory the sender's address
gets a plus-tag and every Message-ID a suffix: otherwise the mails would be what they look
like, redeliveries of the first run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_PLACEHOLDER: Final = re.compile(rb"RZ-TICKET:([a-z0-9-]{1,60})\.eml")
_IDENTITY_FIELD: Final = re.compile(
    rb"^(?:From|Sender|Reply-To|Return-Path):[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
_MESSAGE_ID_FIELD: Final = re.compile(
    rb"^(?:Message-ID|In-Reply-To|References):[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
# A bounce stays what it is: MAILER-DAEMON is known by that very name.
_ADDRESS: Final = re.compile(
    rb"(?<![A-Za-z0-9._-])(?!MAILER-DAEMON@)([A-Za-z0-9._-]{1,64})@([A-Za-z0-9.-]{1,255}\.example)"
)


def placeholders(raw: bytes) -> set[str]:
    """Names of the mails whose ticket numbers this mail mentions."""
    return {match[1].decode("ascii") for match in _PLACEHOLDER.finditer(raw)}


def prepare(raw: bytes, tickets: Mapping[str, int], run: int) -> bytes:
    """Return the bytes to send in a run (1 is the first), with CRLF at every line end.

    `tickets` gives the ticket number of a mail by its name. Raises KeyError when a number is
    needed that is not known.
    """
    raw = re.sub(rb"\r?\n", b"\r\n", raw)
    raw = _PLACEHOLDER.sub(lambda match: b"RZ-%d" % tickets[match[1].decode("ascii")], raw)
    header, gap, body = raw.partition(b"\r\n\r\n")
    if run > 1:
        header = _IDENTITY_FIELD.sub(lambda field: _tag_addresses(field[0], run), header)
        header = _MESSAGE_ID_FIELD.sub(lambda field: field[0].replace(b"@", b".run%d@" % run), header)
    prepared = header + gap + body
    return prepared if prepared.endswith(b"\r\n") else prepared + b"\r\n"


def tagged_sender(sender: str, run: int) -> str:
    """Return the envelope sender in a run; the null reverse-path stays what it is."""
    return _tag_addresses(sender.encode("ascii"), run).decode("ascii") if run > 1 else sender


def _tag_addresses(text: bytes, run: int) -> bytes:
    return _ADDRESS.sub(rb"\1+run%d@\2" % run, text)
