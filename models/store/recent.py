"""What the serving version predicted of late: the material of drift, and the live precision beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from models.store.learning import VersionInfo
from models.store.review import live_precision
from models.store.schema import MESSAGE, PREDICTION
from models.store.versions import pinned

WINDOW: Final = timedelta(days=7)
MOST_MAILS: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentMail:
    """Counts of what was predicted lately."""

    topics: dict[str, int]
    languages: dict[str, int]
    confidences: tuple[float, ...]
    unseen_share: float | None


def recent_mail(db: Connection, model: str, now_utc: datetime) -> RecentMail:
    """Count the newest predictions of a version, at most a week and MOST_MAILS back."""
    rows = db.execute(
        select(PREDICTION.c.topic, PREDICTION.c.confidence, PREDICTION.c.unseen_share, MESSAGE.c.language)
        .join(MESSAGE, MESSAGE.c.raw_id == PREDICTION.c.raw_id)
        .where(PREDICTION.c.model == model, PREDICTION.c.created_at_utc >= now_utc - WINDOW)
        .order_by(PREDICTION.c.id.desc())
        .limit(MOST_MAILS)
    ).all()
    return RecentMail(
        topics=dict(Counter(row.topic for row in rows)),
        languages=dict(Counter(row.language for row in rows)),
        confidences=tuple(row.confidence for row in rows),
        unseen_share=sum(row.unseen_share for row in rows) / len(rows) if rows else None,
    )


def learning_figures(db: Connection, serving: VersionInfo | None) -> dict[str, Any] | None:
    """Return what `razbor status` tells of the serving version; None without one."""
    if serving is None:
        return None
    live = live_precision(db, serving.name)
    return {
        "pinned": pinned(db) == serving.name,
        "audited": live.labelled,
        "live_precision": None if live.share is None else round(live.share, 4),
    }
