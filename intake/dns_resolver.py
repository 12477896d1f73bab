"""The name service itself, asked through dnspython; the only module that sends such questions.

A name, a record type and a time limit go in, records as text come out (`intake.dns_lookup`).
Answers are kept for their time to live within bounds, missing names for a minute. When a row
of questions fails and the server does not even answer for the root, it is taken for dead and
not asked for a while: a mail must not wait for it. A server that answers for the root is
alive, whatever the sender's own servers do, so slow servers of a forger switch nothing off.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdata import Rdata

from intake.dns_lookup import NoAnswerError

CACHE_ENTRIES: Final = 4_096
MAX_CACHED_CHARS: Final = 4_096  # of one answer; longer ones are asked for again
MAX_ANSWER_CHARS: Final = 65_536
TTL_S: Final = (30.0, 3_600.0)  # least and most, whatever the record says
MISSING_TTL_S: Final = 60.0
FAILURES_BEFORE_PROBE: Final = 10
DEAD_S: Final = 15.0
PROBE_S: Final = 1.0
_TRIES: Final = 2.5  # a lost datagram is sent again within the time of one question


class DnsResolver:
    """Asks one name server, or those of the system; safe to share between threads."""

    def __init__(
        self, address: str = "", port: int = 53, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask the server at an IP address, or with "" those of the system."""
        self.server = (address, port)
        self._resolver = _configured(address, port)
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, str], tuple[float, tuple[str, ...]]] = OrderedDict()
        self._failures = 0
        self._dead_until_s = 0.0

    def __call__(self, name: str, record_type: str, timeout_s: float) -> tuple[str, ...]:
        """Return the records of `name`, () when there are none; raise `NoAnswerError`."""
        kept = self._kept(name, record_type)
        if kept is not None:
            return kept
        if self._clock() < self._dead_until_s:
            raise NoAnswerError("the name server does not answer")
        try:
            answer = self._resolver.resolve(f"{name}.", record_type, lifetime=timeout_s, search=False)
            records, ttl_s = _texts(answer), float(answer.rrset.ttl if answer.rrset else MISSING_TTL_S)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            records, ttl_s = (), MISSING_TTL_S
        except (dns.exception.DNSException, OSError) as error:
            self._note_failure()
            raise NoAnswerError(f"{record_type} {name}: {type(error).__name__}") from error
        self._failures = 0
        self._keep(name, record_type, records, ttl_s)
        return records

    def _kept(self, name: str, record_type: str) -> tuple[str, ...] | None:
        with self._lock:
            until_s, records = self._cache.get((name, record_type), (0.0, ()))
            return records if until_s > self._clock() else None

    def _keep(self, name: str, record_type: str, records: tuple[str, ...], ttl_s: float) -> None:
        if sum(map(len, records)) > MAX_CACHED_CHARS:
            return
        least, most = TTL_S
        with self._lock:
            self._cache[(name, record_type)] = (self._clock() + min(max(ttl_s, least), most), records)
            self._cache.move_to_end((name, record_type))
            while len(self._cache) > CACHE_ENTRIES:
                self._cache.popitem(last=False)

    def _note_failure(self) -> None:
        """Count a failure; after a row of them ask for the root, which any living server knows."""
        with self._lock:
            self._failures += 1
            if self._failures < FAILURES_BEFORE_PROBE:
                return
            self._failures = 0
        try:
            self._resolver.resolve(".", "NS", lifetime=PROBE_S, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return
        except (dns.exception.DNSException, OSError):
            self._dead_until_s = self._clock() + DEAD_S


def _configured(address: str, port: int) -> dns.resolver.Resolver:
    if not address:
        try:
            resolver = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers = ["127.0.0.1"]  # as the C library does without a resolv.conf
    else:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [address], port
    resolver.timeout = 2.0 / _TRIES
    resolver.use_edns(0, 0, 1232)  # larger answers come in fragments that get lost
    return resolver


def _texts(answer: dns.resolver.Answer) -> tuple[str, ...]:
    """Turn records into text; what exceeds the bound of an answer is left out."""
    texts: list[str] = []
    size = 0
    for record in answer:
        text = _text(record)
        size += len(text)
        if size > MAX_ANSWER_CHARS:
            break
        texts.append(text)
    return tuple(texts)


def _text(record: Rdata) -> str:
    if record.rdtype == dns.rdatatype.TXT:
        strings: tuple[bytes, ...] = getattr(record, "strings", ())
        return b"".join(strings).decode("latin-1")
    return record.to_text().removesuffix(".")
