"""Rows of a list as they are written: every word, moment and colour of a row, worked out before the page.

In go the lines of `models.store.board`, out come records of ready words. A list has fifty rows of
some thirty values each; written out here they cost half of what macros of the page cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from console.masking import masked
from console.moments import Moments
from models.store.board import TicketLine
from models.topics import Status

MISSING_SHOWN: Final = 2
OFTEN: Final = 3  # earlier tickets of the same matter that make a repeat
PRIORITY_SIGNS: Final = {"urgent": "⬆", "high": "↑", "normal": "·", "low": "↓"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """One row in the reader's words; an empty text is not shown."""

    number: int
    priority: str
    priority_sign: str
    priority_name: str
    subject: str
    preview: str
    topic: str
    topic_name: str
    chips: tuple[tuple[str, str, str], ...]  # class, words, title
    seller: str
    requester: str
    assignee: str
    age: str
    updated: str
    updated_utc: str
    left: str
    due: str
    is_over: bool


def shown_lines(lines: Iterable[TicketLine], when: Moments, topic: Callable[[str], str]) -> list[ShownLine]:
    """Write the rows of a list out; `topic` tells what a topic is called."""
    return [_shown(line, when, topic) for line in lines]


def _shown(line: TicketLine, when: Moments, topic: Callable[[str], str]) -> ShownLine:
    words = when.words
    has_clock = line.sla_due_at_utc is not None and line.status != Status.WAITING_SELLER
    due = line.sla_due_at_utc if has_clock else None
    return ShownLine(
        number=line.number,
        priority=line.priority,
        priority_sign=PRIORITY_SIGNS.get(line.priority, "·"),
        priority_name=words.name("priority", line.priority),
        subject=line.subject or words("label.no_subject"),
        preview=masked(line.preview),
        topic=line.topic,
        topic_name=topic(line.topic),
        chips=tuple(_chips(line, when)),
        seller=line.seller_id or line.requester,
        requester=line.requester,
        assignee=line.assignee,
        age=when.age(line.updated_at_utc),
        updated=when.full(line.updated_at_utc),
        updated_utc=when.machine(line.updated_at_utc),
        left=when.left(due),
        due=when.full(due),
        is_over=when.is_over(due),
    )


def _chips(line: TicketLine, when: Moments) -> Iterable[tuple[str, str, str]]:
    words = when.words
    if line.in_review:
        yield "", words("nav.review"), ""
    if line.escalated:
        yield "warn", words("nav.escalated"), ""
    if line.status != Status.NEW:
        yield "", words.name("status", line.status), ""
    for group in line.missing[:MISSING_SHOWN]:
        yield "missing", words.fields(group), words("label.missing")
    more = line.missing[MISSING_SHOWN:]
    if more:
        yield "missing", f"+{len(more)}", words.fields("|".join(more))
    if line.repeats >= OFTEN:
        yield "warn", words("label.repeat"), ""
