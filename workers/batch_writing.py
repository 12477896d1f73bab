"""Deciding and writing the mails of a batch inside its write transaction: which together, which one by one.

In go the mails as read and classified, out comes how each ended. What depends on other mails (links, facts,
tickets) is decided under locks on the keys of the mails, the oldest first; mails that share no key cannot
depend on each other, so they are decided and written together. A fault of one of them undoes all of them,
and each is tried alone: only its own fault holds a mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from models.decisions import FactValue
from models.records import Mail, Prediction, RawMail
from models.store import Db, savepoint
from models.store.engine import is_fault_of_database
from models.store.link_context import tickets_cited
from models.store.mails import hold_mail
from workers.disposing import Arrival, Touched, addressed, dispose, lock_keys, returned_reply
from workers.fault_words import fault_words
from workers.service import Service

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One mail of a batch as read, or the reason why it could not be."""

    raw: RawMail
    mailbox: str
    mail: Mail | None = None
    facts: tuple[FactValue, ...] = ()
    prediction: Prediction | None = None
    cause: str = ""


def batch_keys(service: Service, readings: Sequence[Reading]) -> set[str]:
    """Return what the batch locks: the keys of its mails, and the tickets that these point at."""
    keys = {key for reading in readings for key in _own_keys(service, reading)}
    if service.store.is_sqlite:
        return keys  # its one write lock covers everything
    returned = [number for r in readings if (number := returned_reply(service, r.raw)) is not None]
    with service.store.read() as db:
        mails = [r.mail for r in readings if r.mail is not None]
        cited = tickets_cited(db, mails, service.now(), returned)
    return keys | {f"ticket:RZ-{number}" for number in cited}


def _own_keys(service: Service, reading: Reading) -> set[str]:
    """Return the keys of one mail, and the ticket that its address names."""
    keys = lock_keys(reading.mail, reading.facts) if reading.mail is not None else set()
    number = addressed(service, reading.raw)
    return keys if number is None else keys | {f"ticket:RZ-{number}"}


def dispose_all(service: Service, db: Db, readings: Sequence[Reading]) -> dict[int, Touched]:
    """Decide and write the mails of a batch, the oldest first; those that share no key together."""
    ended: dict[int, Touched] = {}
    waiting: list[Arrival] = []
    keys: dict[int, set[str]] = {}
    for reading in readings:
        if reading.mail is None or reading.prediction is None:
            hold_mail(db, reading.raw.raw_id, reading.cause, service.now())
            ended[reading.raw.raw_id] = Touched()
            continue
        keys[reading.raw.raw_id] = _own_keys(service, reading)
        waiting.append(
            Arrival(
                raw=reading.raw,
                mail=reading.mail,
                prediction=reading.prediction,
                facts=reading.facts,
                mailbox=reading.mailbox,
            )
        )
    while waiting:
        together = _without_common_keys(waiting, keys)
        done = _dispose_together(service, db, together)
        ended |= done
        waiting = [arrival for arrival in waiting if arrival.raw.raw_id not in done]
    return ended


def _without_common_keys(arrivals: Sequence[Arrival], keys: Mapping[int, set[str]]) -> list[Arrival]:
    """Return the first mails up to one that shares a key with one of them: that one may depend on it."""
    taken: set[str] = set()
    for place, arrival in enumerate(arrivals):
        own = keys[arrival.raw.raw_id]
        if taken & own:
            return list(arrivals[:place])
        taken |= own
    return list(arrivals)


def _dispose_together(service: Service, db: Db, arrivals: Sequence[Arrival]) -> dict[int, Touched]:
    """Decide and write independent mails; when that fails each alone, so that a fault holds only its mail."""
    try:
        with savepoint(db):
            return dispose(db, service, arrivals)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of several mails: they are tried one by one
        if is_fault_of_database(error):
            raise
        log.warning("mails are stored one by one", mails=len(arrivals), cause=fault_words(error))
    return {arrival.raw.raw_id: _dispose_alone(service, db, arrival) for arrival in arrivals}


def _dispose_alone(service: Service, db: Db, arrival: Arrival) -> Touched:
    """Decide and write one mail inside a savepoint, so that its own fault undoes only itself."""
    raw_id = arrival.raw.raw_id
    try:
        with savepoint(db):
            return dispose(db, service, [arrival])[raw_id]
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of one mail: whatever it does, the others of its batch go on
        if is_fault_of_database(error):
            raise
        cause = f"could not be stored: {fault_words(error)}"
        log.error("mail held", raw_id=raw_id, cause=cause)  # noqa: TRY400 - a traceback ends with the message, and that may quote the mail
        hold_mail(db, raw_id, cause, service.now())
        return Touched()
