"""Reading stored mail with today's code: what would change, and changing it (`razbor replay`).

Raw mails go in, per mail a list of changes comes out; with `apply` the new reading is stored
in the same go. Mails are read outside any lock, then compared and stored in one transaction
under the keys that a worker locks for them, so that a replay is safe while workers run. No
ticket moves, nothing is asked or answered: whoever is waiting hears of it with the ticket's
next mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from classifier.documents import document_of
from intake.read_mail import read_mail
from models.decisions import FactValue
from models.records import Mail, RawMail
from models.store import Db
from models.store.raw_mail import fetch_readable, first_that_fit
from models.store.raw_orders import RAW_GONE
from models.store.reading_columns import attachment_columns, reading_columns
from models.store.replay import (
    BOUNCE_ADDRESS,
    SENDER_WARNINGS,
    StoredReading,
    store_reading,
    stored_readings,
)
from workers.disposing import lock_keys
from workers.facts import facts_of
from workers.fault_words import fault_words
from workers.read_budget import Budget, OverBudgetError, within
from workers.replay_changes import Change, column_changes, fact_differences, part_changes
from workers.service import Service
from workers.warm_reader import warm_reader

PORTION: Final = 20  # mails of one transaction
PORTION_BYTES: Final = 64 * 1024 * 1024  # of raw mail in memory at once; a single larger one goes alone
NOT_APPLIED: Final = "topic (not applied)"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChanges:
    """What would change of one mail."""

    raw_id: int
    ticket: int | None
    changes: tuple[Change, ...] = ()
    cause: str = ""  # why it could not be read again


@dataclass(frozen=True, slots=True)
class _Again:
    raw: RawMail
    mail: Mail
    facts: tuple[FactValue, ...]


def replay(service: Service, raw_ids: Sequence[int], *, apply: bool) -> list[MailChanges]:
    """Read stored mails again; with `apply` store what changed. Few at a time, as their octets fit."""
    found: list[MailChanges] = []
    left = sorted(raw_ids)
    while left:
        fit = set(first_that_fit(service.store, left, PORTION_BYTES))
        found += _replay_those(service, sorted(fit), apply=apply)
        left = [raw_id for raw_id in left if raw_id not in fit]
    return found


def _replay_those(service: Service, raw_ids: Sequence[int], *, apply: bool) -> list[MailChanges]:
    raws, faults = fetch_readable(service.store, raw_ids)
    read = [_read_again(service, raw) for _, raw in sorted(raws.items())]
    again = [given for given in read if isinstance(given, _Again)]
    found = [given for given in read if isinstance(given, MailChanges)]
    found += [
        MailChanges(raw_id=raw_id, ticket=None, cause=faults.get(raw_id, RAW_GONE))
        for raw_id in set(raw_ids) - raws.keys()
    ]
    topics = _topics(service, again)
    if not apply:
        with service.store.read() as db:
            found += _compared(db, service, again, topics, apply=False)
    elif again:
        keys = {key for given in again for key in lock_keys(given.mail, given.facts)}
        with service.store.read() as db:
            stored = stored_readings(db, [given.raw.raw_id for given in again])
        keys |= {f"ticket:RZ-{reading.ticket}" for reading in stored.values() if reading.ticket}
        with service.store.write(keys) as db:
            found += _compared(db, service, again, topics, apply=True)
    return sorted(found, key=lambda given: given.raw_id)


def _read_again(service: Service, raw: RawMail) -> _Again | MailChanges:
    def work() -> tuple[Mail, tuple[FactValue, ...]]:
        mail = read_mail(raw.raw, raw.envelope, service.read_options(raw))
        return mail, facts_of(mail, raw.raw_id)

    warm_reader()
    try:
        mail, facts = within(Budget(), work)
    except OverBudgetError as error:
        return MailChanges(raw_id=raw.raw_id, ticket=None, cause=f"reading it takes {error}")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of one mail: the others are read all the same
        cause = f"could not be read: {fault_words(error)}"
        log.warning("mail cannot be read again", raw_id=raw.raw_id, cause=cause)
        return MailChanges(raw_id=raw.raw_id, ticket=None, cause=cause)
    withdrawn = {finding.value or finding.text for finding in mail.findings if finding.type == "old_value"}
    return _Again(raw, mail, tuple(fact for fact in facts if fact.value not in withdrawn))


def _topics(service: Service, again: Sequence[_Again]) -> dict[int, str]:
    """Return the topic that today's champion would give; empty without one."""
    service.predictor.refresh()
    documents = [document_of(given.mail, service.mailbox_of(given.raw.envelope)) for given in again]
    predictions = service.predictor.predict(documents)
    return {
        given.raw.raw_id: prediction.topic
        for given, prediction in zip(again, predictions, strict=True)
        if prediction.model and prediction.model != "none"
    }


def _compared(
    db: Db, service: Service, again: Sequence[_Again], topics: dict[int, str], *, apply: bool
) -> Iterator[MailChanges]:
    stored = stored_readings(db, [given.raw.raw_id for given in again])
    for given in again:
        before = stored.get(given.raw.raw_id)
        if before is None:
            continue
        columns, parts = (
            _kept_from_arrival(before, reading_columns(given.mail)),
            attachment_columns(given.mail),
        )
        changes = [*column_changes(before, columns), *part_changes(before, parts, given.mail)]
        changes += fact_differences(db, before, given.mail, given.facts)
        topic = topics.get(given.raw.raw_id, before.predicted)
        if before.predicted and topic != before.predicted:
            changes.append(Change(NOT_APPLIED, before.predicted, topic))
        if apply and any(change.field != NOT_APPLIED for change in changes):
            store_reading(db, before, columns, parts, given.facts, service.now())
        yield MailChanges(raw_id=before.raw_id, ticket=before.ticket, changes=tuple(changes))


def _kept_from_arrival(before: StoredReading, columns: dict[str, Any]) -> dict[str, Any]:
    """Keep what was found out when the mail arrived and cannot be found out again."""
    said = [words for words in before.columns["warnings"] if words.startswith(SENDER_WARNINGS)]
    kept: dict[str, Any] = {"warnings": list(dict.fromkeys([*columns["warnings"], *said]))}
    if before.columns["suppress_replies"] == BOUNCE_ADDRESS and not columns["suppress_replies"]:
        kept["suppress_replies"] = BOUNCE_ADDRESS
    return columns | kept


def only_changed(found: Sequence[MailChanges]) -> list[MailChanges]:
    """Leave out mails that read as they did."""
    return [replace(given) for given in found if given.changes or given.cause]
