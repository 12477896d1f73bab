"""Signing what we send (RFC 6376), so that the sellers' servers believe that it is ours.

In go the bytes of a finished mail and the desk's key, out come the same bytes with a
DKIM-Signature in front. Signed are the headers that threading and display rest on; a signature
never has a length tag, and never leaves out From. Its time (`t=`) is the mail's own, so that the
same mail sent again has the same octets (design 10). RSA keys in PEM are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

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
        signed(b"From: a@b.example\r\nSubject: x\r\n\r\nx\r\n", key, at_utc=datetime.now(UTC))
    except (dkim.DKIMException, ValueError, TypeError) as error:
        msg = f"RAZBOR_DKIM_KEY {path} is no RSA private key in PEM: make one with `openssl genrsa 2048`"
        raise ValueError(msg) from error
    return key


def signed(content: bytes, key: DkimKey | None, *, at_utc: datetime) -> bytes:
    """Return a mail with its signature of `at_utc` in front; unchanged without a key.

    The same mail, key and time give the same octets: RSASSA-PKCS1-v1_5 (RFC 8017 8.2) has no randomness.
    """
    if key is None:
        return content
    signature: bytes = _dated_signer()(content, at_utc).sign(
        key.selector.encode("ascii"),
        key.domain.encode("idna"),
        key.private_key,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(SIGNED_HEADERS),
    )
    return signature + content


@cache
def _dated_signer() -> Any:
    """Make dkimpy's signer take a time from outside: its own reads the clock and offers no other way."""
    import dkim

    class DatedSigner(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no types
        def __init__(self, content: bytes, at_utc: datetime) -> None:
            super().__init__(content)
            self.signed_at_s = str(int(at_utc.timestamp())).encode("ascii")

        def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: Any, **named: Any) -> Any:
            fields[:] = [(tag, self.signed_at_s if tag == b"t" else value) for tag, value in fields]
            return super().gen_header(fields, *rest, **named)

    return DatedSigner
