"""How often the missing list is exactly right, measured against the corpus.

In go, per mail, the gold list, the list that was worked out, and which topic either holds for;
out come shares: over all mails, over mails whose topic is right, per language and per topic,
and which parts are asked too often or too seldom. A list is right when it holds the same
parts, in whatever order. The corpus is synthetic: say so where a score is shown.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingCase:
    """One mail with what should be missing and what was found missing."""

    gold: tuple[str, ...]
    found: tuple[str, ...]
    gold_topic: str
    found_topic: str
    language: str

    @property
    def exact(self) -> bool:
        """True when both lists hold the same parts."""
        return set(self.gold) == set(self.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingScores:
    """Shares are 0.0 to 1.0, and 0.0 where nothing was counted."""

    n: int
    exact: float  # of all mails
    n_topic_right: int
    exact_topic_right: float  # of the mails whose topic is right
    per_language: dict[str, float] = field(default_factory=dict)
    per_topic: dict[str, float] = field(default_factory=dict)  # by gold topic
    asked_needlessly: dict[str, int] = field(default_factory=dict)  # part -> mails whose topic is right
    not_asked: dict[str, int] = field(default_factory=dict)


def score_missing(cases: Iterable[MissingCase]) -> MissingScores:
    """Count `cases` once; each mail weighs the same."""
    all_cases = list(cases)
    right = [case for case in all_cases if case.gold_topic == case.found_topic]
    needless: Counter[str] = Counter()
    lacking: Counter[str] = Counter()
    for case in right:
        needless.update(set(case.found) - set(case.gold))
        lacking.update(set(case.gold) - set(case.found))
    return MissingScores(
        n=len(all_cases),
        exact=_share(all_cases),
        n_topic_right=len(right),
        exact_topic_right=_share(right),
        per_language=_shares_by((case.language, case) for case in all_cases),
        per_topic=_shares_by((case.gold_topic, case) for case in all_cases),
        asked_needlessly=dict(needless.most_common()),
        not_asked=dict(lacking.most_common()),
    )


def _shares_by(pairs: Iterable[tuple[str, MissingCase]]) -> dict[str, float]:
    groups: dict[str, list[MissingCase]] = {}
    for name, case in pairs:
        groups.setdefault(name, []).append(case)
    return {name: _share(groups[name]) for name in sorted(groups)}


def _share(cases: list[MissingCase]) -> float:
    return sum(case.exact for case in cases) / len(cases) if cases else 0.0
