"""Working topic queues: load each due ticket, decide purely, store the answer and the reply."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from models import traces
from models.decisions import StatusMove, TicketState, TopicDecision
from models.store import Db, StoreError, savepoint
from models.store.engine import is_fault_of_database
from models.store.facts import merge_facts
from models.store.incidents import note_incidents
from models.store.leases import Claim, claim_topic_work, give_back, still_held
from models.store.mail_order import MOST_AHEAD, look_again_later, waiting_for_mail
from models.store.schema import TOPIC_WORK
from models.store.sellers import learn_bindings
from models.store.ticket_life import repeats_of, status_moves_of
from models.store.ticket_states import load_ticket_states
from models.store.topic_results import TopicResult, clocked_rows, store_topic_results
from models.store.topic_work import (
    TopicWorkRow,
    end_topic_work,
    fail_topic_work,
    matters_of,
    reply_addresses,
    topic_work_of,
)
from models.topics import Status
from workers.batch import BatchResult, take_in
from workers.clocks import clock_of
from workers.fault_words import fault_words
from workers.mail_reply import WantedReply, put_replies
from workers.service import Service
from workers.topics import decide_topic

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
INCIDENT_TOPICS = frozenset({"api_technical"})  # whose faults may be everybody's (domain 2.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worked:
    """What became of one ticket."""

    topic: str = ""
    reply: bool = False  # one waits to leave


def work_topic(service: Service, topic: str) -> BatchResult:
    """Work up to `batch_size` due tickets of a topic."""
    return work_topics(service, {topic})


def work_topics(service: Service, topics: Collection[str]) -> BatchResult:
    """Work up to `batch_size` due tickets of topics together.

    Where locks are taken by key, topics whose faults may be everybody's are worked by themselves: they take
    one that all workers share.
    """
    apart = frozenset() if service.store.is_sqlite else INCIDENT_TOPICS & set(topics)
    together = BatchResult()
    for some in (set(topics) - apart, apart):
        result = _work_claimed(service, some) if some else BatchResult()
        together.count += result.count
        together.full = together.full or result.full
        together.replies = together.replies or result.replies
    return together


def _work_claimed(service: Service, topics: Collection[str]) -> BatchResult:
    options = service.options
    claim = claim_topic_work(
        service.store, topics, now_utc=service.now(), lease_s=options.lease_s, limit=options.batch_size
    )
    if not claim:
        return BatchResult()
    try:
        result = _work(service, claim, topics)
    except BaseException as error:  # whatever ends the batch, its tickets are free at once
        cause = fault_words(error)
        log.warning("topic work given back", topics=sorted(topics), tickets=sorted(claim.ids), cause=cause)
        give_back(service.store, TOPIC_WORK, claim, "ticket_id", error=cause)
        raise
    result.full = result.count > 0 and len(claim.ids) == options.batch_size
    return result


def _work(service: Service, claim: Claim, topics: Collection[str]) -> BatchResult:
    result = BatchResult()
    take_in(service, portions=MOST_AHEAD)
    with service.store.read() as db:
        addresses, matters = reply_addresses(db, claim.ids), matters_of(db, claim.ids)
    keys = {f"ticket:RZ-{number}" for number in claim.ids} | {f"from:{address}" for address in addresses}
    keys |= {f"id:{value}" for value in matters}  # as `workers.disposing.lock_keys` names them
    if not INCIDENT_TOPICS.isdisjoint(topics):
        keys.add("incident")
    with service.store.write(keys) as db:
        ours = still_held(db, TOPIC_WORK, claim, "ticket_id")
        early = waiting_for_mail(db, sorted(ours), service.now())
        look_again_later(db, early, claim.token, service.now())
        result.count = len(claim.ids) - len(early)
        learn_bindings(db, addresses)
        worked = _work_tickets(service, db, ours - early)
    result.replies = any(one.reply for one in worked.values())
    for number, one in worked.items():  # told once it is committed
        log.info("ticket worked", ticket=number, topic=one.topic, reply=one.reply)
    return result


def _work_tickets(service: Service, db: Db, numbers: Collection[int]) -> dict[int, _Worked]:
    """Decide about tickets together; when that fails, each alone: a fault of its own undoes only itself."""
    if not numbers:
        return {}
    try:
        with savepoint(db):
            return _decide(service, db, numbers)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of a batch: its tickets are worked one by one
        if is_fault_of_database(error):
            raise
        log.warning("tickets are worked one by one", tickets=len(numbers), cause=fault_words(error))
    return {number: _work_alone(service, db, number) for number in sorted(numbers)}


def _work_alone(service: Service, db: Db, number: int) -> _Worked:
    """Decide about one ticket. A fault of its own sends it to review."""
    try:
        with savepoint(db):
            return _decide(service, db, [number])[number]
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the edge of one ticket: the others of its batch go on
        if is_fault_of_database(error):
            raise
        cause = fault_words(error)
        log.error("topic work failed", ticket=number, cause=cause)  # noqa: TRY400 - a traceback ends with the message, and that may quote a mail
        attempts = topic_work_of(db, [number])[number].attempts
        fail_topic_work(db, number, cause, give_up=attempts >= MAX_ATTEMPTS)
        return _Worked()


def _decide(service: Service, db: Db, numbers: Collection[int]) -> dict[int, _Worked]:
    """Decide about tickets and write what was found."""
    now, begun_ns = service.now(), traces.now_ns()
    states = [state for _, state in sorted(load_ticket_states(db, numbers, now).items())]
    if missing := set(numbers) - {state.number for state in states}:
        msg = f"there is no ticket RZ-{min(missing)}: `razbor tickets list` shows all"
        raise StoreError(msg)
    work = topic_work_of(db, numbers)
    decisions = {state.number: decide_topic(state) for state in states}
    leaving = _reply(service, db, states, decisions, work)
    for state in states:
        decision = decisions[state.number]
        if state.number not in leaving and decision.status is Status.WAITING_SELLER:
            # Nobody was asked: the operators must see the ticket.
            decisions[state.number] = decision = replace(decision, status=None)
        merge_facts(db, state.number, decision.adopted, now)
    store_topic_results(db, _results(db, states, decisions, now), now)
    faulty = [state.number for state in states if state.topic in INCIDENT_TOPICS]
    for number, fault in note_incidents(db, faulty, now).items() if faulty else ():
        log.warning("incident", fault=fault, ticket=number, remedy="`razbor status` lists open incidents")
    end_topic_work(db, numbers)
    worked = {s.number: _Worked(topic=s.topic, reply=s.number in leaving) for s in states}
    for number, one in worked.items():
        traces.note("topic", work[number].raw_id, begun_ns, ticket=number, topic=one.topic, reply=one.reply)
    return worked


def _reply(
    service: Service,
    db: Db,
    states: Sequence[TicketState],
    decisions: Mapping[int, TopicDecision],
    work: Mapping[int, TopicWorkRow],
) -> set[int]:
    """Queue the replies that were decided; return the tickets of which one waits to leave."""
    wanted: list[WantedReply] = []
    for state in states:
        draft, raw_id = decisions[state.number].reply, work[state.number].raw_id
        if draft is not None and raw_id is not None:
            wanted.append(WantedReply(draft=draft, number=state.number, raw_id=raw_id, policy=state.policy))
    return put_replies(db, service, wanted)


def _results(
    db: Db, states: Sequence[TicketState], decisions: Mapping[int, TopicDecision], now_utc: datetime
) -> list[TopicResult]:
    """Work out the clocks as they are after the moves, and the seller's earlier tickets."""
    numbers = [state.number for state in states]
    rows, moves = clocked_rows(db, numbers), status_moves_of(db, numbers)
    repeats = repeats_of(db, numbers, now_utc)
    results: list[TopicResult] = []
    for state in states:
        number, decision, row = state.number, decisions[state.number], rows[state.number]
        made = moves.get(number, ())
        if decision.status is not None and decision.status is not state.status:
            made = (*made, StatusMove(at_utc=now_utc, to=decision.status))
        priority = row.priority if row.priority_by else decision.priority
        clock = clock_of(db, row, made, now_utc, priority=priority)
        results.append(
            TopicResult(
                state=state,
                decision=decision,
                repeats=repeats.get(number, 0),
                sla_phase=clock.phase,
                sla_due_at_utc=clock.due_at_utc,
            )
        )
    return results
