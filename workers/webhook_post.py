"""One POST to an address that somebody typed in: bounded in time and size, never into our own network.

Server-side request forgery (OWASP): the name is resolved here, every address that it has must be a
public one, and the connection goes to just that address, so that a second answer of the name service
cannot lead elsewhere. Redirects are not followed. Hosts that the setting allows may be private and
plain http. Times are wall-clock seconds: of the name service, of connecting, of the whole exchange.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST_S: Final = 10.0
NAME_S: Final = 5.0  # for the name service
MOST_NAMES_ASKED: Final = 8  # at once; the name service of the system can be waited for, never stopped
CONNECT_S: Final = 5.0
MAX_URL_CHARS: Final = 2000
MAX_ANSWER_BYTES: Final = 2048  # of the body; it is read for nothing but a clean end
_ASKED: Final = threading.BoundedSemaphore(MOST_NAMES_ASKED)
_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressRefusedError(ValueError):
    """An address that nothing is sent to; the message says why and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What became of a POST: a status, or the fault that kept it from one."""

    status: int | None = None
    error: str = ""

    @property
    def is_taken(self) -> bool:
        """True when the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def check_url(url: str, allowed: frozenset[str]) -> SplitResult:
    """Return the parts of an address that may be used; raises AddressRefusedError."""
    refused = ""
    parts = None
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        refused = "an address is at most 2,000 printable ASCII characters"
    else:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            refused = "this is no address"
    if refused or parts is None:
        raise AddressRefusedError(refused)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host:
        refused = "an address looks like https://host/path"
    elif parts.username is not None or parts.password is not None or parts.fragment:
        refused = "an address holds no login and no fragment: what proves us is the signature"
    elif parts.scheme == "http" and not is_allowed(host, port, allowed):
        refused = f"plain http only to hosts of RAZBOR_WEBHOOK_HOSTS; {host} is none of them"
    if refused:
        raise AddressRefusedError(refused)
    return parts


def is_allowed(host: str, port: int | None, allowed: frozenset[str]) -> bool:
    """Tell whether the setting names a host, or a host with this port."""
    return host.lower() in allowed or f"{host.lower()}:{port}" in allowed


def post(url: str, body: bytes, headers: dict[str, str], allowed: frozenset[str]) -> Posted:
    """POST once; whatever goes wrong is told and never raised."""
    try:
        parts = check_url(url, allowed)
        address = _address(parts, allowed)
        return _exchange(parts, address, body, headers)
    except AddressRefusedError as error:
        return Posted(error=str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Posted(error=f"{type(error).__name__}: {error}"[:300])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the public internet, looking into those that hold another one."""
    if isinstance(address, IPv6Address):
        held = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if held is None and address in _NAT64:
            held = IPv4Address(int(address) & 0xFFFF_FFFF)
        if held is not None:
            return is_public(held)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _address(parts: SplitResult, allowed: frozenset[str]) -> str:
    """Resolve the host; raises AddressRefusedError when one of its addresses is not public."""
    host = parts.hostname or ""
    addresses = _resolved(host, _port(parts))
    if not is_allowed(host, parts.port, allowed):
        private = [text for text in addresses if not is_public(ip_address(text.partition("%")[0]))]
        if private:
            msg = f"{host} has an address that is not public: RAZBOR_WEBHOOK_HOSTS may allow it"
            raise AddressRefusedError(msg)
    if not addresses:
        msg = f"{host} has no address"
        raise AddressRefusedError(msg)
    return addresses[0]


def _resolved(host: str, port: int) -> list[str]:
    """Ask the system's name service; raises OSError when it fails, TimeoutError when it takes too long.

    `getaddrinfo` knows no limit of time, so it is asked beside. One that hangs is left to itself and
    holds one of a few places: a dead name service costs a handful of threads, not one per event.
    """
    if not _ASKED.acquire(blocking=False):
        msg = "the name service does not answer: earlier questions to it still wait"
        raise TimeoutError(msg)
    answer: list[list[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.append(list(dict.fromkeys(str(item[4][0]) for item in found)))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that is no name
            answer.append(error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            _ASKED.release()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(NAME_S)
    if not answer:
        msg = f"the name service did not answer for {host} within {NAME_S:g} s"
        raise TimeoutError(msg)
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]


def _exchange(parts: SplitResult, address: str, body: bytes, headers: dict[str, str]) -> Posted:
    host, port = parts.hostname or "", _port(parts)
    plain = socket.create_connection((address, port), timeout=CONNECT_S)
    # The time of one read is bounded by the socket, that of all by the watch, which ends the connection
    # from beside: its own descriptor stays good whatever becomes of the other.
    beside = plain.dup()
    watch = threading.Timer(LONGEST_S, _shut, [beside])
    watch.daemon = True
    watch.start()
    try:
        sock = _tls().wrap_socket(plain, server_hostname=host) if parts.scheme == "https" else plain
        with sock:
            return _ask(sock, parts, body, headers)
    finally:
        watch.cancel()
        beside.close()
        plain.close()


def _ask(sock: socket.socket, parts: SplitResult, body: bytes, headers: dict[str, str]) -> Posted:
    connection = http.client.HTTPConnection(parts.hostname or "", _port(parts), timeout=CONNECT_S)
    connection.sock = sock
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body=body, headers=headers)
    response = connection.getresponse()
    response.read(MAX_ANSWER_BYTES)
    posted = Posted(status=response.status)
    if posted.is_taken:
        return posted
    is_redirect = 300 <= response.status < 400
    error = "redirects are not followed" if is_redirect else f"HTTP {response.status}"
    return Posted(status=response.status, error=error)


def _shut(beside: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it ended by itself meanwhile
        beside.shutdown(socket.SHUT_RDWR)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
