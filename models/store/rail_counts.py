"""The counts of the rail: how long each list of the console is, for everybody in one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select
from sqlalchemy.engine import Connection

from models.store.schema import MAIL_STATE, OUTBOX, TICKET
from models.topics import Disposition, Status

# Written out, not bound: SQLite uses a partial index only for the very words of its condition.
IS_OPEN: Final[ColumnElement[bool]] = literal_column("ticket.status <> 'closed'")
NOT_MERGED: Final = TICKET.c.merged_into_id.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCounts:
    """The numbers of the rail; every one is the length of a list."""

    review: int = 0
    mine: int = 0
    open: int = 0
    waiting: int = 0
    escalated: int = 0
    breached: int = 0
    held: int = 0
    quarantined: int = 0
    drafts: int = 0
    failed: int = 0
    topics: dict[str, tuple[int, int]] = field(default_factory=dict)  # slug -> open, of these breached


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCounts:
    """The numbers of the rail for everybody."""

    counts: BoardCounts
    mine: dict[str, int]  # login -> open tickets

    def seen_by(self, login: str) -> BoardCounts:
        """Return the counts with one person's own."""
        return replace(self.counts, mine=self.mine.get(login, 0))


def board_counts(db: Connection, login: str, now_utc: datetime) -> BoardCounts:
    """Count every list of the rail for one person."""
    return desk_counts(db, now_utc).seen_by(login)


def desk_counts(db: Connection, now_utc: datetime) -> DeskCounts:
    """Count every list of the rail."""
    late = and_(TICKET.c.sla_due_at_utc <= now_utc, TICKET.c.status != str(Status.WAITING_SELLER))
    rows = db.execute(
        select(
            TICKET.c.topic,
            TICKET.c.assignee,
            func.count().label("open"),
            _sum(TICKET.c.in_review).label("review"),
            _sum(TICKET.c.status == str(Status.WAITING_SELLER)).label("waiting"),
            _sum(TICKET.c.escalated).label("escalated"),
            _sum(late).label("breached"),
        )
        .where(IS_OPEN, NOT_MERGED)
        .group_by(TICKET.c.topic, TICKET.c.assignee)
    ).all()
    ends = _counted(db, MAIL_STATE.c.disposition, (str(Disposition.HELD), str(Disposition.QUARANTINED)))
    sent = _counted(db, OUTBOX.c.status, ("draft", "failed", "uncertain"))
    topics: dict[str, tuple[int, int]] = {}
    mine: Counter[str] = Counter()
    for row in rows:
        is_open, is_late = topics.get(row.topic, (0, 0))
        topics[row.topic] = (is_open + int(row.open), is_late + int(row.breached))
        mine[row.assignee] += int(row.open)
    totals = {
        name: sum(int(getattr(row, name)) for row in rows)
        for name in ("open", "review", "waiting", "escalated", "breached")
    }
    counts = BoardCounts(
        **totals,
        held=ends.get(str(Disposition.HELD), 0),
        quarantined=ends.get(str(Disposition.QUARANTINED), 0),
        drafts=sent.get("draft", 0),
        failed=sent.get("failed", 0) + sent.get("uncertain", 0),
        topics=topics,
    )
    return DeskCounts(counts=counts, mine=dict(mine))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _counted(db: Connection, column: ColumnElement[str], values: Sequence[str]) -> dict[str, int]:
    rows = db.execute(select(column, func.count()).where(column.in_(values)).group_by(column))
    return {str(row[0]): int(row[1]) for row in rows}
