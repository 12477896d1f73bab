"""What is missing before a ticket can be worked: boolean rules over its facts.

In go a topic, its subkind and the facts of the whole ticket, out come the parts that are
missing, OR groups joined by "|" as the corpus writes them. The rules are one table of data
(`required_data.toml`, domain 2.1 read strictly as 2.4 decides); a topic of an operator's
own without rules misses nothing. The strict list and the question differ: `ask_fields`
leaves out what makes no sense for the subkind and everything that was asked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.word_lists import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.decisions import FactValue
    from models.topic_policy import Needs


def rules_of(topic: str, subkind: str = "", table: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the rules in force: `required`, `skip` and `counts_as`, the subkind's over the topic's.

    `table` has the shape of `required_data.toml`; without it the shipped one is used.
    """
    table = table if table is not None else read_table("required_data.toml")
    row: Mapping[str, Any] = table["topics"].get(topic, {})
    special: Mapping[str, Any] = row.get("subkinds", {}).get(subkind, {})
    counts_as = {**table["counts_as"], **row.get("counts_as", {}), **special.get("counts_as", {})}
    return {
        "required": tuple(special.get("required", row.get("required", ()))),
        "skip": frozenset(special.get("skip", row.get("skip", ()))),
        "counts_as": counts_as,
    }


def table_with(topic: str, needs: Needs) -> dict[str, Any]:
    """Return the shipped table with what a desk requires otherwise for one topic."""
    shipped = read_table("required_data.toml")
    if not needs:
        return shipped
    row = shipped["topics"].get(topic, {})
    kinds = row.get("subkinds", {})
    own = {kind: {**kinds.get(kind, {}), **rules} for kind, rules in needs.items() if kind}
    changed = {**row, **needs.get("", {}), "subkinds": {**kinds, **own}}
    return {**shipped, "topics": {**shipped["topics"], topic: changed}}


def missing_fields(
    topic: str,
    facts: Iterable[FactValue],
    *,
    subkind: str = "",
    table: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Parts of the rule of `topic` that `facts` do not meet, in the rule's order: the strict list."""
    known = {fact.field for fact in facts if fact.value}
    rules = rules_of(topic, subkind, table)
    counts_as: Mapping[str, list[str]] = rules["counts_as"]

    def is_met(part: str) -> bool:
        return any(name in known or not known.isdisjoint(counts_as.get(name, ())) for name in part.split("|"))

    return tuple(part for part in rules["required"] if not is_met(part))


def ask_fields(
    topic: str,
    missing: Iterable[str],
    *,
    subkind: str = "",
    asked: frozenset[str] = frozenset(),
    table: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Return what the question may still ask: `missing` without the subkind's `skip` and fields in `asked`.

    `asked` may hold single fields and OR groups; a group of which one field was asked is not asked again.
    """
    skip = rules_of(topic, subkind, table)["skip"]
    before = {name for part in asked for name in part.split("|")}
    return tuple(part for part in missing if part not in skip and before.isdisjoint(part.split("|")))


def completeness(topic: str, missing: Iterable[str], *, subkind: str = "") -> float:
    """Share of the required parts that are there, 0 to 1 (rule R7); 1 for a topic that requires nothing."""
    required = rules_of(topic, subkind)["required"]
    return 1.0 - len(tuple(missing)) / len(required) if required else 1.0
