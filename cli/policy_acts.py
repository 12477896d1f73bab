"""The console's `PolicyDesk` over `workers.policy_acts`: refusals are told in the console's terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from console.desk import DeskRefusalError
from console.policy_desk import RequiredRow
from models.reply_template import RenderedReply
from workers.acts import ActError
from workers.policy_acts import change_policy, policy_in_force, restore_policy
from workers.reply_templates import MAX_REPLY_CHARS, render, sample_values
from workers.required_data import rules_of
from workers.service import Service
from workers.word_lists import read_table


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
        for topic, table in read_table("required_data.toml")["topics"].items():
            general = _row(topic, "")
            special = [_row(topic, subkind) for subkind in table.get("subkinds", {})]
            rows += [general, *(row for row in special if _needs(row) != _needs(general))]
        return rows

    def preview_template(self, text: str, language: str) -> RenderedReply:
        """Fill a template in with invented values."""
        return render(text[:MAX_REPLY_CHARS], sample_values(language))


def _row(topic: str, subkind: str) -> RequiredRow:
    rules = rules_of(topic, subkind)
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
