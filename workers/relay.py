"""The session with the relay that our replies leave through (RFC 5321, STARTTLS RFC 3207, AUTH RFC 4954).

In goes RAZBOR_RELAY_URL, out comes an open session: encrypted where the relay offers that, logged
in where we have a name. A password is never said in the clear to another machine, and which machine
is ours is decided by what was configured as well as by whom we really reached.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

TIMEOUT_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where replies go: `smtp://[user:password@]host[:port]` or `smtps://...`."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    implicit_tls: bool = False


def parse_relay(url: str) -> Relay:
    """Read RAZBOR_RELAY_URL; raises ValueError that says how it must look."""
    msg = "RAZBOR_RELAY_URL must look like smtp://host:25 or smtps://user:password@host:465"
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(msg) from error
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(msg)
    return Relay(
        host=parts.hostname,
        port=port or (465 if parts.scheme == "smtps" else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
    )


def connect(relay: Relay) -> smtplib.SMTP:
    """Open a session with the relay; raises OSError or SMTPException, and leaves nothing open then."""
    client: smtplib.SMTP
    if relay.implicit_tls:
        client = smtplib.SMTP_SSL(relay.host, relay.port, timeout=TIMEOUT_S, context=_tls())
    else:
        client = smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT_S)
    try:
        client.ehlo_or_helo_if_needed()
        if not relay.implicit_tls and client.has_extn("starttls"):
            client.starttls(context=_tls())
            client.ehlo()
        if relay.user:
            _log_in(client, relay)
    except (OSError, smtplib.SMTPException):
        client.close()
        raise
    return client


def may_say_password(host: str, peer: str, *, is_encrypted: bool) -> bool:
    """Tell whether a password may go to `peer`, the address that was reached under the name `host`.

    In the clear only to this machine (RFC 4954 section 4 and 14), and only where that was meant: a
    name that the name service happens to lead to a loopback address is another machine's.
    """
    is_meant = host == "localhost" or host.endswith(".localhost") or _is_loopback(host)  # RFC 6761 6.3
    return is_encrypted or (is_meant and _is_loopback(peer))


def _is_loopback(words: str) -> bool:
    try:
        address = ip_address(words.partition("%")[0])
    except ValueError:  # a name, or a short form such as 127.1
        return False
    inner = getattr(address, "ipv4_mapped", None)  # ::ffff:127.0.0.1, how a dual socket names IPv4
    return (inner or address).is_loopback


def _log_in(client: smtplib.SMTP, relay: Relay) -> None:
    """Say name and password where that may be; SMTPException with the remedy elsewhere."""
    peer = str(client.sock.getpeername()[0]) if client.sock is not None else ""
    if not may_say_password(relay.host, peer, is_encrypted=isinstance(client.sock, ssl.SSLSocket)):
        msg = "the relay offers no STARTTLS, so the password was not sent: use smtps:// or mend its TLS"
        raise smtplib.SMTPNotSupportedError(msg)
    try:
        client.login(relay.user, relay.password)
    except UnicodeError as error:  # the library writes names and passwords in ASCII
        msg = "the relay's name and password must be ASCII: change them in RAZBOR_RELAY_URL"
        raise smtplib.SMTPNotSupportedError(msg) from error


@cache
def _tls() -> ssl.SSLContext:
    """Make the context once: reading the system's certificates costs more than sending a mail."""
    return ssl.create_default_context()
