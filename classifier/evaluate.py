"""Figures of a classifier: gold topics and predictions in, numbers out.

The bundled data are synthetic: say so wherever a figure is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.records import Prediction

BINS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One mail with its gold topic and what was predicted."""

    topic: str
    language: str
    prediction: Prediction


def score_topics(judged: Sequence[Judged], *, target: float) -> dict[str, Any]:
    """Return the topic part of `razbor evaluate --json`."""
    gold = [one.topic for one in judged]
    found = [one.prediction.topic for one in judged]
    result = figures(
        gold, found, [one.prediction.confidence for one in judged], [one.language for one in judged]
    )
    for name, part in result["per_language"].items():
        part.update(_alone([one for one in judged if one.language == name]))
    return result | _alone(judged) | {"target": target}


def _alone(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the share of mails routed without a person, and how many of those are right."""
    sure = [one for one in judged if one.prediction.sure]
    right = sum(one.topic == one.prediction.topic for one in sure)
    return {
        "coverage_at_target": round(len(sure) / len(judged), 4) if judged else 0.0,
        "precision_at_coverage": round(right / len(sure), 4) if sure else None,
    }


def figures(
    gold: Sequence[str], found: Sequence[str], confidences: Sequence[float], languages: Sequence[str]
) -> dict[str, Any]:
    """Return accuracy, macro F1, calibration error, per language, per topic and the confusions."""
    right = [g == f for g, f in zip(gold, found, strict=True)]
    per_topic = _per_topic(gold, found)
    return {
        "accuracy": round(sum(right) / max(len(right), 1), 4),
        "macro_f1": round(sum(t["f1"] for t in per_topic.values()) / max(len(per_topic), 1), 4),
        "ece": round(calibration_error(confidences, right), 4),
        "per_language": {
            name: _language_part(gold, found, [i for i, lang in enumerate(languages) if lang == name])
            for name in sorted(set(languages))
        },
        "per_topic": per_topic,
        "confusion": _confusion(gold, found),
    }


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Return the expected calibration error over 15 equal bins (Naeini et al., 2015)."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, is_right in zip(confidences, right, strict=True):
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, is_right))
    total = max(len(right), 1)
    return sum(
        abs(sum(c for c, _ in part) / len(part) - sum(r for _, r in part) / len(part)) * len(part) / total
        for part in bins.values()
    )


def _language_part(gold: Sequence[str], found: Sequence[str], indices: Sequence[int]) -> dict[str, Any]:
    g, f = [gold[i] for i in indices], [found[i] for i in indices]
    topics = _per_topic(g, f)
    return {
        "n": len(g),
        "accuracy": round(sum(a == b for a, b in zip(g, f, strict=True)) / max(len(g), 1), 4),
        "macro_f1": round(sum(t["f1"] for t in topics.values()) / max(len(topics), 1), 4),
    }


def _per_topic(gold: Sequence[str], found: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return precision, recall and F1 of every topic that occurs in the gold labels."""
    hits = Counter(g for g, f in zip(gold, found, strict=True) if g == f)
    golds, founds = Counter(gold), Counter(found)
    return {
        topic: {
            "n": golds[topic],
            "precision": round(hits[topic] / founds[topic], 4) if founds[topic] else 0.0,
            "recall": round(hits[topic] / golds[topic], 4),
            "f1": round(2 * hits[topic] / (golds[topic] + founds[topic]), 4),
        }
        for topic in sorted(golds)
    }


def _confusion(gold: Sequence[str], found: Sequence[str]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for (g, f), count in sorted(Counter(zip(gold, found, strict=True)).items()):
        table.setdefault(g, {})[f] = count
    return table
