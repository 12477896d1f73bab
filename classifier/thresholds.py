"""The confidence from which a mail is routed without a person.

In go, for held-out mails, the confidence and whether the first topic was right; out comes one
threshold per language. It is the lowest one at which the one-sided 95 % lower bound of
precision (Clopper and Pearson, 1934) reaches the target. Languages share strength: the mails
of the other languages count as much as its own, because a 95 % bound of 98 % needs 149
faultless mails alone, and the language is one of the signals of the confidence. Topics have
no threshold of their own yet; the confidence knows their difficulty only through the signals.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from models.topics import LANGUAGES

BOUND: Final = 0.95
SHARED_WEIGHT: Final = 1.0
NEVER: Final = 1.01  # above every confidence: a language without evidence is never routed alone


@dataclass(frozen=True, slots=True)
class Judged:
    """One held-out mail: how confident, and whether right."""

    confidence: float
    right: bool
    language: str


@dataclass(frozen=True, slots=True)
class ThresholdSet:
    """Thresholds per language for one target of precision."""

    target: float
    per_language: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return a name made from the content."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return "t-" + hashlib.sha256(text.encode()).hexdigest()[:10]

    def of(self, language: str) -> float:
        """Return the threshold of a language; of an unknown one the strictest."""
        return self.per_language.get(language, max(self.per_language.values(), default=NEVER))

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {"target": self.target, "per_language": self.per_language}


def choose_thresholds(judged: Sequence[Judged], target: float) -> ThresholdSet:
    """Choose the lowest thresholds that keep the target."""
    return ThresholdSet(target, {name: round(_lowest(judged, name, target), 4) for name in LANGUAGES})


def _lowest(judged: Sequence[Judged], language: str, target: float) -> float:
    """Walk down the confidences and remember the last one at which the bound held."""
    ordered = sorted(judged, key=lambda one: -one.confidence)
    count = wrong = 0.0
    lowest = NEVER
    for one in ordered:
        weight = 1.0 if one.language == language else SHARED_WEIGHT
        count += weight
        wrong += 0.0 if one.right else weight
        if one.language == language and lower_bound(count - wrong, count) >= target:
            lowest = one.confidence
    return lowest


def lower_bound(right: float, count: float) -> float:
    """Return the one-sided 95 % lower bound of a share; counts may be fractions (weights)."""
    from scipy.stats import beta

    if right <= 0:
        return 0.0
    return float(beta.ppf(1 - BOUND, right, count - right + 1)) if count else 0.0


def coverage(judged: Sequence[Judged], thresholds: ThresholdSet) -> tuple[float, float]:
    """Return the share routed alone and the share of those that is right."""
    alone = [one.right for one in judged if one.confidence >= thresholds.of(one.language)]
    return len(alone) / max(len(judged), 1), float(np.mean(alone)) if alone else 0.0
