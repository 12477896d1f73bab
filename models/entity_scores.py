"""How well the extraction finds what a mail names, measured against annotated mails.

In go, per mail, its language, the gold rows of the corpus (`type`, `value`) and the entities that were
found; out come counts and precision, recall and F1: micro, per type and per language. Two entities match
when they have the same type and the same value (blank space and case do not count); within one mail the
same value counts once. A secret has no value: secrets match by their number per mail. The measure is the
exact-match F1 of the CoNLL-2003 shared task, on values instead of spans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.records import Entity


@dataclass(slots=True)
class Counts:
    """Entities found and right, found and wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 0.0 when nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold that was found; 0.0 when there is no gold."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 0.0

    @property
    def gold(self) -> int:
        """How many gold entities there were."""
        return self.right + self.missed

    def add(self, right: int, wrong: int, missed: int) -> None:
        """Count the entities of one more mail."""
        self.right += right
        self.wrong += wrong
        self.missed += missed


@dataclass(frozen=True, slots=True)
class EntityScores:
    """The measure over a set of mails."""

    micro: Counts = field(default_factory=Counts)
    per_type: dict[str, Counts] = field(default_factory=dict)
    per_language: dict[str, Counts] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the entity part of `razbor evaluate --json`."""
        return {
            "micro_f1": round(self.micro.f1, 4),
            "per_language": {name: round(counts.f1, 4) for name, counts in sorted(self.per_language.items())},
            "per_type": {
                name: {
                    "precision": round(counts.precision, 4),
                    "recall": round(counts.recall, 4),
                    "f1": round(counts.f1, 4),
                    "gold": counts.gold,
                }
                for name, counts in sorted(self.per_type.items())
            },
        }


def comparable(value: str) -> str:
    """Return `value` as it is compared: without blank space, upper case."""
    return "".join(value.split()).upper()


def _gold_keys(rows: Iterable[Mapping[str, str]]) -> Counter[tuple[str, str]]:
    keys: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row["type"] == "secret":
            keys["secret", ""] += 1
        else:
            keys[row["type"], comparable(row["value"])] = 1
    return keys


def _found_keys(entities: Iterable[Entity]) -> Counter[tuple[str, str]]:
    keys: Counter[tuple[str, str]] = Counter()
    for entity in entities:
        if entity.type == "secret":
            keys["secret", ""] += 1
        else:
            keys[entity.type, comparable(entity.value)] = 1
    return keys


def score_entities(
    mails: Iterable[tuple[str, Sequence[Mapping[str, str]], Sequence[Entity]]],
) -> EntityScores:
    """Score mails given as (language, gold rows, found entities)."""
    scores = EntityScores()
    for language, gold_rows, found_entities in mails:
        gold, found = _gold_keys(gold_rows), _found_keys(found_entities)
        by_language = scores.per_language.setdefault(language, Counts())
        for key in gold.keys() | found.keys():
            right = min(gold[key], found[key])
            change = (right, found[key] - right, gold[key] - right)
            scores.micro.add(*change)
            by_language.add(*change)
            scores.per_type.setdefault(key[0], Counts()).add(*change)
    return scores
