"""Lists that a person keeps under a name: the address of a filter, for oneself or for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import SAVED_VIEW

MOST_VIEWS: Final = 30  # of one person


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """One kept list."""

    id: int
    owner: str
    name: str
    query: str  # the filter as in the address of a list
    is_shared: bool


def saved_views(db: Connection, login: str) -> list[SavedView]:
    """Return a person's own lists and the shared ones, by name."""
    rows = db.execute(
        select(SAVED_VIEW)
        .where(or_(SAVED_VIEW.c.owner == login, SAVED_VIEW.c.is_shared))
        .order_by(SAVED_VIEW.c.is_shared, SAVED_VIEW.c.name)
        .limit(2 * MOST_VIEWS)
    )
    return [
        SavedView(id=row.id, owner=row.owner, name=row.name, query=row.query, is_shared=bool(row.is_shared))
        for row in rows
    ]


def save_view(
    db: Connection, login: str, name: str, query: str, now_utc: datetime, *, is_shared: bool
) -> None:
    """Keep a list; one of the same name and owner is replaced. Raises StoreError when there are too many."""
    values = {"query": query, "is_shared": is_shared, "at_utc": now_utc}
    same = (SAVED_VIEW.c.owner == login) & (SAVED_VIEW.c.name == name)
    if db.execute(update(SAVED_VIEW).where(same).values(values)).rowcount:
        return
    count = db.scalar(select(func.count()).select_from(SAVED_VIEW).where(SAVED_VIEW.c.owner == login)) or 0
    if count >= MOST_VIEWS:
        msg = f"{MOST_VIEWS} lists are kept already: drop one first"
        raise StoreError(msg)
    db.execute(insert(SAVED_VIEW).values(owner=login, name=name, **values))


def drop_view(db: Connection, login: str, view_id: int, *, any_owner: bool) -> bool:
    """Drop a list of one's own, or (`any_owner`) somebody else's shared one; False when there is none."""
    mine = SAVED_VIEW.c.owner == login
    if any_owner:
        mine = or_(mine, SAVED_VIEW.c.is_shared)
    return bool(db.execute(delete(SAVED_VIEW).where(SAVED_VIEW.c.id == view_id, mine)).rowcount)
