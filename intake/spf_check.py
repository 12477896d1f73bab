"""SPF (RFC 7208): client address, HELO and envelope sender in, one word out.

pyspf evaluates the record; its questions go through `MailLookUps`, so that number and time
are bounded here, and its caches and explanations are left out. pyspf itself keeps to 10 terms
that ask and 2 void answers. Records and terms of absurd length are refused before its
patterns, which take quadratic time, see them. A failing PTR question is a mismatch (RFC 7208
section 5.5), not an error: else a forger's own reverse zone could cause one.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

import spf

from intake.dns_lookup import MailLookUps, NoAnswerError, ascii_domain

MAX_RECORD_CHARS: Final = 4_096
MAX_TERM_CHARS: Final = 320
MAX_LOCAL_PART_CHARS: Final = 128
MAX_ADDRESSES: Final = 50  # of one host: 10 terms with 10 hosts each must not cost seconds
_WORDS: Final = frozenset({"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"})
_PRIVATE: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


@dataclass(frozen=True, slots=True)
class SpfResult:
    """The word of RFC 7208 section 2.6 and the domain that it is about."""

    word: str
    domain: str = ""


def is_public(peer: str) -> bool:
    """Tell whether a client address can stand in an SPF record: not a private one, not nonsense."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not any(address in network for network in _PRIVATE if network.version == address.version)


def check_spf(peer: str, helo: str, mail_from: str, look_up: MailLookUps) -> SpfResult:
    """Check the envelope sender, or HELO for the null sender (RFC 7208 section 2.4)."""
    if not is_public(peer):
        return SpfResult("none")
    local, _, named = mail_from.rpartition("@")
    domain = ascii_domain(named if mail_from else helo)
    if not domain:
        return SpfResult("none")
    sender = f"{local[:MAX_LOCAL_PART_CHARS] or 'postmaster'}@{domain}"
    try:
        query = _Query(peer.partition("%")[0], sender, ascii_domain(helo) or "unknown", look_up)
        word = str(query.check()[0])
    except (spf.PermError, spf.TempError) as error:
        word = "temperror" if isinstance(error, spf.TempError) else "permerror"
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ):
        word = "permerror"  # pyspf lets some malformed records through to its own code
    return SpfResult(word if word in _WORDS else "permerror", domain)


class _Query(spf.query):  # type: ignore[misc]  # pyspf carries no types
    """One evaluation by pyspf with our look-ups."""

    def __init__(self, peer: str, sender: str, helo: str, look_up: MailLookUps) -> None:
        super().__init__(i=peer, s=sender, h=helo)
        self._look_up = look_up

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002 - the signature is pyspf's
        """Answer one question in the forms that pyspf works with."""
        try:
            records = self._look_up(str(name), qtype)
        except NoAnswerError as error:
            raise spf.TempError(str(error)) from error
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} void look-ups")
        if qtype == "TXT":
            return [(_bounded(record).encode("latin-1"),) for record in records]
        if qtype == "MX":
            return [(int(rank), host) for rank, _, host in (record.partition(" ") for record in records)]
        return list(records[:MAX_ADDRESSES])

    def validated_ptrs(self) -> list[str]:
        """Return the names of the client; none when its reverse zone does not answer."""
        try:
            return list(super().validated_ptrs())
        except spf.TempError:
            return []

    def get_explanation(self, spec: str) -> None:
        """Ask for no explanation: it is the sender's text and shown nowhere."""


def _bounded(record: str) -> str:
    """Return a TXT record; raise `spf.PermError` for an SPF record that no owner would write."""
    if record[:6].lower() == "v=spf1" and (
        len(record) > MAX_RECORD_CHARS or max(map(len, record.split(" "))) > MAX_TERM_CHARS
    ):
        raise spf.PermError("the record is too long")
    return record
