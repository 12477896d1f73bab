"""Signing what we send (RFC 6376), so that the sellers' servers believe that it is ours.

In go the bytes of a finished mail and the desk's key, out come the same bytes with a
DKIM-Signature in front. Signed are the headers that threading and display rest on; a signature
never has a length tag, and never leaves out From. RSA keys in PEM are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SIGNED_HEADERS: Final = (
    b"from",
    b"to",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"auto-submitted",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """Whose signature it is: the key stands in the DNS under `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    private_key: bytes  # PEM


def read_dkim_key(path: Path, *, selector: str, domain: str) -> DkimKey:
    """Read a PEM key and try it once; raises ValueError that names the remedy."""
    try:
        key = DkimKey(domain=domain, selector=selector, private_key=path.read_bytes())
    except OSError as error:
        msg = f"RAZBOR_DKIM_KEY {path} cannot be read: {error.strerror}"
        raise ValueError(msg) from error
    if not selector or not domain:
        msg = "DKIM signing needs RAZBOR_DKIM_SELECTOR and a mail domain beside RAZBOR_DKIM_KEY"
        raise ValueError(msg)
    import dkim  # only where mail is signed: it costs every process 60 ms

    try:
        signed(b"From: a@b.example\r\nSubject: x\r\n\r\nx\r\n", key)
    except (dkim.DKIMException, ValueError, TypeError) as error:
        msg = f"RAZBOR_DKIM_KEY {path} is no RSA private key in PEM: make one with `openssl genrsa 2048`"
        raise ValueError(msg) from error
    return key


def signed(content: bytes, key: DkimKey | None) -> bytes:
    """Return a mail with its signature in front; unchanged without a key."""
    if key is None:
        return content
    import dkim

    signature: bytes = dkim.sign(
        content,
        key.selector.encode("ascii"),
        key.domain.encode("idna"),
        key.private_key,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(SIGNED_HEADERS),
    )
    return signature + content
