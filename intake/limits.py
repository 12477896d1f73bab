"""How much one client, and all clients together, may ask of the listener.

`Limits` holds the numbers; `Gate` counts connections and mails per client address;
`MemoryBudget` bounds what mails in transit may occupy together. All of it is used from the
event loop's thread alone, so nothing here locks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

IPV6_CLIENT_BITS: Final = 64  # what one customer usually holds: a new address costs an attacker nothing
MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Numbers that keep one client from starving the others; times in seconds, sizes in bytes."""

    max_message_bytes: int = 35 * 1024 * 1024
    max_line_bytes: int = (
        64 * 1024
    )  # of DATA, without CRLF; RFC 5321 4.5.3.1.6 says 998, real clients exceed it
    max_command_bytes: int = 1024  # with CRLF; RFC 5321 4.5.3.1.4 says 512, extensions add to it
    max_recipients: int = 100  # of one mail; RFC 5321 4.5.3.1.8 wants at least 100
    max_connections: int = 1000
    max_connections_per_address: int = 0  # 0: off
    max_mails_per_minute: int = 0  # from one address; 0: off
    max_commands_without_mail: int = 200  # commands, but accepted or surplus recipients, since the last mail
    max_buffered_bytes: int = (
        96 * 1024 * 1024
    )  # of all mails in transit that are larger than small_mail_bytes
    small_mail_bytes: int = 64 * 1024  # not worth counting: bounded by max_connections
    command_s: float = 300.0  # from one command to the next; RFC 5321 4.5.3.2.7
    data_s: float = 180.0  # from one piece of DATA to the next; RFC 5321 4.5.3.2.5
    session_s: float = 1800.0  # of a session without an accepted mail, whatever else it sends
    close_s: float = 5.0  # for the last reply to reach a client that does not read


def client_key(address: str) -> str:
    """Name the client behind an address for counting: an IPv4 address, or the /64 of an IPv6 one."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> (128 - IPV6_CLIENT_BITS):016x}/{IPV6_CLIENT_BITS}"


class Gate:
    """Counts open connections and, in fixed windows of a minute, mails per client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open = 0
        self._open_by_client: Counter[str] = Counter()
        self._window_started_s = float("-inf")
        self._mails_by_client: Counter[str] = Counter()

    @property
    def open_connections(self) -> int:
        """Connections that were let in and have not left."""
        return self._open

    def enter(self, client: str) -> bool:
        """Let one more connection of `client` in, unless it or all clients have too many."""
        per_address = self._limits.max_connections_per_address
        if self._open >= self._limits.max_connections:
            return False
        if per_address and self._open_by_client[client] >= per_address:
            return False
        self._open += 1
        self._open_by_client[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Give back what `enter` took."""
        self._open -= 1
        self._open_by_client[client] -= 1
        if not self._open_by_client[client]:
            del self._open_by_client[client]

    def start_mail(self, client: str, now_s: float) -> bool:
        """Count one mail of `client` at the monotonic time `now_s`; False when it is too fast."""
        limit = self._limits.max_mails_per_minute
        if not limit:
            return True
        if now_s - self._window_started_s >= MINUTE_S:
            self._window_started_s = now_s
            self._mails_by_client.clear()
        self._mails_by_client[client] += 1
        return self._mails_by_client[client] <= limit


class MemoryBudget:
    """Bytes that large mails in transit may hold together."""

    def __init__(self, limit_bytes: int) -> None:
        self._free_bytes = limit_bytes

    def take(self, size_bytes: int) -> bool:
        """Reserve `size_bytes`; False, and nothing reserved, when there is not as much left."""
        if size_bytes > self._free_bytes:
            return False
        self._free_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Return what `take` reserved."""
        self._free_bytes += size_bytes
