"""The order in which people teach: unsure mails by their margin, and the audit share among them.

A mail whose first two topics are nearly as likely teaches most (margin sampling: three thousand
labels chosen so are worth about four and a half thousand random ones on public data). Routed
mails drawn for the audit share stand among them without their prediction, so that what a person
says of them is not led by it; from those labels comes the live precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.engine import Connection

from models.store.schema import LABEL, PREDICTION, TICKET

SHOWN_TOPICS: Final = 3
_IN_REVIEW: Final[ColumnElement[bool]] = literal_column(
    "ticket.in_review"
)  # the very words of the partial indexes
_AUDITED: Final[ColumnElement[bool]] = literal_column("prediction.audit")
_TOLD: Final = (PREDICTION.c.raw_id, PREDICTION.c.probabilities, PREDICTION.c.margin, TICKET.c.id)
Row = TypeVar("Row")
EVERY: Final = 6  # every sixth mail that a person is shown is one of the audit share


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A mail that waits for a person's topic; `topics` is empty where the prediction must stay hidden."""

    raw_id: int
    ticket: int
    is_audit: bool
    topics: tuple[str, ...]  # the likeliest first
    margin: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePrecision:
    """What people said of the audit share of one model version."""

    model: str
    labelled: int
    right: int

    @property
    def share(self) -> float | None:
        """Share of routed mails that were right; None before the first label."""
        return self.right / self.labelled if self.labelled else None


def review_rows(db: Connection, limit: int) -> list[ReviewRow]:
    """Return what to label next, the most useful first, mixed with rows of the audit share."""
    unsure = [_row(row, is_audit=False) for row in db.execute(_unsure(*_TOLD).limit(limit))]
    drawn = [_row(row, is_audit=True) for row in db.execute(_unlabelled_audit(*_TOLD).limit(limit))]
    return _mixed(unsure, drawn)[:limit]


def review_queues(db: Connection, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the unsure mails by their margin, and those of the audit share: raw_id and ticket of each."""
    unsure = db.execute(_unsure(PREDICTION.c.raw_id, TICKET.c.id).limit(limit))
    drawn = db.execute(_unlabelled_audit(PREDICTION.c.raw_id, TICKET.c.id).limit(limit))
    return [(row[0], row[1]) for row in unsure], [(row[0], row[1]) for row in drawn]


def _mixed(unsure: list[Row], drawn: list[Row]) -> list[Row]:
    """Put a row of the audit share into every sixth place, and the rest of either at the end."""
    mixed: list[Row] = []
    while unsure or drawn:
        takes_audit = drawn and (not unsure or len(mixed) % EVERY == EVERY - 1)
        mixed.append(drawn.pop(0) if takes_audit else unsure.pop(0))
    return mixed


def live_precision(db: Connection, model: str, since_utc: datetime | None = None) -> LivePrecision:
    """Compare the labels of the audit share with what the model had routed them by."""
    query = (
        select(func.count(), func.count().filter(LABEL.c.topic == PREDICTION.c.topic))
        .select_from(PREDICTION)
        .join(LABEL, and_(LABEL.c.raw_id == PREDICTION.c.raw_id, LABEL.c.active))
        .where(PREDICTION.c.audit, PREDICTION.c.model == model)
    )
    if since_utc is not None:
        query = query.where(PREDICTION.c.created_at_utc >= since_utc)
    labelled, right = db.execute(query).one()
    return LivePrecision(model=model, labelled=int(labelled), right=int(right))


def is_hidden(db: Connection, raw_id: int) -> bool:
    """Tell whether a mail's prediction must not be shown: drawn for the audit and not labelled yet."""
    query = _unlabelled_audit(PREDICTION.c.raw_id).where(PREDICTION.c.raw_id == raw_id).limit(1)
    return db.execute(query).first() is not None


def _unsure(*columns: ColumnElement[Any]) -> Select[Any]:
    """Tickets in review by the margin of the mail that opened them; the newest prediction counts."""
    later = PREDICTION.alias("later")
    is_outdated = (
        select(later.c.id).where(later.c.raw_id == PREDICTION.c.raw_id, later.c.id > PREDICTION.c.id).exists()
    )
    return (
        select(*columns)
        .select_from(PREDICTION)
        .join(TICKET, TICKET.c.opened_by_raw_id == PREDICTION.c.raw_id)
        .where(_IN_REVIEW, ~is_outdated)
        .order_by(PREDICTION.c.margin, PREDICTION.c.raw_id)
    )


def _unlabelled_audit(*columns: ColumnElement[Any]) -> Select[Any]:
    is_labelled = select(LABEL.c.id).where(LABEL.c.raw_id == PREDICTION.c.raw_id, LABEL.c.active).exists()
    return (
        select(*columns)
        .select_from(PREDICTION)
        .join(TICKET, TICKET.c.opened_by_raw_id == PREDICTION.c.raw_id)
        .where(_AUDITED, ~is_labelled, or_(~TICKET.c.in_review, TICKET.c.in_review.is_(None)))
        .order_by(PREDICTION.c.raw_id)
    )


def _row(row: Any, *, is_audit: bool) -> ReviewRow:
    ranked = sorted(row.probabilities, key=lambda slug: -row.probabilities[slug])
    return ReviewRow(
        raw_id=row.raw_id,
        ticket=row.id,
        is_audit=is_audit,
        topics=() if is_audit else tuple(ranked[:SHOWN_TOPICS]),
        margin=None if is_audit else row.margin,
    )
