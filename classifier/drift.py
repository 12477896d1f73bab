"""Drift: how far the mail of today is from the mail that the model was trained on.

In go the profile of the training mails (stored with the version) and what was predicted of late;
out come four distances. Shares (topics, languages, bands of confidence) are compared by the
population stability index: under 0.1 nothing, from 0.25 on a shift that deserves a look, as is
usual in credit scoring. The share of unseen words is compared as it is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from classifier.material import Material
    from classifier.thresholds import Judged

BANDS: Final = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)  # edges of the bands of confidence
ALERT_INDEX: Final = 0.25
ALERT_UNSEEN: Final = 0.10  # rise of the share of unseen words
LEAST_MAILS: Final = 200  # below, distances say more of chance than of drift
_SMOOTHING: Final = 0.5  # mails added to every share, so that an empty one has a logarithm


def profile_of(material: Material, judged: Sequence[Judged], unseen: NDArray[np.float64]) -> dict[str, Any]:
    """Return what later mail is compared with: counts per topic, language and band, and unseen words."""
    return {
        "topics": dict(sorted(Counter(mail.topic for mail in material.mails).items())),
        "languages": dict(sorted(Counter(one.language for one in judged).items())),
        "confidence": bands(one.confidence for one in judged),
        "unseen_share": round(float(unseen.mean()), 4),
    }


def bands(confidences: Iterable[float]) -> list[int]:
    """Count confidences per band."""
    counts = [0] * (len(BANDS) + 1)
    for confidence in confidences:
        counts[sum(confidence >= edge for edge in BANDS)] += 1
    return counts


def drift(profile: Mapping[str, Any], recent: Mapping[str, Any]) -> dict[str, Any]:
    """Compare recent mail with a training profile; both have the keys of `profile_of`.

    `alerts` is empty while nothing is unusual, and while fewer than LEAST_MAILS tell.
    """
    mails = sum(recent["languages"].values())
    figures = {
        "topics": stability_index(profile["topics"], recent["topics"]),
        "languages": stability_index(profile["languages"], recent["languages"]),
        "confidence": stability_index(
            dict(enumerate(profile["confidence"])), dict(enumerate(recent["confidence"]))
        ),
    }
    result: dict[str, Any] = {"mails": mails, **{name: round(value, 3) for name, value in figures.items()}}
    alerts = [name for name, value in figures.items() if value >= ALERT_INDEX]
    if recent.get("unseen_share") is not None:
        rise = float(recent["unseen_share"]) - float(profile["unseen_share"])
        result["unseen_rise"] = round(rise, 3)
        if rise >= ALERT_UNSEEN:
            alerts.append("unseen_rise")
    result["alerts"] = alerts if mails >= LEAST_MAILS else []
    return result


def stability_index(before: Mapping[Any, int], after: Mapping[Any, int]) -> float:
    """Return the population stability index of two distributions given as counts."""
    names = sorted(set(before) | set(after), key=str)
    if not names or not sum(after.values()) or not sum(before.values()):
        return 0.0
    total_before = sum(before.values()) + _SMOOTHING * len(names)
    total_after = sum(after.values()) + _SMOOTHING * len(names)
    index = 0.0
    for name in names:
        old = (before.get(name, 0) + _SMOOTHING) / total_before
        new = (after.get(name, 0) + _SMOOTHING) / total_after
        index += (new - old) * math.log(new / old)
    return index
