"""Trainings that people ordered: the order, how far it is, how it ended.

The console writes the order, a worker finds it at its next sweep and writes how far it is. A run
whose process vanished is told as `lost` once its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import JOB_RUN, TRAINING_RUN

LONGEST: Final = timedelta(hours=1)  # the time limit of the task that trains
KEY: Final = "training order"  # of the matter that an order decides about


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRunInfo:
    """One ordered training. `outcome` is empty while it waits or runs."""

    id: int
    asked_by: str
    asked_at_utc: datetime
    started_at_utc: datetime | None
    finished_at_utc: datetime | None
    share: float
    outcome: str
    model: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlyRun:
    """How a nightly job went; `result` is empty while it runs."""

    due_at_utc: datetime
    finished_at_utc: datetime | None
    result: str


def order_training(db: Connection, actor: str, now_utc: datetime) -> int:
    """Order a training and return its number; raises StoreError while another one waits or runs.

    Call it inside `store.write({KEY})`, which keeps two orders apart.
    """
    if db.scalar(select(TRAINING_RUN.c.id).where(_under_way(now_utc)).limit(1)) is not None:
        msg = "a training is under way already: wait for its end"
        raise StoreError(msg)
    row = {"asked_by": actor, "asked_at_utc": now_utc, "share": 0.0, "outcome": "", "model": "", "note": ""}
    return int(db.execute(insert(TRAINING_RUN).values(**row).returning(TRAINING_RUN.c.id)).scalar_one())


def is_training_ordered(db: Connection) -> bool:
    """Tell whether an order waits that no worker has begun."""
    waiting = select(TRAINING_RUN.c.id).where(_waiting()).limit(1)
    return db.scalar(waiting) is not None


def begin_ordered_training(db: Connection, now_utc: datetime) -> int | None:
    """Begin the order that waits and return its number, None without one; call it like `order_training`."""
    lost = and_(TRAINING_RUN.c.started_at_utc < now_utc - LONGEST, TRAINING_RUN.c.outcome == "")
    db.execute(update(TRAINING_RUN).where(lost).values(outcome="lost", finished_at_utc=now_utc))
    number = db.scalar(select(TRAINING_RUN.c.id).where(_waiting()).order_by(TRAINING_RUN.c.id).limit(1))
    if number is not None:
        _set(db, number, started_at_utc=now_utc)
    return number


def note_training_progress(db: Connection, number: int, share: float) -> None:
    """Note which share of the work is done."""
    _set(db, number, share=share)


def finish_training(
    db: Connection, number: int, *, outcome: str, model: str, note: str, now_utc: datetime
) -> None:
    """Note how a training ended."""
    _set(db, number, share=1.0, outcome=outcome, model=model, note=note[:2000], finished_at_utc=now_utc)


def newest_training(db: Connection, now_utc: datetime) -> TrainingRunInfo | None:
    """Return the newest order; one that ran too long is told as `lost`."""
    row = db.execute(select(TRAINING_RUN).order_by(TRAINING_RUN.c.id.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    started_at_utc = row["started_at_utc"]
    if started_at_utc is not None and not row["outcome"] and started_at_utc < now_utc - LONGEST:
        values["outcome"] = "lost"
    return TrainingRunInfo(**values)


def newest_night(db: Connection, job: str) -> NightlyRun | None:
    """Return how a job of the night went the last time."""
    row = (
        db.execute(
            select(JOB_RUN.c.due_at_utc, JOB_RUN.c.finished_at_utc, JOB_RUN.c.result)
            .where(JOB_RUN.c.name == job)
            .order_by(JOB_RUN.c.due_at_utc.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else NightlyRun(**row)


def _waiting() -> ColumnElement[bool]:
    return and_(TRAINING_RUN.c.started_at_utc.is_(None), TRAINING_RUN.c.outcome == "")


def _under_way(now_utc: datetime) -> ColumnElement[bool]:
    running = and_(TRAINING_RUN.c.started_at_utc >= now_utc - LONGEST, TRAINING_RUN.c.outcome == "")
    return or_(_waiting(), running)


def _set(db: Connection, number: int, **values: object) -> None:
    db.execute(update(TRAINING_RUN).where(TRAINING_RUN.c.id == number).values(**values))
