"""Working a topic's queue: load each due ticket, decide purely, store the answer and the reply."""

from __future__ import annotations

import structlog

from models.store import DATABASE_ERRORS, Db, savepoint
from models.store.engine import is_fault_of_database
from models.store.leases import Claim, claim_topic_work, give_back, still_held
from models.store.schema import TOPIC_WORK
from models.store.topic_work import end_topic_work, load_ticket_state, store_topic_decision, topic_work_of
from workers.batch import BatchResult
from workers.mail_reply import put_reply
from workers.service import Service
from workers.topics import decide_topic

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5


def work_topic(service: Service, topic: str) -> BatchResult:
    """Work up to `batch_size` due tickets of a topic."""
    options = service.options
    claim = claim_topic_work(
        service.store, topic, now_utc=service.now(), lease_s=options.lease_s, limit=options.batch_size
    )
    if not claim:
        return BatchResult()
    try:
        result = _work(service, claim)
    except (*DATABASE_ERRORS, MemoryError, OSError) as error:
        log.warning("topic work given back", topic=topic, tickets=len(claim.ids), cause=repr(error))
        give_back(service.store, TOPIC_WORK, claim, "ticket_id", error=repr(error))
        raise
    result.full = len(claim.ids) == options.batch_size
    return result


def _work(service: Service, claim: Claim) -> BatchResult:
    result = BatchResult(count=len(claim.ids))
    with service.store.write(f"ticket:RZ-{number}" for number in claim.ids) as db:
        for number in sorted(still_held(db, TOPIC_WORK, claim, "ticket_id")):
            result.replies = _work_ticket(service, db, number) or result.replies
    return result


def _work_ticket(service: Service, db: Db, number: int) -> bool:
    """Decide about one ticket; True when a reply waits to leave. A fault of its own sends it to review."""
    try:
        with savepoint(db):
            return _decide(service, db, number)
    except (*DATABASE_ERRORS, ValueError, TypeError, LookupError) as error:
        if is_fault_of_database(error):
            raise
        log.exception("topic work failed", ticket=number)
        attempts = topic_work_of(db, number).attempts
        end_topic_work(db, number, error=f"{type(error).__name__}: {error}", give_up=attempts >= MAX_ATTEMPTS)
        return False


def _decide(service: Service, db: Db, number: int) -> bool:
    now = service.now()
    work = topic_work_of(db, number)
    state = load_ticket_state(db, number, now)
    decision = decide_topic(state)
    store_topic_decision(db, state, decision, now)
    end_topic_work(db, number)
    if decision.reply is None or work.raw_id is None:
        return False
    return put_reply(db, service, decision.reply, number=number, raw_id=work.raw_id, policy=state.policy)
