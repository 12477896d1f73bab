"""A real name server on the loopback, and keys and signatures made at test time."""

from __future__ import annotations

import base64
import contextlib
import math
import random
import time
from collections.abc import Iterator, Mapping
from functools import cache

import dkim
from dnslib import AAAA, MX, PTR, QTYPE, RCODE, RR, TXT, A, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

SELECTOR = "sel"
Records = Mapping[tuple[str, str], list[str]]
_SMALL_PRIMES = math.prod(n for n in range(3, 2_000, 2) if all(n % d for d in range(3, 45, 2) if d < n))
_DATA = {"A": A, "AAAA": AAAA, "PTR": PTR}


class Zone(BaseResolver):
    """Answers from a table; what is not in it does not exist. Counts the questions."""

    def __init__(self, records: Records) -> None:
        self.records = {(name.lower(), kind): values for (name, kind), values in records.items()}
        self.broken: set[str] = set()  # names (or endings) that get SERVFAIL
        self.silent: set[str] = set()  # names (or endings) that get no answer in time
        self.asked: list[tuple[str, str]] = []

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        self.asked.append((name, kind))
        reply = request.reply()
        if any(name.endswith(ending) for ending in self.silent):
            time.sleep(0.6)
        if any(name.endswith(ending) for ending in self.broken):
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        values = self.records.get((name, kind), [])
        if not values and not any(known == name for known, _ in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        for value in values:
            reply.add_answer(RR(request.q.qname, request.q.qtype, rdata=_data(kind, value), ttl=60))
        return reply


def _data(kind: str, value: str) -> object:
    if kind == "TXT":
        octets = value.encode("latin-1")
        return TXT([octets[at : at + 255] for at in range(0, len(octets), 255)] or [b""])
    if kind == "MX":
        rank, host = value.split()
        return MX(host, int(rank))
    return _DATA[kind](value)


@contextlib.contextmanager
def serving(records: Records) -> Iterator[tuple[Zone, tuple[str, int]]]:
    """Run a name server with these records; gives it, its address and port."""
    zone = Zone(records)
    quiet = DNSLogger(logf=lambda _: None)
    servers = [DNSServer(zone, address="127.0.0.1", port=0, logger=quiet)]
    port = servers[0].server.server_address[1]
    servers.append(DNSServer(zone, address="127.0.0.1", port=port, tcp=True, logger=quiet))
    for server in servers:
        server.server.handle_error = lambda *_: None  # an answer that came too late for its socket
        server.start_thread()
    try:
        yield zone, ("127.0.0.1", port)
    finally:
        for server in servers:
            server.stop()
            server.server.server_close()


@cache
def key_pair(bits: int = 1024) -> tuple[bytes, str]:
    """Make an RSA key, the same each time: the private key as PEM and the p= of its record."""
    source = random.Random(bits)
    exponent = 65537
    p, q = (_prime(source, bits // 2, exponent) for _ in range(2))
    d = pow(exponent, -1, (p - 1) * (q - 1))
    private = _sequence(0, p * q, exponent, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    pem = (
        b"-----BEGIN RSA PRIVATE KEY-----\n"
        + base64.encodebytes(private)
        + b"-----END RSA PRIVATE KEY-----\n"
    )
    return pem, base64.b64encode(_sequence(p * q, exponent)).decode()


def key_record(bits: int = 1024) -> str:
    """Return the TXT record of `key_pair(bits)`."""
    return f"v=DKIM1; k=rsa; p={key_pair(bits)[1]}"


def signed(
    mail: bytes, domain: str, *, bits: int = 1024, selector: str = SELECTOR, **options: object
) -> bytes:
    """Put a DKIM signature of `domain` on top of a mail."""
    options.setdefault("canonicalize", (b"relaxed", b"relaxed"))
    options.setdefault("include_headers", [b"from", b"to", b"subject", b"from"])
    header = dkim.sign(mail, selector.encode(), domain.encode(), key_pair(bits)[0], **options)
    return header + mail


def _prime(source: random.Random, bits: int, exponent: int) -> int:
    while True:
        candidate = source.getrandbits(bits) | 3 << (bits - 2) | 1
        if (
            math.gcd(candidate, _SMALL_PRIMES) == 1
            and candidate % exponent != 1
            and all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11))
        ):
            return candidate


def _sequence(*numbers: int) -> bytes:
    body = b"".join(_der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers)
    return _der(0x30, body)


def _der(tag: int, octets: bytes) -> bytes:
    size = len(octets)
    length = (
        bytes([size])
        if size < 128
        else bytes([0x80 | -(-size.bit_length() // 8)]) + size.to_bytes(-(-size.bit_length() // 8), "big")
    )
    return bytes([tag]) + length + octets
