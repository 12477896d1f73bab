"""The subkind of a mail within its topic, and whether it only asks how things work (rule R62, domain 2.4).

In go the topic, the mail's words and its facts, out come a name of `subkinds.toml` (required
data and question depend on it) and a yes or no for `how_to`. Both are word lists and small
whole-number weights in data files; the subkind is a hint for the question, never a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from workers.word_lists import WordList, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.decisions import FactValue

_FACT_POINTS: Final = 3
_STRONG_POINTS: Final = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    facts: frozenset[str]
    words: WordList
    strong: WordList


def subkind_of(topic: str, text: str, facts: Iterable[FactValue]) -> str:
    """Name the best-scoring subkind of `topic` for `text` (subject and words of the mail); "" without any."""
    kinds = _kinds(topic)
    if not kinds:
        return ""
    folded = fold(text)
    known = {fact.field for fact in facts if fact.value}
    best, best_points = str(read_table("subkinds.toml")[topic]["default"]), 0
    for kind in kinds:
        points = (
            _FACT_POINTS * len(kind.facts & known)
            + len(kind.words.found(folded))
            + _STRONG_POINTS * len(kind.strong.found(folded))
        )
        if points > best_points:
            best, best_points = kind.name, points
    return best


@cache
def _kinds(topic: str) -> tuple[_Kind, ...]:
    rows = read_table("subkinds.toml").get(topic, {}).get("kind", [])
    return tuple(
        _Kind(
            name=row["name"],
            facts=frozenset(row.get("facts", ())),
            words=word_list(row.get("words", ())),
            strong=word_list(row.get("strong", ())),
        )
        for row in rows
    )
