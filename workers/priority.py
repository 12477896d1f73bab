"""The priority of a ticket, a sum of four parts (rule R24): criticality, identifiers, evidence, history.

In go the topic, the words, the facts and the attachments of the whole ticket, out come the
points of each part and a level (low, normal, high, urgent). The points are data
(`priority.toml`). A part only grows with what a mail brings: an identifier or an act that
arrives later never lowers the priority. How loudly the seller shouts is a small part (R61).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.decisions import FactValue

LEVELS: Final = ("low", "normal", "high", "urgent")
PARTS: Final = ("criticality", "identifiers", "evidence", "history")
_NEAR_DAYS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityInput:
    """What the score looks at."""

    topic: str
    text: str  # subject and new text of the seller's mails
    facts: tuple[FactValue, ...] = ()
    findings: tuple[tuple[str, str], ...] = ()  # (type, value)
    attachment_kinds: tuple[str, ...] = ()
    message_count: int = 1
    how_to: bool = False
    today: date | None = None  # to tell a near deadline


def priority_of(given: PriorityInput) -> tuple[str, dict[str, int]]:
    """Level and the points of each of `PARTS`."""
    table = read_table("priority.toml")
    folded = fold(given.text)
    points = {
        "criticality": _criticality(given, folded, table["criticality"]),
        "identifiers": _identifiers(given.facts, table["identifiers"]),
        "evidence": _evidence(given.attachment_kinds, table["evidence"]),
        "history": _history(given.message_count, folded, table["history"]),
    }
    return level_of(sum(points.values()), given.topic), points


def level_of(total: int, topic: str) -> str:
    """Return the level of a sum of points; nobody's case (thanks, letters of buyers, spam) is always low."""
    table = read_table("priority.toml")
    if _base(topic, table["criticality"]) == 0:
        return "low"
    return next((name for name in LEVELS[:0:-1] if total >= table["levels"][name]), "low")


def within_level(total: int, level: str) -> int:
    """Move a sum of points into one of `LEVELS`, so that a priority set by hand is sorted rightly."""
    bounds = [0, *(int(read_table("priority.toml")["levels"][name]) for name in LEVELS[1:]), 101]
    at = LEVELS.index(level)
    return max(bounds[at], min(total, bounds[at + 1] - 1))


def is_called_urgent(text: str, findings: Iterable[tuple[str, str]] = ()) -> bool:
    """Tell whether the seller calls the matter urgent (rule R61)."""
    if any(kind == "priority_stated" and value != "low" for kind, value in findings):
        return True
    return _words("stated").occurs(_words("denied").pattern.sub(" ", fold(text)))


def _base(topic: str, table: dict[str, Any]) -> int:
    return int(table["base"].get(topic, table["base_default"]))


def _criticality(given: PriorityInput, folded: str, table: dict[str, Any]) -> int:
    points = _base(given.topic, table)
    if points == 0:
        return 0
    for row, words in _crit_lists():
        if given.topic in row.get("topics", [given.topic]):
            points += row["points"] * min(row["cap"], len(words.found(folded)))
    kinds = [kind for kind, _ in given.findings]
    if {"risk", "business_risk"} & set(kinds):
        points += table["risk"]
    points += _deadline_points(given, table)
    if is_called_urgent(given.text, given.findings):
        points += table["stated"]
    if given.how_to:
        points += table["how_to"]
    return max(0, min(points, int(table["cap"])))


def _deadline_points(given: PriorityInput, table: dict[str, Any]) -> int:
    days = [value for kind, value in given.findings if kind == "deadline"]
    if not days:
        return 0
    if given.today is not None:
        last = (given.today + timedelta(days=_NEAR_DAYS)).isoformat()
        if any(given.today.isoformat() <= day[:10] <= last for day in days):
            return int(table["deadline_near"])
    return int(table["deadline"])


def _identifiers(facts: Iterable[FactValue], table: dict[str, Any]) -> int:
    known = {fact.field for fact in facts if fact.value}
    points = sum(table[part] for part in ("who", "what", "when") if known & set(table[f"{part}_fields"]))
    return min(int(points), int(table["cap"]))


def _evidence(kinds: Sequence[str], table: dict[str, Any]) -> int:
    return min(sum(int(table["kinds"].get(kind, 0)) for kind in kinds), int(table["cap"]))


def _history(message_count: int, folded: str, table: dict[str, Any]) -> int:
    points = table["per_follow_up"] * max(0, message_count - 1)
    if _words("escalation").occurs(folded):
        points += table["escalation"]
    return min(int(points), int(table["cap"]))


@cache
def _crit_lists() -> tuple[tuple[dict[str, Any], WordList], ...]:
    return tuple(
        (row, word_list(row["words"])) for row in read_table("priority.toml")["criticality"]["words"]
    )


@cache
def _words(which: str) -> WordList:
    table = read_table("priority.toml")
    if which == "escalation":
        return word_list(table["history"]["escalation_words"])
    return word_list(table["criticality"]["stated_words"]["words" if which == "stated" else "denied"])
