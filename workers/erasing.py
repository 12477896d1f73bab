"""Erasing a person by e-mail address (152-FZ art. 21; GDPR art. 17): `razbor person erase`.

In goes an address, out go its mails' words, bytes, names and facts, our replies to it, and every
other place where it stands; counts, dates and dispositions stay. In place of the address stands a
pseudonym that is the same each time, so that one person stays one person in the figures. Short
transactions; what was cut off goes on when the command is given again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from models.store.address_sweep import sweep_portion, swept_tables
from models.store.legal_holds import held_numbers
from models.store.person_erasure import erase_address, erase_from_tickets, erase_mails, erase_replies
from models.store.person_search import Holdings, held_numbers_of_mails, is_ours, search
from models.store.raw_mail import adopt_new_mail, fetch_beginnings
from models.store.remnants import write_anew
from models.store.ticket_life import audit
from workers.service import Service

PORTION: Final = 50  # rows of one transaction
HEADER_BYTES: Final = 64 * 1024
PSEUDONYM_DOMAIN: Final = "erased.invalid"  # RFC 2606: no mail ever goes there

Progress = Callable[[int], None]

log = structlog.get_logger(__name__)


class EraseRefusedError(RuntimeError):
    """The person cannot be erased now; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased."""

    pseudonym: str
    mails: int
    replies: int
    tickets: int  # opened by the person, or with a mail of the person
    bindings: int
    swept: int  # rows elsewhere that named the address
    log_emptied: bool  # False: old bytes stand in the log of razbor.db until the next purge


def pseudonym_of(address: str, key: bytes) -> str:
    """Return what stands in place of an address: the same each time, and nothing without the key."""
    digest = hmac.new(key, b"person\0" + address.lower().encode(), hashlib.sha256).hexdigest()
    return f"person-{digest[:16]}@{PSEUDONYM_DOMAIN}"


def find_person(service: Service, address: str) -> Holdings:
    """Find everything about an address, held mails by their headers too."""
    while adopt_new_mail(service.store):
        pass
    with service.store.read() as db:
        held = held_numbers_of_mails(db)
    wanted = address.lower().encode()
    theirs = [
        raw_id
        for some in _portions(held)
        for raw_id, octets in fetch_beginnings(service.store, some, HEADER_BYTES).items()
        if wanted in _header(octets).lower()
    ]
    return search(service.store, address, also=tuple(theirs))


def refusal(service: Service, address: str, found: Holdings) -> str:
    """Say why a person cannot be erased now and what to do; "" when nothing stands against it."""
    with service.store.read() as db:
        ours = is_ours(db, address)
        holds = sorted(held_numbers(db, found.tickets))
    if ours:
        return f"{address} is {ours}: only people who wrote to us can be erased"
    if holds:
        numbers = ", ".join(f"RZ-{number}" for number in holds)
        return f"{numbers} is under a legal hold: `razbor retention lift` ends it"
    if found.in_flight or found.sending:
        return (
            f"{found.in_flight} mails are still being worked and {found.sending} replies are leaving: "
            "wait until `razbor status` shows none in flight, then try again"
        )
    return ""


def erase_person(service: Service, address: str, actor: str, progress: Progress = lambda _: None) -> Erased:
    """Erase a person; `progress` gets the mails, replies and tables of each step.

    Raises EraseRefusedError for an address of ours, a legal hold, or mail in flight.
    """
    found = find_person(service, address)
    against = refusal(service, address, found)
    if against:
        raise EraseRefusedError(against)
    store, name = service.store, pseudonym_of(address, service.options.signing_key)
    for some in _portions(found.tickets):
        with store.write(_keys(address, some)) as db:
            opened = [number for number in some if number in found.opened]
            joined = [number for number in some if number in found.joined]
            erase_from_tickets(db, opened, joined, found.mails)
    for some in _portions(found.mails):
        with store.write(_keys(address, found.tickets)) as db:
            erase_mails(store, db, some, name, service.now())
        progress(len(some))
    for some in _portions(found.replies):
        with store.write(_keys(address, found.tickets)) as db:
            erase_replies(db, some, name)
        progress(len(some))
    with store.write(_keys(address, found.tickets)) as db:
        erase_address(db, address, name)
    swept = _sweep(service, address, name, progress)
    with store.write() as db:
        counts = {"mails": len(found.mails), "replies": len(found.replies), "tickets": len(found.tickets)}
        audit(db, actor, "erase", f"person:{name}", service.now(), swept=swept, **counts)
    emptied = write_anew(store)
    log.info("person erased", swept=swept, **counts)
    return Erased(pseudonym=name, bindings=found.bindings, swept=swept, log_emptied=emptied, **counts)


def _sweep(service: Service, address: str, name: str, progress: Progress) -> int:
    swept = 0
    for table in swept_tables():
        skip = 0
        while True:
            with service.store.write() as db:
                changed, passed = sweep_portion(db, table, address, name, skip=skip)
            if not changed and not passed:
                break
            swept, skip = swept + changed, skip + passed
        progress(1)
    return swept


def steps_of(found: Holdings) -> int:
    """Return how much `progress` is told in all."""
    return len(found.mails) + len(found.replies) + len(swept_tables())


def _keys(address: str, tickets: Sequence[int]) -> set[str]:
    return {f"address:{address.lower()}", *(f"ticket:RZ-{number}" for number in tickets)}


def _portions(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), PORTION):
        yield numbers[start : start + PORTION]


def _header(octets: bytes) -> bytes:
    return octets.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
