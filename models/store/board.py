"""What the console's lists show: tickets page by page, walked in the order of an index.

A page is found by the last row of the one before (keyset), never by counting rows off, so the
hundredth page costs what the first costs and a list does not shift while it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    and_,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.engine import Connection

from models.store.rail_counts import IS_OPEN, NOT_MERGED
from models.store.schema import MESSAGE, TICKET
from models.topics import Status

PAGE_ROWS: Final = 50
PREVIEW_CHARS: Final = 200
VIEWS: Final = ("open", "mine", "waiting", "review", "escalated", "breached", "unassigned", "all")
SORTS: Final = ("due", "priority", "newest", "oldest")
_ORDERS: Final = {"priority": "score", "newest": "updated_at_utc", "oldest": "opened_at_utc"}  # else the term
_DESCENDING: Final = frozenset({"priority", "newest"})
_NO_TERM: Final = "-"  # in the key of a row that has none
CONFIDENCES: Final = {"low": (0.0, 0.5), "middle": (0.5, 0.8), "high": (0.8, 0.95), "sure": (0.95, 1.01)}
_SHOWN: Final = [
    TICKET.c[name]
    for name in (
        *("id", "status", "topic", "in_review", "subject", "priority", "missing", "requester", "seller_id"),
        *("assignee", "language", "marketplace", "deadline", "escalated", "repeats", "score"),
        *("opened_at_utc", "updated_at_utc", "sla_due_at_utc"),
    )
]


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


def ticket_lines(
    db: Connection,
    wanted: TicketFilter,
    *,
    login: str,
    now_utc: datetime,
    after: tuple[str, int] | None = None,
    limit: int = PAGE_ROWS,
) -> list[TicketLine]:
    """Return one page of a list; `after` is the key of the last row of the page before.

    Raises ValueError for a key that no page gave.
    """
    asked = [NOT_MERGED, *_conditions(db, wanted, login, now_utc)]
    numbers = _page(db, asked, wanted.sort, after, limit)
    return _lines(db, numbers, wanted.sort)


def _page(
    db: Connection,
    asked: list[ColumnElement[bool]],
    sort: str,
    after: tuple[str, int] | None,
    limit: int,
) -> list[int]:
    """Return the numbers of a page; by term, those that have none come last, by their numbers."""
    is_descending = sort in _DESCENDING
    order = TICKET.c[_ORDERS.get(sort, "sla_due_at_utc")]
    if sort in _ORDERS:
        return _walked(db, asked, (order, TICKET.c.id), after, limit, is_descending=is_descending)
    found: list[int] = []
    if after is None or after[0] != _NO_TERM:
        found = _walked(db, [*asked, order.is_not(None)], (order, TICKET.c.id), after, limit)
        after = None
    if len(found) < limit:
        number = (TICKET.c.id,)
        found += _walked(db, [*asked, order.is_(None)], number, after, limit - len(found))
    return found


def _walked(
    db: Connection,
    asked: list[ColumnElement[bool]],
    order: tuple[Column[Any], ...],
    after: tuple[str, int] | None,
    limit: int,
    *,
    is_descending: bool = False,
) -> list[int]:
    """Return the first numbers in the order of an index, behind a key."""
    if after is not None:
        key = (_sort_value(after[0]), after[1])[-len(order) :]
        here, there = tuple_(*order), tuple_(*map(literal, key, [column.type for column in order]))
        asked = [*asked, here < there if is_descending else here > there]
    query = select(TICKET.c.id).where(*asked).limit(limit)
    return list(db.scalars(query.order_by(*(column.desc() if is_descending else column for column in order))))


def _lines(db: Connection, numbers: list[int], sort: str) -> list[TicketLine]:
    """Return the rows of tickets, in the order of their numbers."""
    if not numbers:
        return []
    query = (
        select(*_SHOWN, func.substr(MESSAGE.c.text, 1, PREVIEW_CHARS).label("preview"))
        .outerjoin(MESSAGE, MESSAGE.c.raw_id == TICKET.c.opened_by_raw_id)
        .where(TICKET.c.id.in_(numbers))
    )
    found = {row.id: _line(row, sort) for row in db.execute(query)}
    return [found[number] for number in numbers]


def _conditions(
    db: Connection, wanted: TicketFilter, login: str, now_utc: datetime
) -> list[ColumnElement[bool]]:
    column = _columns(db)
    found = _view(column, wanted, login, now_utc)
    for name in ("topic", "status", "language", "marketplace", "priority", "assignee"):
        value = getattr(wanted, name)
        if value:
            found.append(column(name) == value)
    if wanted.missing:
        nothing: ColumnElement[str] = literal_column("'[]'" if db.dialect.name == "sqlite" else "'[]'::jsonb")
        missing: ColumnElement[str] = literal_column("ticket.missing")  # compared as stored, not taken apart
        found.append(missing == nothing if wanted.missing == "no" else missing != nothing)
    if wanted.confidence:
        least, below = CONFIDENCES[wanted.confidence]
        found.append(and_(column("confidence") >= least, column("confidence") < below))
    if wanted.deadline:
        found.append(and_(column("deadline") != "", column("deadline") <= wanted.deadline))
    return found


def _columns(db: Connection) -> Callable[[str], ColumnElement[Any]]:
    """Return how to name a column of a filter.

    With a plus before it SQLite looks for no index of its own (its planner knows no statistics
    here and would sort thousands of rows), and walks the list in its order instead.
    """
    if db.dialect.name != "sqlite":
        return lambda name: TICKET.c[name]
    return lambda name: literal_column(f"+ticket.{name}", TICKET.c[name].type)


def _view(
    column: Callable[[str], ColumnElement[Any]], wanted: TicketFilter, login: str, now_utc: datetime
) -> list[ColumnElement[bool]]:
    if wanted.view == "all":
        return []
    if wanted.status == Status.CLOSED:
        return []  # asked for by name: also in the list of open ones
    is_waiting = column("status") == str(Status.WAITING_SELLER)
    extra: dict[str, ColumnElement[bool]] = {
        "mine": column("assignee") == login,
        "waiting": is_waiting,
        "review": column("in_review") == true(),
        "escalated": column("escalated") == true(),
        "breached": and_(column("sla_due_at_utc") <= now_utc, ~is_waiting),
        "unassigned": column("assignee") == "",
    }
    return [IS_OPEN, extra[wanted.view]] if wanted.view in extra else [IS_OPEN]


def _sort_value(text: str) -> datetime | int | None:
    """Read the sort value of a key; raises ValueError for what is none."""
    if text == _NO_TERM:
        return None
    return int(text) if text.lstrip("-").isdecimal() else datetime.fromisoformat(text)


def _line(row: Any, sort: str) -> TicketLine:
    value = getattr(row, _ORDERS.get(sort, "sla_due_at_utc"))
    written = _NO_TERM if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
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
