"""Nightly jobs: each runs once for its due time, however many schedulers ask for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from models.store.schema import JOB_RUN


def start_job(db: Connection, name: str, due_at_utc: datetime, now_utc: datetime) -> bool:
    """Note that a job starts; False when it was started for this due time before.

    Call it inside `store.write([f"job:{name}"])`, which keeps two starters apart.
    """
    known = db.scalar(
        select(JOB_RUN.c.name).where(JOB_RUN.c.name == name, JOB_RUN.c.due_at_utc == due_at_utc)
    )
    if known is not None:
        return False
    db.execute(insert(JOB_RUN).values(name=name, due_at_utc=due_at_utc, started_at_utc=now_utc, result=""))
    return True


def finish_job(db: Connection, name: str, due_at_utc: datetime, result: str, now_utc: datetime) -> None:
    """Note how a job ended."""
    db.execute(
        update(JOB_RUN)
        .where(JOB_RUN.c.name == name, JOB_RUN.c.due_at_utc == due_at_utc)
        .values(finished_at_utc=now_utc, result=result[:500])
    )
