"""What the console's lists show: counts for the rail, and tickets page by page.

A page is found by the last row of the one before (keyset), never by counting rows off, so the
hundredth page costs what the first costs and a list does not shift while it is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.engine import Connection

from models.store.schema import MAIL_STATE, MESSAGE, OUTBOX, TICKET
from models.topics import Disposition, Status

PAGE_ROWS: Final = 50
PREVIEW_CHARS: Final = 200
VIEWS: Final = ("open", "mine", "waiting", "review", "escalated", "breached", "unassigned", "all")
SORTS: Final = ("due", "priority", "newest", "oldest")
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
CONFIDENCES: Final = {"low": (0.0, 0.5), "middle": (0.5, 0.8), "high": (0.8, 0.95), "sure": (0.95, 1.01)}
# Written out, not bound: SQLite uses a partial index only for the very words of its condition.
_OPEN: Final[ColumnElement[bool]] = literal_column("ticket.status <> 'closed'")
_NOT_MERGED: Final = TICKET.c.merged_into_id.is_(None)


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
class TicketFilter:
    """Which tickets a list shows; an empty field asks for nothing."""

    view: str = "open"
    topic: str = ""
    status: str = ""
    language: str = ""
    marketplace: str = ""
    priority: str = ""
    assignee: str = ""
    missing: str = ""  # yes, no
    confidence: str = ""  # of CONFIDENCES
    deadline: str = ""  # an ISO date: given by the seller, until and with this day
    sort: str = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """One row of a list."""

    number: int
    status: str
    topic: str
    in_review: bool
    subject: str
    preview: str
    priority: str
    missing: tuple[str, ...]
    requester: str
    seller_id: str
    assignee: str
    language: str
    marketplace: str
    deadline: str
    escalated: bool
    repeats: int
    opened_at_utc: datetime
    updated_at_utc: datetime
    sla_due_at_utc: datetime | None
    key: tuple[str, int]  # where the next page begins after this row


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
        .where(_OPEN, _NOT_MERGED)
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


def ticket_lines(
    db: Connection,
    wanted: TicketFilter,
    *,
    login: str,
    now_utc: datetime,
    after: tuple[str, int] | None = None,
    limit: int = PAGE_ROWS,
) -> list[TicketLine]:
    """Return one page of a list; `after` is the key of the last row of the page before."""
    order, is_descending = _order(wanted.sort)
    found = (
        select(TICKET.c.id, order.label("sort_value"))
        .where(_NOT_MERGED, *_conditions(db, wanted, login, now_utc))
        .limit(limit)
    )
    page = _paged(found, order, after, is_descending=is_descending).subquery("page")
    query = (
        select(
            TICKET,
            func.substr(MESSAGE.c.text, 1, PREVIEW_CHARS).label("preview"),
            page.c.sort_value,
        )
        .join(page, page.c.id == TICKET.c.id)
        .outerjoin(MESSAGE, MESSAGE.c.raw_id == TICKET.c.opened_by_raw_id)
    )
    value, number = page.c.sort_value, page.c.id
    query = query.order_by(value.desc(), number.desc()) if is_descending else query.order_by(value, number)
    return [_line(row) for row in db.execute(query)]


def _conditions(
    db: Connection, wanted: TicketFilter, login: str, now_utc: datetime
) -> list[ColumnElement[bool]]:
    found = _view(wanted, login, now_utc)
    for name in ("topic", "status", "language", "marketplace", "priority", "assignee"):
        value = getattr(wanted, name)
        if value:
            found.append(TICKET.c[name] == value)
    if wanted.missing:
        nothing: ColumnElement[str] = literal_column("'[]'" if db.dialect.name == "sqlite" else "'[]'::jsonb")
        column: ColumnElement[str] = literal_column(
            "ticket.missing"
        )  # compared as it is stored, not taken apart
        found.append(column == nothing if wanted.missing == "no" else column != nothing)
    if wanted.confidence:
        least, below = CONFIDENCES[wanted.confidence]
        found.append(and_(TICKET.c.confidence >= least, TICKET.c.confidence < below))
    if wanted.deadline:
        found.append(and_(TICKET.c.deadline != "", TICKET.c.deadline <= wanted.deadline))
    return found


def _view(wanted: TicketFilter, login: str, now_utc: datetime) -> list[ColumnElement[bool]]:
    if wanted.view == "all":
        return []
    if wanted.status == Status.CLOSED:
        return []  # asked for by name: also in the list of open ones
    extra: dict[str, ColumnElement[bool]] = {
        "mine": TICKET.c.assignee == login,
        "waiting": TICKET.c.status == str(Status.WAITING_SELLER),
        "review": TICKET.c.in_review,
        "escalated": TICKET.c.escalated,
        "breached": and_(TICKET.c.sla_due_at_utc <= now_utc, TICKET.c.status != str(Status.WAITING_SELLER)),
        "unassigned": TICKET.c.assignee == "",
    }
    return [_OPEN, extra[wanted.view]] if wanted.view in extra else [_OPEN]


def _order(sort: str) -> tuple[ColumnElement[Any], bool]:
    match sort:
        case "priority":
            return TICKET.c.score, True
        case "newest":
            return TICKET.c.updated_at_utc, True
        case "oldest":
            return TICKET.c.opened_at_utc, False
        case _:
            return func.coalesce(TICKET.c.sla_due_at_utc, NEVER), False


def _paged(
    query: Select[Any], order: ColumnElement[Any], after: tuple[str, int] | None, *, is_descending: bool
) -> Select[Any]:
    if after is not None:
        value, number = _sort_value(after[0]), after[1]
        if is_descending:
            beyond = or_(order < value, and_(order == value, TICKET.c.id < number))
        else:
            beyond = or_(order > value, and_(order == value, TICKET.c.id > number))
        query = query.where(beyond)
    if is_descending:
        return query.order_by(order.desc(), TICKET.c.id.desc())
    return query.order_by(order, TICKET.c.id)


def _sort_value(text: str) -> datetime | int:
    """Read the sort value of a key; raises ValueError for what is none."""
    return int(text) if text.lstrip("-").isdecimal() else datetime.fromisoformat(text)


def _line(row: Any) -> TicketLine:
    value = row.sort_value
    written = value.isoformat() if isinstance(value, datetime) else str(value)
    return TicketLine(
        number=row.id,
        status=row.status,
        topic=row.topic,
        in_review=bool(row.in_review),
        subject=row.subject,
        preview=" ".join((row.preview or "").split()),
        priority=row.priority,
        missing=tuple(row.missing),
        requester=row.requester,
        seller_id=row.seller_id,
        assignee=row.assignee,
        language=row.language,
        marketplace=row.marketplace,
        deadline=row.deadline,
        escalated=bool(row.escalated),
        repeats=row.repeats,
        opened_at_utc=row.opened_at_utc,
        updated_at_utc=row.updated_at_utc,
        sla_due_at_utc=row.sla_due_at_utc,
        key=(written, row.id),
    )


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _counted(db: Connection, column: ColumnElement[str], values: Sequence[str]) -> dict[str, int]:
    rows = db.execute(select(column, func.count()).where(column.in_(values)).group_by(column))
    return {str(row[0]): int(row[1]) for row in rows}
