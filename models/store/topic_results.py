"""What topic work found out about a batch of tickets, written with one statement a table.

In go the loaded states with their decisions, clocks and counts, out goes one change per ticket, its
status event and what webhooks are told. Replies are queued by the caller beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, case, select, update
from sqlalchemy.engine import Connection

from models.decisions import TicketState, TopicDecision
from models.store.schema import TICKET
from models.store.ticket_events import note_event
from models.store.tickets import check_move, moved, note_moves
from models.topics import Status

# Built once: these run for every batch of tickets that are due.
_NUMBERS: Final[BindParameter[int]] = bindparam("numbers", expanding=True)
_IS_WORKED_OUT: Final = TICKET.c.priority_by == ""  # what an operator set by hand stays
_DECIDED: Final = (
    update(TICKET)
    .where(TICKET.c.id == bindparam("number"))
    .values(
        priority=case((_IS_WORKED_OUT, bindparam("priority_found")), else_=TICKET.c.priority),
        score=case((_IS_WORKED_OUT, bindparam("score_found")), else_=TICKET.c.score),
    )
)
_CLOCKED: Final = select(
    TICKET.c.id,
    TICKET.c.marketplace,
    TICKET.c.topic,
    TICKET.c.priority,
    TICKET.c.priority_by,
    TICKET.c.first_reaction_at_utc,
).where(TICKET.c.id.in_(_NUMBERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicResult:
    """What is to be written of one ticket."""

    state: TicketState
    decision: TopicDecision
    repeats: int  # earlier tickets of the seller, rule R32
    sla_phase: str
    sla_due_at_utc: datetime | None

    @property
    def move(self) -> Status | None:
        """The status that the ticket moves to, None when it stays."""
        return None if self.decision.status is self.state.status else self.decision.status


def clocked_rows(db: Connection, numbers: Collection[int]) -> dict[int, Any]:
    """Return what the clocks of tickets depend on besides their moves, under this transaction's locks."""
    return {row.id: row for row in db.execute(_CLOCKED, {"numbers": list(numbers)})}


def store_topic_results(db: Connection, results: Sequence[TopicResult], now_utc: datetime) -> None:
    """Write missing data, priority, status, clock and counts of tickets.

    Raises StoreError for a move that rule R20 does not allow.
    """
    groups: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for result in results:
        row = _changes(result, now_utc)
        groups.setdefault(tuple(row), []).append(row)
    for rows in groups.values():  # one statement writes rows of the same columns
        db.execute(_DECIDED, rows)
    note_moves(
        db,
        [
            (r.state.number, r.state.status, r.move, _reason(r.decision))
            for r in results
            if r.move is not None
        ],
        now_utc,
    )
    for result in results:
        if _escalated(result, now_utc):
            note_event(db, "ticket.escalated", result.state.number, now_utc)


def _changes(result: TopicResult, now_utc: datetime) -> dict[str, object]:
    state, decision = result.state, result.decision
    changes: dict[str, object] = {
        "number": state.number,
        "missing": list(decision.missing),
        "how_to": decision.how_to,
        "subkind": decision.subkind,
        "priority_found": decision.priority,
        "priority_parts": decision.priority_parts,
        "score_found": sum(decision.priority_parts.values()),
        "bulk": decision.is_bulk,
        "updated_at_utc": now_utc,
        "repeats": result.repeats,
        "sla_phase": result.sla_phase,
        "sla_due_at_utc": result.sla_due_at_utc,
    }
    if result.move is not None:
        check_move(state.number, state.status, result.move)
        changes |= moved(result.move, now_utc)
    return changes | dict(sorted(decision.stated.items())) | _escalated(result, now_utc)


def _escalated(result: TopicResult, now_utc: datetime) -> dict[str, object]:
    """Raise a ticket whose seller asked for it completely (rule R26); once raised it stays so."""
    asked = result.decision.escalation
    if asked is None or not asked.is_complete or result.state.escalated:
        return {}
    return {"escalated": True, "escalated_at_utc": now_utc}


def _reason(decision: TopicDecision) -> str:
    if decision.reply is not None and decision.reply.kind == "admin_only":
        return "sender_not_admin"  # rule R6
    if decision.reply is not None and decision.reply.kind in {"clarify", "escalation"}:
        return "asked for " + ", ".join(decision.reply.asked)
    if decision.ask:
        return "asked for " + ", ".join(decision.ask)
    return "data complete" if not decision.missing else "seller answered in part"
