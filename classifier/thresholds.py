"""The confidence from which a mail is routed without a person, and the bar for quarantine.

In go, for held-out mails, the confidence and whether the first topic was right; out comes a
`ThresholdSet`, named by its content.

Languages: the lowest threshold at which the one-sided 95 % lower bound of precision (Clopper
and Pearson, 1934) reaches the target. The bound is taken over the mails of all languages
whose confidence is at least as high, because a 95 % bound of 98 % needs 149 faultless mails
alone and the language is a signal of the confidence already; a language without a single
mail of its own is never routed.

Topics are shrunk towards their language: the error of a topic above the threshold is estimated
with PRIOR_MAILS mails of the whole's error added to its own, and the topic's threshold rises
until that estimate keeps the target, TOPIC_SLACK times missed. A topic with fewer than
LEAST_EXAMPLES labelled mails is for review only.

Spam: the lowest bar at which the upper 95 % bound of the share of genuine mail that would be
quarantined stays under MOST_GENUINE_QUARANTINED, and the precision seen reaches the target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from models.topics import LANGUAGES, SPAM

BOUND: Final = 0.95
PRIOR_MAILS: Final = 50
TOPIC_SLACK: Final = 1.5
LEAST_EXAMPLES: Final = 15
MOST_GENUINE_QUARANTINED: Final = 0.005
NEVER: Final = 1.01  # above every confidence


@dataclass(frozen=True, slots=True)
class Judged:
    """One held-out mail: what was predicted, how confident, and whether right."""

    confidence: float
    right: bool
    language: str
    topic: str = ""  # predicted
    spam_probability: float = 0.0


@dataclass(frozen=True)
class ThresholdSet:
    """Thresholds for one target of precision; a mail must reach those of its language and its topic."""

    target: float
    per_language: dict[str, float] = field(default_factory=dict)
    per_topic: dict[str, float] = field(default_factory=dict)  # only where above the languages'
    spam: float = NEVER  # of the spam probability

    @cached_property
    def name(self) -> str:
        """Return a name made from the content."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return "t-" + hashlib.sha256(text.encode()).hexdigest()[:10]

    @cached_property
    def _strictest(self) -> float:
        return max(self.per_language.values(), default=NEVER)

    def of(self, language: str, topic: str = "") -> float:
        """Return the threshold of a mail; an unknown language has the strictest, spam its own bar."""
        if topic == SPAM:
            return self.spam
        general = self.per_language.get(language, self._strictest)
        return max(general, self.per_topic.get(topic, 0.0))

    def is_sure(self, *, language: str, topic: str, confidence: float, spam_probability: float) -> bool:
        """Tell whether a mail may go its way without a person."""
        if topic == SPAM:
            return spam_probability >= self.spam
        return confidence >= self.of(language, topic)

    def takes(self, mail: Judged) -> bool:
        """Tell whether a held-out mail would go its way without a person."""
        return self.is_sure(
            language=mail.language,
            topic=mail.topic,
            confidence=mail.confidence,
            spam_probability=mail.spam_probability,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "target": self.target,
            "per_language": self.per_language,
            "per_topic": self.per_topic,
            "spam": self.spam,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ThresholdSet:
        """Return the set that was stored. Raises KeyError or ValueError for anything else."""
        return cls(
            float(stored["target"]),
            {str(name): float(value) for name, value in stored["per_language"].items()},
            {str(name): float(value) for name, value in stored["per_topic"].items()},
            float(stored["spam"]),
        )


def choose_thresholds(
    judged: Sequence[Judged], target: float, examples_per_topic: Mapping[str, int] | None = None
) -> ThresholdSet:
    """Choose the lowest thresholds that keep the target."""
    genuine = [one for one in judged if one.topic != SPAM]
    per_language = _of_languages(genuine, target)
    base = ThresholdSet(target, per_language)
    per_topic = {
        topic: raised
        for topic in sorted({one.topic for one in genuine})
        if (raised := _of_topic(genuine, topic, base)) > 0
    }
    few = {topic: NEVER for topic, count in (examples_per_topic or {}).items() if count < LEAST_EXAMPLES}
    return ThresholdSet(target, per_language, per_topic | few, _of_spam(judged, target))


def lower_bound(right: float, count: float) -> float:
    """Return the one-sided 95 % lower bound of a share."""
    from scipy.stats import beta

    return float(beta.ppf(1 - BOUND, right, count - right + 1)) if right > 0 else 0.0


def upper_bound(hits: float, count: float) -> float:
    """Return the one-sided 95 % upper bound of a share."""
    return 1.0 - lower_bound(count - hits, count)


def coverage(judged: Sequence[Judged], thresholds: ThresholdSet) -> tuple[float, float]:
    """Return the share that needs no person and the share of those that is right."""
    alone = [one.right for one in judged if thresholds.takes(one)]
    return len(alone) / max(len(judged), 1), float(np.mean(alone)) if alone else 0.0


def _of_languages(judged: Sequence[Judged], target: float) -> dict[str, float]:
    """Walk down the confidences and remember, per language, the last mail at which the bound held."""
    from scipy.stats import beta

    ordered = sorted(judged, key=lambda one: -one.confidence)
    counts = np.arange(1, len(ordered) + 1)
    rights = np.cumsum([one.right for one in ordered])
    with np.errstate(invalid="ignore"):  # no bound without a right one: not a number, which holds nothing
        holds = beta.ppf(1 - BOUND, rights, counts - rights + 1) >= target
    lowest = dict.fromkeys(LANGUAGES, NEVER)
    for one, held in zip(ordered, holds, strict=True):
        if held and one.language in lowest:
            lowest[one.language] = one.confidence
    return {language: _rounded_up(confidence) for language, confidence in lowest.items()}


def _of_topic(judged: Sequence[Judged], topic: str, base: ThresholdSet) -> float:
    """Return the threshold that a topic needs above its languages', 0 when it needs none."""
    sure = [one for one in judged if one.confidence >= base.of(one.language)]
    usual_error = sum(not one.right for one in sure) / max(len(sure), 1)
    allowed = TOPIC_SLACK * (1.0 - base.target)
    own = sorted((one for one in sure if one.topic == topic), key=lambda one: -one.confidence)
    wrong = 0
    lowest, all_met = NEVER, True
    for count, one in enumerate(own, start=1):
        wrong += not one.right
        all_met = (wrong + PRIOR_MAILS * usual_error) / (count + PRIOR_MAILS) <= allowed
        if all_met:
            lowest = one.confidence
    return 0.0 if all_met else _rounded_up(lowest)


def _of_spam(judged: Sequence[Judged], target: float) -> float:
    """Walk down the spam probabilities of what was taken for spam and remember the last safe one."""
    taken = sorted((one for one in judged if one.topic == SPAM), key=lambda one: -one.spam_probability)
    wrongs_in_all = sum(not one.right for one in taken)
    genuine = sum(one.topic != SPAM for one in judged) + wrongs_in_all
    lowest, wrong = NEVER, 0
    for count, one in enumerate(taken, start=1):
        wrong += not one.right
        is_rare = upper_bound(wrong, genuine) <= MOST_GENUINE_QUARANTINED
        if is_rare and 1 - wrong / count >= target:
            lowest = one.spam_probability
    return _rounded_up(lowest)


def _rounded_up(threshold: float) -> float:
    """Round to four places, never below what was proved."""
    return float(np.ceil(threshold * 10_000 - 1e-9) / 10_000)
