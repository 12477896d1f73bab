"""Working a topic's queue: load each due ticket, decide purely, store the answer and the reply."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from models import traces
from models.decisions import TicketState
from models.store import Db, savepoint
from models.store.engine import is_fault_of_database
from models.store.facts import merge_facts
from models.store.incidents import note_incident
from models.store.leases import Claim, claim_topic_work, give_back, still_held
from models.store.mail_order import MOST_AHEAD, look_again_later, waiting_for_mail
from models.store.schema import TOPIC_WORK
from models.store.sellers import learn_bindings
from models.store.ticket_life import note_repeats, ticket_row
from models.store.ticket_states import load_ticket_state, load_ticket_states
from models.store.topic_work import (
    end_topic_work,
    matters_of,
    reply_addresses,
    store_topic_decision,
    topic_work_of,
)
from models.topics import Status
from workers.batch import BatchResult, take_in
from workers.clocks import refresh_clock
from workers.fault_words import fault_words
from workers.mail_reply import put_reply
from workers.service import Service
from workers.topics import decide_topic

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
INCIDENT_TOPICS = frozenset({"api_technical"})  # whose faults may be everybody's (domain 2.1)


def work_topic(service: Service, topic: str) -> BatchResult:
    """Work up to `batch_size` due tickets of a topic."""
    options = service.options
    claim = claim_topic_work(
        service.store, topic, now_utc=service.now(), lease_s=options.lease_s, limit=options.batch_size
    )
    if not claim:
        return BatchResult()
    try:
        result = _work(service, claim, topic)
    except BaseException as error:  # whatever ends the batch, its tickets are free at once
        cause = fault_words(error)
        log.warning("topic work given back", topic=topic, tickets=sorted(claim.ids), cause=cause)
        give_back(service.store, TOPIC_WORK, claim, "ticket_id", error=cause)
        raise
    result.full = result.count > 0 and len(claim.ids) == options.batch_size
    return result


def _work(service: Service, claim: Claim, topic: str) -> BatchResult:
    result = BatchResult()
    take_in(service, portions=MOST_AHEAD)
    with service.store.read() as db:
        addresses, matters = reply_addresses(db, claim.ids), matters_of(db, claim.ids)
    keys = {f"ticket:RZ-{number}" for number in claim.ids} | {f"from:{address}" for address in addresses}
    keys |= {f"id:{value}" for value in matters}  # as `workers.disposing.lock_keys` names them
    if topic in INCIDENT_TOPICS:
        keys.add("incident")
    with service.store.write(keys) as db:
        ours = still_held(db, TOPIC_WORK, claim, "ticket_id")
        early = waiting_for_mail(db, sorted(ours), service.now())
        look_again_later(db, early, claim.token, service.now())
        result.count = len(claim.ids) - len(early)
        learn_bindings(db, addresses)
        states = _states(db, ours - early, service.now())
        replied = {n: _work_ticket(service, db, n, states.get(n)) for n in sorted(ours - early)}
    result.replies = any(replied.values())
    for number, reply in replied.items():  # told once it is committed
        log.info("ticket worked", ticket=number, topic=topic, reply=reply)
    return result


def _states(db: Db, numbers: set[int], now_utc: datetime) -> dict[int, TicketState]:
    """Load the tickets of a batch at once; none when one cannot be read: each is then loaded alone."""
    try:
        with savepoint(db):
            return load_ticket_states(db, numbers, now_utc)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of a batch: its tickets are loaded one by one
        if is_fault_of_database(error):
            raise
        return {}


def _work_ticket(service: Service, db: Db, number: int, state: TicketState | None) -> bool:
    """Decide about one ticket; True when a reply waits to leave. A fault of its own sends it to review."""
    try:
        with savepoint(db):
            return _decide(service, db, state or load_ticket_state(db, number, service.now()))
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of one ticket: the others of its batch go on
        if is_fault_of_database(error):
            raise
        cause = fault_words(error)
        log.error("topic work failed", ticket=number, cause=cause)  # noqa: TRY400 - a traceback ends with the message, and that may quote a mail
        attempts = topic_work_of(db, number).attempts
        end_topic_work(db, number, error=cause, give_up=attempts >= MAX_ATTEMPTS)
        return False


def _decide(service: Service, db: Db, state: TicketState) -> bool:
    now, number, begun_ns = service.now(), state.number, traces.now_ns()
    work = topic_work_of(db, number)
    decision = decide_topic(state)
    leaves = False
    if decision.reply is not None and work.raw_id is not None:
        leaves = put_reply(
            db, service, decision.reply, number=number, raw_id=work.raw_id, policy=state.policy
        )
    if not leaves and decision.status is Status.WAITING_SELLER:
        decision = replace(decision, status=None)  # nobody was asked: the operators must see the ticket
    merge_facts(db, number, decision.adopted, now)
    store_topic_decision(db, state, decision, now)
    row = ticket_row(db, number)
    refresh_clock(db, number, now, row)
    note_repeats(db, number, now, row)
    if state.topic in INCIDENT_TOPICS:
        fault = note_incident(db, number, now)
        if fault:
            log.warning("incident", fault=fault, ticket=number, remedy="`razbor status` lists open incidents")
    end_topic_work(db, number)
    traces.note("topic", work.raw_id, begun_ns, ticket=number, topic=state.topic, reply=leaves)
    return leaves
