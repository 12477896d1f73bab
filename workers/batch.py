"""Reading a batch of accepted mails: claim, read, predict, then decide and write in one transaction.

Bytes are read and classified per mail, before any lock. What depends on other mails is decided
inside the write transaction, under locks on the keys of the mails (`workers.batch_writing`). Only a
mail's own fault holds that mail, with its cause; a fault of database, memory or machine gives the
whole batch back. A batch is bounded in number, bytes and time: what does not fit is given back unread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from classifier.documents import document_of
from intake.read_mail import read_mail
from models import traces
from models.decisions import FactValue
from models.records import Mail, RawMail
from models.store.leases import Claim, claim_mails, give_back, mail_waits, still_held
from models.store.mail_order import PORTION, key_new_mail
from models.store.mails import hold_mail
from models.store.raw_mail import adopt_new_mail, fetch_readable, first_that_fit
from models.store.raw_orders import RAW_GONE
from models.store.schema import MAIL_STATE
from models.store.sellers import learn_bindings
from workers.batch_writing import Reading, batch_keys, dispose_all
from workers.disposing import Touched
from workers.facts import facts_of
from workers.fault_words import fault_words
from workers.isolated_read import UnreadableMailError, read_apart
from workers.order_keys import order_keys
from workers.phishing import signal_warnings
from workers.read_budget import Budget, OverBudgetError, within
from workers.service import Service
from workers.warm_reader import warm_reader

BATCH_BYTES = 64 * 1024 * 1024  # of raw mail in memory at once; a single larger mail is a batch of its own
READING_SHARE = 3  # reading may use the lease's third part, the rest is for writing
BUDGET = Budget()
SUSPECT_BUDGET = Budget(wall_s=45.0)  # its child has the usual budget; this covers waiting for it

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class BatchResult:
    """What a batch did, and whom to tell."""

    count: int = 0
    full: bool = False  # there may be more at once
    topics: set[str] = field(default_factory=set)
    replies: bool = False


def read_batch(service: Service, clock: Callable[[], float] = time.monotonic) -> BatchResult:
    """Work up to `batch_size` waiting mails; returns at once when none is due."""
    store, options = service.store, service.options
    adopted = take_in(service, portions=1 + options.batch_size // PORTION)
    claim = claim_mails(store, now_utc=service.now(), lease_s=options.lease_s, limit=options.batch_size)
    if not claim:
        return BatchResult()
    try:
        result = _work(service, claim, clock)
    except BaseException as error:  # whatever ends the batch, its mails are free at once
        log.warning("batch given back", raw_ids=sorted(claim.ids), cause=fault_words(error))
        give_back(store, MAIL_STATE, claim, "raw_id", error=fault_words(error))
        raise
    if len(claim.ids) == options.batch_size or adopted > options.batch_size:
        result.full = True
    result.full = result.full or mail_waits(store, service.now())  # a mail may have waited for this batch
    return result


def take_in(service: Service, *, portions: int) -> int:
    """Give new mails their row and the keys that keep them in order; return how many got a row."""
    adopted = adopt_new_mail(service.store)
    key_new_mail(service.store, order_keys(service.options.signing_key), portions=portions)
    return adopted


def _work(service: Service, claim: Claim, clock: Callable[[], float]) -> BatchResult:
    fit = first_that_fit(service.store, claim.ids, BATCH_BYTES)
    raws, faults = fetch_readable(service.store, fit)
    readings = _read_in_time(service, raws, claim, clock)
    done = {reading.raw.raw_id for reading in readings}
    gone = set(fit) - raws.keys()
    readings = _predict(service, _with_senders_checked(service, readings))
    begun_ns = traces.now_ns()
    with service.store.write(batch_keys(service, readings)) as db:
        ours = still_held(db, MAIL_STATE, claim, "raw_id")
        ended = {raw_id: Touched() for raw_id in ours & gone}
        for raw_id in ended:
            hold_mail(db, raw_id, faults.get(raw_id, f"{RAW_GONE}, so it cannot be read"), service.now())
        result = BatchResult(count=len(done | gone))
        learn_bindings(db, {reading.mail.from_.address for reading in readings if reading.mail is not None})
        ended |= dispose_all(service, db, [r for r in readings if r.raw.raw_id in ours])
    for touched in ended.values():
        _note(result, touched)
    for raw_id, touched in ended.items():  # told once it is committed
        log.info("mail worked", raw_id=raw_id, ticket=touched.ticket, disposition=str(touched.disposition))
        traces.note("decide", raw_id, begun_ns, ticket=touched.ticket, disposition=str(touched.disposition))
    left = set(claim.ids) - done - gone
    if left:
        give_back(service.store, MAIL_STATE, claim, "raw_id", ids=left)
        result.full = True
    return result


def _read_in_time(
    service: Service, raws: dict[int, RawMail], claim: Claim, clock: Callable[[], float]
) -> list[Reading]:
    """Read the oldest mails, at least one, until a share of the lease is used up."""
    readings: list[Reading] = []
    until = clock() + service.options.lease_s / READING_SHARE
    for raw_id in sorted(raws):
        if readings and clock() > until:
            log.warning("slow mails", read=len(readings), left=len(raws) - len(readings))
            break
        begun_ns = traces.now_ns()
        readings.append(reading := _read(service, raws[raw_id], suspect=raw_id in claim.suspects))
        traces.note("read", raw_id, begun_ns, kind=reading.mail.kind if reading.mail else None)
    return readings


def _read(service: Service, raw: RawMail, *, suspect: bool) -> Reading:
    """Read one mail within its budget; whatever goes wrong with it becomes its cause."""
    mailbox = service.mailbox_of(raw.envelope)
    options = service.read_options(raw)

    def work() -> tuple[Mail, tuple[FactValue, ...]]:
        mail = read_apart(raw, options) if suspect else read_mail(raw.raw, raw.envelope, options)
        mail = replace(mail, warnings=(*mail.warnings, *signal_warnings(mail)))
        return mail, facts_of(mail, raw.raw_id)

    warm_reader()
    try:
        mail, facts = within(SUSPECT_BUDGET if suspect else BUDGET, work)
    except MemoryError:
        raise
    except (OverBudgetError, UnreadableMailError) as error:
        cause = f"reading it takes {error}" if isinstance(error, OverBudgetError) else str(error)
        log.warning("mail cannot be read", raw_id=raw.raw_id, cause=cause)
        return Reading(raw=raw, mailbox=mailbox, cause=cause)
    except Exception as error:  # noqa: BLE001 - the edge of one mail: whatever it does, it is held
        cause = f"could not be read: {fault_words(error)}"
        log.error("mail cannot be read", raw_id=raw.raw_id, cause=cause)  # noqa: TRY400 - a traceback ends with the message, and that may quote the mail
        return Reading(raw=raw, mailbox=mailbox, cause=cause)
    return Reading(raw=raw, mailbox=mailbox, mail=mail, facts=facts)


def _with_senders_checked(service: Service, readings: Sequence[Reading]) -> list[Reading]:
    """Ask the name service about the senders, when the settings want it."""
    if service.check_senders is None:
        return list(readings)
    mails = [(r.raw, r.mail) for r in readings if r.mail is not None]
    checked = iter(service.check_senders(mails, service.options.lease_s / READING_SHARE))
    return [r if r.mail is None else replace(r, mail=next(checked)) for r in readings]


def _predict(service: Service, readings: Sequence[Reading]) -> list[Reading]:
    """Classify the mails that could be read, all with one model version."""
    service.predictor.refresh()
    try:
        return _predicted(service, readings)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a batch: its mails are tried one by one
        log.error(  # noqa: TRY400 - a traceback ends with the message, and that may quote the mail
            "batch cannot be classified", cause=fault_words(error), remedy="its mails are tried one by one"
        )
    return [_predict_one(service, reading) for reading in readings]


def _predict_one(service: Service, reading: Reading) -> Reading:
    try:
        return _predicted(service, [reading])[0]
    except (MemoryError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of one mail
        cause = f"could not be classified: {fault_words(error)}"
        log.error("mail cannot be classified", raw_id=reading.raw.raw_id, cause=cause)  # noqa: TRY400 - a traceback ends with the message, and that may quote the mail
        return replace(reading, cause=cause)


def _predicted(service: Service, readings: Sequence[Reading]) -> list[Reading]:
    readable = [r for r in readings if r.mail is not None]
    documents = [document_of(r.mail, r.mailbox) for r in readable if r.mail is not None]
    begun_ns = traces.now_ns()
    answers = service.predictor.predict(documents)
    predictions = dict(zip((r.raw.raw_id for r in readable), answers, strict=True))
    for raw_id, answer in predictions.items():
        traces.note("classify", raw_id, begun_ns, model=answer.model, topic=answer.topic, sure=answer.sure)
    return [replace(r, prediction=predictions.get(r.raw.raw_id)) for r in readings]


def _note(result: BatchResult, touched: Touched) -> None:
    if touched.topic:
        result.topics.add(touched.topic)
    result.replies = result.replies or touched.reply
