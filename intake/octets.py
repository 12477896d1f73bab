"""The raw octets of a mail before they are cut into parts: line ends and what stands in front.

Octets as they arrived go in, octets whose lines end in LF or CRLF and which begin with the
header come out. Nothing else is changed: signatures and hashes are computed elsewhere on what
arrived.
"""

from __future__ import annotations

import re
from typing import Final

_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_FIRST_LINE_END: Final = re.compile(rb"[\r\n]")
_SAMPLE_BYTES: Final = 4096
# A mail begins with one of these; after blank lines or a byte-order mark they are still its header.
_HEADER_BEGINS: Final = re.compile(
    rb"(?:\xef\xbb\xbf|[ \t]*\r?\n){1,20}(?=(?:From|Return-Path|Received|Delivered-To|X-[A-Za-z-]{1,60}"
    rb"|DKIM-Signature|ARC-[A-Za-z-]{1,40}|To|Subject|Date|Message-ID|MIME-Version|Reply-To|Sender"
    rb"|Authentication-Results|Content-Type)[ \t]*:)",
    re.IGNORECASE,
)


def tidy_octets(raw: bytes) -> bytes:
    """Give lines to a mail that has only carriage returns, drop what stands before its header.

    RFC 5321 forbids bare carriage returns, old gateways and home-made mailers write them: in
    the whole mail, or in the header alone.
    """
    if raw[:1] in {b"\r", b"\n", b" ", b"\t", b"\xef"} and (lead := _HEADER_BEGINS.match(raw)):
        raw = raw[lead.end() :]
    first = _FIRST_LINE_END.search(raw)
    if first is None or first[0] == b"\n" or raw[first.end() : first.end() + 2] == b"\r\n":
        return raw
    if raw[first.end() : first.end() + 1] == b"\n":
        return raw
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    bare = len(_BARE_CR.findall(raw, 0, _SAMPLE_BYTES))
    return _BARE_CR.sub(b"\n", raw) if bare > 2 else raw
