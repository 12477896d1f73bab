"""The promise watched in service: the audit share tells how many routed mails were right.

When the labels of the audit share say with 95 % confidence that the serving version keeps less
than the target, the version before it serves again, and stays until a person promotes another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from classifier.thresholds import upper_bound
from models.store import Store, StoreError
from models.store.learning import champion, note_version
from models.store.review import live_precision
from models.store.versions import pinned, rollback

LEAST_LABELLED: Final = 30


def watch_live_precision(store: Store, target: float, now_utc: datetime) -> str:
    """Roll back if the champion breaks its promise; returns what was done in words, "" for nothing."""
    with store.write(["model"]) as db:
        serving = champion(db)
        if serving is None or pinned(db) == serving.name:
            return ""
        live = live_precision(db, serving.name)
        if live.labelled < LEAST_LABELLED or upper_bound(live.right, live.labelled) >= target:
            return ""
        cause = f"live precision {live.share:.1%} of {live.labelled} audited mails is under {target:.0%}"
        try:
            name = rollback(db, cause, now_utc=now_utc)
        except StoreError as error:
            note_version(db, serving.name, f"{cause}; {error}")
            return ""
    return f"{name} serves again: {cause}"
