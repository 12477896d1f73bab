"""What the console asks of the desk's policies; built in `cli/policy_acts.py` over `workers.policy_acts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from models.reply_template import RenderedReply

REPLIES: Final = "replies"
DUPLICATES: Final = "duplicates"
RETENTION: Final = "retention"
CALENDAR: Final = "calendar"
TERMS: Final = "sla"
TOPICS: Final = "topics"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredRow:
    """What a topic needs before it can be worked; `subkind` is "" for the topic itself."""

    topic: str
    subkind: str
    required: tuple[str, ...]  # "a|b" is met by either
    skipped: tuple[str, ...]  # needed, but never asked for


class PolicyDesk(Protocol):
    """Reads and changes policies; raises `DeskRefusalError` with words for the operator."""

    def in_force(self, name: str) -> tuple[Mapping[str, Any], int]:
        """Return a policy and its version; version 0 is what is shipped."""

    def change(self, name: str, body: Mapping[str, Any], was: int, actor: str) -> int:
        """Write a new version; refused when `was` is no longer in force or the body cannot be used."""

    def restore(self, name: str, version: int, actor: str) -> int:
        """Put an earlier version in force again."""

    def preview_template(self, text: str, language: str) -> RenderedReply:
        """Fill the variables of a template in with invented values, as a reply would be."""

    def required_data(self) -> list[RequiredRow]:
        """Return what each topic needs, and each of its kinds that needs something else."""

    def topic_needs(self, topic: str) -> list[RequiredRow]:
        """Return what a topic and every kind of mail of it needs."""

    def askable_fields(self) -> tuple[str, ...]:
        """Return the data that a question can ask for."""

    def preview_question(self, row: RequiredRow, language: str, name: str) -> str:
        """Write the question to a seller who gave nothing that a row requires; `name` is the topic's."""
