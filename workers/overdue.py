"""Escalation by the clock: a ticket whose promised term is broken goes to the lead (rule R26).

Found by the sweeper, written under the ticket's lock, once per ticket: an operator who takes it
out of the lead's queue is not overruled. Which broken terms count is the policy `escalation`, or
`[overdue]` of `escalation.toml`; nothing is sent to the seller.
"""

from __future__ import annotations

import structlog

from models.store import Db
from models.store.policies import read_policy
from models.store.ticket_life import audit, overdue_tickets, set_ticket
from workers.service import Service
from workers.word_lists import read_table

BATCH = 50
BY_ITSELF = "razbor"  # the actor in the audit trail

log = structlog.get_logger(__name__)


def escalate_overdue(service: Service) -> int:
    """Escalate tickets that are over their term; return how many."""
    now = service.now()
    with service.store.read() as db:
        due = _due(db, service)
    if not due:
        return 0
    with service.store.write({f"ticket:RZ-{number}" for number in due}) as db:
        still = {number: phase for number, phase in _due(db, service).items() if number in due}
        for number, phase in sorted(still.items()):
            set_ticket(db, number, now, escalated=True, escalated_at_utc=now)
            reason = f"the term of {phase.replace('_', ' ')} is broken"
            audit(db, BY_ITSELF, "escalate", f"ticket:{number}", now, up=True, reason=reason)
    if still:
        log.info("escalated", tickets=sorted(still), cause="their term is broken")
    return len(still)


def _due(db: Db, service: Service) -> dict[int, str]:
    policy = read_policy(db, "escalation") or read_table("escalation.toml")["overdue"]
    rules = {phase: tuple(policy.get(phase, ())) for phase in ("first_reaction", "resolution")}
    return overdue_tickets(db, service.now(), rules, actor=BY_ITSELF, limit=BATCH)
