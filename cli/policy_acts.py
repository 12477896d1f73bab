"""The console's `PolicyDesk` over `workers.policy_acts`: refusals are told in the console's terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from console.desk import DeskRefusalError
from console.policy_desk import RequiredRow
from models.reply_template import RenderedReply
from models.topic_policy import TOPICS, needs_of
from workers.acts import ActError
from workers.policy_acts import change_policy, policy_in_force, restore_policy
from workers.replies import compose
from workers.replies.compose import ReplyContext
from workers.reply_templates import MAX_REPLY_CHARS, render, sample_values
from workers.required_data import ask_fields, missing_fields, rules_of, table_with
from workers.service import Service
from workers.word_lists import read_table

SAMPLE_NUMBER = 100_042


class PolicyActs:
    """Policies of the desk; see `console.policy_desk.PolicyDesk`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def in_force(self, name: str) -> tuple[Mapping[str, Any], int]:
        """Return a policy and its version."""
        return policy_in_force(self._service, name)

    def change(self, name: str, body: Mapping[str, Any], was: int, actor: str) -> int:
        """Write a new version."""
        with _refusals():
            return change_policy(self._service, actor, name, body, was)

    def restore(self, name: str, version: int, actor: str) -> int:
        """Put an earlier version in force again."""
        with _refusals():
            return restore_policy(self._service, actor, name, version)

    def required_data(self) -> list[RequiredRow]:
        """Return what each topic and each special kind of it needs."""
        rows: list[RequiredRow] = []
        for topic in read_table("required_data.toml")["topics"]:
            general, *special = self.topic_needs(topic)
            rows += [general, *(row for row in special if _needs(row) != _needs(general))]
        return rows

    def topic_needs(self, topic: str) -> list[RequiredRow]:
        """Return what a topic and every kind of mail of it needs."""
        table = table_with(topic, needs_of(self.in_force(TOPICS)[0], topic))
        kinds = table["topics"].get(topic, {}).get("subkinds", {})
        return [_row(topic, kind, table) for kind in ("", *kinds)]

    def askable_fields(self) -> tuple[str, ...]:
        """Return the data that a question can ask for."""
        return compose.askable_fields()

    def preview_question(self, row: RequiredRow, language: str, name: str) -> str:
        """Write the question to a seller who gave nothing that a row requires."""
        rules = {"required": row.required, "skip": row.skipped}
        table = table_with(row.topic, {row.subkind: rules})
        missing = missing_fields(row.topic, (), subkind=row.subkind, table=table)
        ask = ask_fields(row.topic, missing, subkind=row.subkind, table=table)
        context = ReplyContext(
            number=SAMPLE_NUMBER,
            language=language,
            topic=row.topic,
            subkind=row.subkind,
            topic_names={language: name},
        )
        if not ask:
            return compose.draft_acknowledgement(context, state="complete").text
        return compose.draft_question(context, ask, everything=False, acknowledged=False).text

    def preview_template(self, text: str, language: str) -> RenderedReply:
        """Fill a template in with invented values."""
        return render(text[:MAX_REPLY_CHARS], sample_values(language))


def _row(topic: str, subkind: str, table: Mapping[str, Any]) -> RequiredRow:
    rules = rules_of(topic, subkind, table)
    skipped = tuple(part for part in rules["required"] if part in rules["skip"])
    return RequiredRow(topic=topic, subkind=subkind, required=rules["required"], skipped=skipped)


def _needs(row: RequiredRow) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return row.required, row.skipped


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ActError as error:
        raise DeskRefusalError(str(error)) from error
