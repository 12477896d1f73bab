"""Drift of the mail of the last week against what the serving version was trained on (`classifier.drift`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from models.store import Store
from models.store.learning import champion
from models.store.recent import recent_mail


def drift_of(store: Store, now_utc: datetime) -> dict[str, Any] | None:
    """Return the distances and alerts; None without a champion that keeps a profile of its training."""
    with store.read() as db:
        serving = champion(db)
        profile = None if serving is None else serving.metrics.get("profile")
        if serving is None or not isinstance(profile, dict):
            return None
        from classifier.drift import bands, drift  # numpy; a desk without a model needs none

        recent = recent_mail(db, serving.name, now_utc)
    return drift(
        profile,
        {
            "topics": recent.topics,
            "languages": recent.languages,
            "confidence": bands(recent.confidences),
            "unseen_share": recent.unseen_share,
        },
    )
