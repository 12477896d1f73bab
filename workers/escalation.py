"""Escalation by a seller: is it asked for, and does it say what rule R26 demands.

In go the new words of a mail, the tickets that it concerns and what was found in the whole
ticket, out comes an `Escalation` or None. It is complete when it names the ticket, states the
risk for the business and tells at least two dated events; else only what lacks is asked for.
The words are data (`escalation.toml`). Asking about escalation ("how do I escalate") is none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from models.decisions import Escalation
from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.decisions import FactValue

DATED_EVENTS: Final = 2
TICKET_REF, RISK, CHRONOLOGY = "ticket_ref", "risk", "chronology"
_RISK_FINDINGS: Final = frozenset({"risk", "business_risk"})


def asks_for_escalation(text: str) -> bool:
    """Tell whether new words demand that the matter is raised to a higher level."""
    folded = fold(text)
    return _words("asked").occurs(_words("denied").pattern.sub(" ", folded))


def escalation_of(
    text: str,
    *,
    tickets: Sequence[int],
    findings: Iterable[tuple[str, str]],
    facts: Iterable[FactValue],
) -> Escalation | None:
    """Judge the newest words of a ticket; None when they ask for no escalation.

    `tickets` are our numbers that the matter is known by besides the one it stands on; the words,
    risks and dates of all its mails count.
    """
    if not asks_for_escalation(text):
        return None
    has_risk = any(kind in _RISK_FINDINGS for kind, _ in findings) or _words("risk").occurs(fold(text))
    days = {fact.value for fact in facts if fact.field in {"event_date", "period"}}
    stated = {TICKET_REF: bool(tickets), RISK: has_risk, CHRONOLOGY: len(days) >= DATED_EVENTS}
    return Escalation(missing=tuple(name for name, yes in stated.items() if not yes))


@cache
def _words(which: str) -> WordList:
    return word_list(read_table("escalation.toml")[which]["words"])
