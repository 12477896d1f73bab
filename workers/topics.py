"""What a ticket needs next: missing data, priority, status and the one reply (design 9).

In goes a `TicketState` (the whole ticket, read under its lock), out comes a `TopicDecision`.
Rules: R5-R6 (administrator), R10, R18, R22 (thanks when complete), R31 (one precise question,
never silence), A8 (one question and one reminder per ticket), A14, domain 2.4 (a how-to letter
is not interrogated). A field in `state.asked` is never asked again. Whether the reply leaves,
waits as a draft or stays unsent is the caller's: `state.policy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from models.decisions import FactValue, TopicDecision
from models.topics import OTHER, SPAM, Status
from workers.disposition import outside_role
from workers.how_to import is_how_to
from workers.priority import PriorityInput, is_called_urgent, priority_of
from workers.replies import compose
from workers.replies.compose import REQUEST, ReplyContext
from workers.required_data import ask_fields, missing_fields, rules_of
from workers.subkind import subkind_of
from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from models.decisions import TicketState
    from models.records import ReplyDraft

QUESTIONS_PER_TICKET: Final = 1  # rule A8: the question; its second half is the reminder
_CJK_LETTERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A ticket's state with everything that was worked out of it."""

    state: TicketState
    text: str
    facts: tuple[FactValue, ...]
    subkind: str
    missing: tuple[str, ...]
    ask: tuple[str, ...]
    how_to: bool
    context: ReplyContext


def decide_topic(state: TicketState) -> TopicDecision:
    """Work a ticket of a topic queue; a pure function of `state`."""
    text = f"{state.subject}\n{state.text}"
    facts = _with_binding(state)
    subkind = subkind_of(state.topic, text, facts)
    how_to = state.how_to
    if how_to is None:
        has_files = bool(state.attachment_kinds)
        how_to = is_how_to(state.topic, text, facts, subkind=subkind, has_files=has_files)
    missing = missing_fields(state.topic, facts, subkind=subkind)
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
    case = _Case(
        state=state,
        text=text,
        facts=facts,
        subkind=subkind,
        missing=missing,
        ask=ask_fields(state.topic, missing, subkind=subkind, asked=state.asked),
        how_to=how_to,
        context=_reply_context(state, text, subkind, priority),
    )
    reply = _reply(case) if _may_reply(state) else None
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
    )


def draft_reminder(state: TicketState) -> ReplyDraft | None:
    """Write the one reminder of a ticket that waits for its seller (rule A8); None when nothing is open.

    The caller's timer decides when; a second reminder is the caller's to prevent (one outbox kind per mail).
    """
    if state.status is not Status.WAITING_SELLER or not _may_reply(state):
        return None
    text = f"{state.subject}\n{state.text}"
    facts = _with_binding(state)
    subkind = subkind_of(state.topic, text, facts)
    still_open = [part for part in missing_fields(state.topic, facts, subkind=subkind) if part in state.asked]
    if not still_open:
        return None
    return compose.draft_reminder(_reply_context(state, text, subkind, "normal"), still_open)


def _reply(case: _Case) -> ReplyDraft | None:
    state, context = case.state, case.context
    if state.topic == OTHER:
        return _other_reply(case)
    if context.admin_line and state.sender_role in {"employee", "agency"}:
        return None if state.acknowledged else compose.draft_admin_only(context)
    if case.ask and not case.how_to and state.question_count < QUESTIONS_PER_TICKET:
        required = rules_of(state.topic, case.subkind)["required"]
        everything = case.ask == required
        return compose.draft_question(
            context, case.ask, everything=everything, acknowledged=state.acknowledged
        )
    if not state.acknowledged:
        kind = "how_to" if case.how_to else ("passed_on" if case.missing else "complete")
        return compose.draft_acknowledgement(context, state=kind)
    if _was_completed_now(case):
        return compose.draft_completed(context)
    return None


def _other_reply(case: _Case) -> ReplyDraft | None:
    """Answer a letter that is no seller's case: a redirect, one clarifying question, or nothing."""
    state = case.state
    if state.acknowledged:
        return None
    stated = tuple(value for kind, value in state.findings if kind == "sender_role")
    role = outside_role(OTHER, case.text, stated)
    if role:
        return compose.draft_redirect(case.context, role)
    if case.subkind in {"thanks", "job"}:
        return None
    if says_nothing(state.text) and REQUEST not in state.asked:
        return compose.draft_clarify(case.context)
    return compose.draft_acknowledgement(case.context, state="passed_on")


def says_nothing(text: str) -> bool:
    """Tell whether a mail's words are too few to be a question."""
    letters = sum(_CJK_LETTERS if "\u4e00" <= char <= "\u9fff" else 1 for char in text if char.isalpha())
    return letters < int(read_table("reply_rules.toml")["unclear"]["max_letters"])


def _was_completed_now(case: _Case) -> bool:
    """Tell whether the newest mail brought the last piece of what had been asked (rule R22)."""
    state = case.state
    if not state.asked or state.message_count < 2 or case.missing:
        return False
    newest = state.newest_raw_id
    if newest is None:
        newest = max((fact.raw_id for fact in case.facts if fact.raw_id is not None), default=None)
    before = [fact for fact in case.facts if fact.raw_id != newest]
    return bool(missing_fields(state.topic, before, subkind=case.subkind))


def _may_reply(state: TicketState) -> bool:
    is_open = state.status is not Status.CLOSED
    return is_open and state.topic != SPAM and not state.suppress_replies and state.policy != "off"


def _move(state: TicketState, reply: ReplyDraft | None, missing: tuple[str, ...]) -> Status | None:
    """Return the status that the ticket moves to; a draft moves nothing before an operator sends it."""
    asks = reply is not None and reply.kind in {"missing_data", "clarify", "admin_only"}
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
    )


@cache
def _carrier_words() -> WordList:
    return word_list(read_table("reply_rules.toml")["carriers"]["words"])
