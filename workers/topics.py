"""What a ticket needs next: missing data, priority, status and the one reply (design 9).

In goes a `TicketState` (the whole ticket, read under its lock), out comes a `TopicDecision`.
Rules: R5-R6 (administrator), R10, R18, R22 (thanks when complete), R31 (one precise question,
never silence), A8 (one question and one reminder per ticket), A14, domain 2.4 (a how-to letter
is not interrogated). A field in `state.asked` is never asked again. Whether the reply leaves,
waits as a draft or stays unsent is the caller's: `state.policy`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from models.decisions import FactValue, TopicDecision
from models.topics import SPAM, Status
from workers.answers import answered_by_numbers
from workers.escalation import escalation_of
from workers.how_to import is_how_to
from workers.priority import PriorityInput, is_called_urgent, priority_of
from workers.replies import compose
from workers.replies.compose import ReplyContext
from workers.required_data import ask_fields, missing_fields, table_with
from workers.stated import BULK_ROWS, stated_by_seller
from workers.subkind import subkind_of
from workers.topic_replies import Case, reply_of
from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from models.decisions import Escalation, TicketState
    from models.records import ReplyDraft


def decide_topic(state: TicketState) -> TopicDecision:
    """Work a ticket of a topic queue; a pure function of `state`."""
    text = f"{state.subject}\n{state.text}"
    facts = _with_binding(state)
    subkind, table = subkind_of(state.topic, text, facts), table_with(state.topic, state.needs)
    how_to = state.how_to
    if how_to is None:
        has_files = bool(state.attachment_kinds)
        how_to = is_how_to(state.topic, text, facts, subkind=subkind, has_files=has_files)
    adopted = answered_by_numbers(
        facts,
        asked=state.asked,
        missing=missing_fields(state.topic, facts, subkind=subkind, table=table),
        after_raw_id=state.question_raw_id,
    )
    facts = (*facts, *adopted)
    missing = missing_fields(state.topic, facts, subkind=subkind, table=table)
    given = PriorityInput(
        topic=state.topic,
        text=text,
        facts=facts,
        findings=state.findings,
        attachment_kinds=state.attachment_kinds,
        message_count=state.message_count,
        how_to=how_to,
        today=state.now_utc.date() if state.now_utc is not None else None,
    )
    priority, parts = priority_of(given)
    case = Case(
        state=state,
        text=text,
        facts=facts,
        subkind=subkind,
        missing=missing,
        ask=ask_fields(state.topic, missing, subkind=subkind, asked=state.asked, table=table),
        how_to=how_to,
        context=_reply_context(state, text, subkind, priority),
        escalation=_escalation(state, facts),
    )
    reply = reply_of(case) if _may_reply(state) else None
    asks = reply is not None and reply.kind == "missing_data"
    return TopicDecision(
        missing=missing,
        ask=case.ask if asks else (),
        how_to=how_to,
        subkind=subkind,
        priority=priority,
        priority_parts=parts,
        reply=reply,
        status=_move(state, reply, missing),
        escalation=case.escalation,
        stated=stated_by_seller(state.findings),
        is_bulk=state.bulk_rows >= BULK_ROWS,
        adopted=adopted,
    )


def draft_reminder(state: TicketState) -> ReplyDraft | None:
    """Write the one reminder of a ticket that waits for its seller (rule A8); None when nothing is open.

    The caller's timer decides when; a second reminder is the caller's to prevent (one outbox kind per mail).
    """
    if state.status is not Status.WAITING_SELLER or not _may_reply(state):
        return None
    text = f"{state.subject}\n{state.text}"
    facts = _with_binding(state)
    subkind, table = subkind_of(state.topic, text, facts), table_with(state.topic, state.needs)
    missing = missing_fields(state.topic, facts, subkind=subkind, table=table)
    still_open = [part for part in missing if part in state.asked]
    if not still_open:
        return None
    return compose.draft_reminder(_reply_context(state, text, subkind, "normal"), still_open)


def _escalation(state: TicketState, facts: tuple[FactValue, ...]) -> Escalation | None:
    """Judge the newest mail; a follow-up refers to the ticket that it stands on."""
    own = (state.number,) if state.message_count > 1 else ()
    return escalation_of(
        state.newest_text, tickets=(*own, *state.cited), findings=state.findings, facts=facts
    )


def _may_reply(state: TicketState) -> bool:
    is_open = state.status is not Status.CLOSED
    return is_open and state.topic != SPAM and not state.suppress_replies and state.policy != "off"


def _move(state: TicketState, reply: ReplyDraft | None, missing: tuple[str, ...]) -> Status | None:
    """Return the status that the ticket moves to; a draft moves nothing before an operator sends it."""
    asks = reply is not None and reply.kind in {"missing_data", "clarify", "admin_only", "escalation"}
    if asks and state.policy == "send":
        return Status.WAITING_SELLER if state.status is not Status.WAITING_SELLER else None
    if state.status is Status.WAITING_SELLER and not missing and state.asked:
        return Status.NEW
    return None


def _with_binding(state: TicketState) -> tuple[FactValue, ...]:
    """Add the seller that the sender is bound to (rule R5): then it is not asked."""
    if not state.bound_seller_id:
        return state.facts
    bound = FactValue(field="seller_id", value=state.bound_seller_id, source="binding")
    return (bound, *state.facts)


def _reply_context(state: TicketState, text: str, subkind: str, priority: str) -> ReplyContext:
    rules = read_table("reply_rules.toml")
    subkinds: list[str] = rules["admin"].get(state.topic, [])
    concerns_admin = "" in subkinds or subkind in subkinds
    carriers = rules["carriers"]
    has_carrier = state.topic in carriers["topics"] and subkind in carriers["subkinds"]
    urgent = priority == "urgent" or (priority == "high" and is_called_urgent(text, state.findings))
    return ReplyContext(
        number=state.number,
        language=state.language,
        subject=state.subject,
        topic=state.topic,
        subkind=subkind,
        marketplace=state.marketplace,
        urgent=urgent,
        admin_line=concerns_admin and state.sender_role != "admin",
        carrier=has_carrier and _carrier_words().occurs(fold(text)),
        has_evidence=bool(state.attachment_kinds),
        secrets=state.secrets,
        topic_names=state.topic_names,
    )


@cache
def _carrier_words() -> WordList:
    return word_list(read_table("reply_rules.toml")["carriers"]["words"])
