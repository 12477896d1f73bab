"""Model versions as the console shows them: figures and history without the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from models.store.schema import MODEL_VERSION

MOST_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCard:
    """One version. Figures are those of `metrics`, cross-fitted at its training."""

    name: str
    state: str  # candidate, champion, retired
    example_count: int
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    environment: dict[str, Any]
    note: str
    created_at_utc: datetime
    promoted_at_utc: datetime | None
    has_artefact: bool  # False: it can no longer serve
    has_report: bool


def version_cards(db: Connection, *, name: str = "") -> list[VersionCard]:
    """Return the newest versions, or the one of a name."""
    kept = MODEL_VERSION.c
    query = (
        select(
            kept.name,
            kept.state,
            kept.example_count,
            kept.metrics,
            kept.parameters,
            kept.environment,
            kept.note,
            kept.created_at_utc,
            kept.promoted_at_utc,
            kept.artefact.is_not(None).label("has_artefact"),
            (func.length(kept.report) > 0).label("has_report"),
        )
        .order_by(kept.id.desc())
        .limit(MOST_SHOWN)
    )
    if name:
        query = query.where(kept.name == name)
    rows = db.execute(query).mappings()
    return [
        VersionCard(
            **{
                **row,
                "has_artefact": bool(row["has_artefact"]),
                "has_report": bool(row["has_report"]),
            }
        )
        for row in rows
    ]
