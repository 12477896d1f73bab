"""Which one reply a ticket gets now, if any (rules R6, R22, R26, R31, A8, A14, A20, domain 2.4).

In goes a `Case`, the ticket's state with everything that was worked out of it; out comes a draft
or None. Whether replies may go out at all was decided before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.topics import OTHER
from workers.disposition import outside_role
from workers.replies import compose
from workers.replies.compose import ADMINISTRATOR, REQUEST, ReplyContext
from workers.required_data import ask_fields, missing_fields, rules_of, table_with
from workers.word_lists import read_table

if TYPE_CHECKING:
    from models.decisions import Escalation, FactValue, TicketState
    from models.records import ReplyDraft

QUESTIONS_PER_TICKET: Final = 1  # rule A8: the question; its second half is the reminder
_CJK_LETTERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket's state with everything that was worked out of it."""

    state: TicketState
    text: str
    facts: tuple[FactValue, ...]
    subkind: str
    missing: tuple[str, ...]
    ask: tuple[str, ...]
    how_to: bool
    context: ReplyContext
    escalation: Escalation | None


def reply_of(case: Case) -> ReplyDraft | None:
    """Choose the reply of a ticket; None when there is nothing to say."""
    if case.state.topic == OTHER:
        return _other_reply(case)
    if case.escalation is not None:
        return _escalation_reply(case, case.escalation)
    return _question(case) or _news(case)


def _question(case: Case) -> ReplyDraft | None:
    """Ask for the administrator or for what is missing; None when there is nothing to ask."""
    state, context = case.state, case.context
    if context.admin_line and state.sender_role in {"employee", "agency"}:
        return None if ADMINISTRATOR in state.asked else compose.draft_admin_only(context)
    if case.ask and not case.how_to and state.question_count < QUESTIONS_PER_TICKET:
        required = rules_of(state.topic, case.subkind)["required"]
        everything = case.ask == required and not state.needs  # the whole sentence names what is shipped
        return compose.draft_question(
            context, case.ask, everything=everything, acknowledged=state.acknowledged
        )
    return None


def _news(case: Case) -> ReplyDraft | None:
    """Acknowledge a first mail, thank for the last piece; else there is nothing to say."""
    state, context = case.state, case.context
    if not state.acknowledged:
        kind = "how_to" if case.how_to else ("passed_on" if case.missing else "complete")
        return compose.draft_acknowledgement(context, state=kind)
    if _was_completed_now(case) or _administrator_came(case):
        return compose.draft_completed(context)
    return None


def _administrator_came(case: Case) -> bool:
    """Tell whether the administrator wrote whom we had asked for (rule R6), and nothing is missing."""
    state = case.state
    was_asked_for = ADMINISTRATOR in state.asked and state.sender_role == "admin"
    return was_asked_for and not _open(case, case.missing) and "completed" not in state.sent_kinds


def _escalation_reply(case: Case, escalation: Escalation) -> ReplyDraft | None:
    """Confirm that a complete escalation is with the lead, or ask once for what rule R26 still lacks."""
    if escalation.is_complete:
        return None if "escalated" in case.state.sent_kinds else compose.draft_escalated(case.context)
    ask = tuple(part for part in escalation.missing if part not in case.state.asked)
    return compose.draft_escalation_question(case.context, ask) if ask else None


def _other_reply(case: Case) -> ReplyDraft | None:
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


def _was_completed_now(case: Case) -> bool:
    """Tell whether answers brought the last piece since the ticket was last looked at (rule R22)."""
    state = case.state
    asked_about = state.question_raw_id
    if not state.asked or asked_about is None or _open(case, case.missing):
        return False
    before = [fact for fact in case.facts if fact.raw_id is None or fact.raw_id <= asked_about]
    table = table_with(state.topic, state.needs)
    by_answers = _open(case, missing_fields(state.topic, before, subkind=case.subkind, table=table))
    return bool(by_answers and _open(case, state.missing_before))


def _open(case: Case, missing: tuple[str, ...]) -> tuple[str, ...]:
    """Return what of `missing` makes sense to ask for at all: the rest of the strict list is no condition."""
    table = table_with(case.state.topic, case.state.needs)
    return ask_fields(case.state.topic, missing, subkind=case.subkind, table=table)
