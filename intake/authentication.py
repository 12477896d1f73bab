"""Who vouches for the sender: the verdict of our own front server (RFC 8601).

The header goes in, the words for SPF, DKIM and DMARC come out. Only a field that carries
the configured authserv-id counts, and only above the second Received field: anything
further down was there before our server touched the mail and may be forged. Without a
configured server nothing is known, which is "none" (`intake.sender_checks` may then find out).
"""

from __future__ import annotations

from typing import Final

import authres

from intake.header_block import HeaderBlock
from models.records import Authentication

_METHODS: Final = ("spf", "dkim", "dmarc")
_RESULTS: Final = frozenset(
    {
        "none",
        "pass",
        "fail",
        "softfail",
        "neutral",
        "policy",
        "temperror",
        "permerror",
        "hardfail",
        "bestguesspass",
    }
)
_MAX_FIELDS: Final = 10


def read_authentication(header: HeaderBlock, authserv_id: str) -> tuple[Authentication, str]:
    """Read the trusted verdict; with it comes a warning when a trusted field cannot be read."""
    if not authserv_id:
        return Authentication(), ""
    found: dict[str, str] = {}
    source, warning = "", ""
    for value in _trusted_fields(header):
        text = value.decode("utf-8", "replace")
        if text.split(";")[0].split()[:1] != [authserv_id]:
            continue
        source = "front"
        try:
            parsed = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {text}")
        except (authres.AuthResError, ValueError, IndexError, AttributeError):
            warning = "authentication: the trusted Authentication-Results cannot be read"
            continue
        for result in parsed.results:
            method, word = str(result.method).lower(), str(result.result).lower()
            if method in _METHODS and word in _RESULTS and found.get(method) != "pass":
                found[method] = word
    return Authentication(
        spf=found.get("spf", "none"),
        dkim=found.get("dkim", "none"),
        dmarc=found.get("dmarc", "none"),
        source=source,
    ), warning


def _trusted_fields(header: HeaderBlock) -> list[bytes]:
    """Authentication-Results above the second Received field: those our own server wrote."""
    fields: list[bytes] = []
    received = 0
    for name, value in header.fields:
        received += name == "received"
        if received > 1 or len(fields) >= _MAX_FIELDS:
            break
        if name == "authentication-results":
            fields.append(value)
    return fields
