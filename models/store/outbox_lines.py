"""The outbox as a list: what will leave, what failed and why."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from models.store.schema import OUTBOX

SHOWN: Final = 50
STATES: Final = ("draft", "queued", "sending", "failed", "uncertain", "muted", "sent")


def outbox_lines(db: Connection, states: tuple[str, ...], *, before: int | None = None) -> list[Any]:
    """Return rows of the outbox in some states, newest first; `before` is the last one of the page before."""
    query = select(OUTBOX).where(OUTBOX.c.status.in_(states)).order_by(OUTBOX.c.id.desc()).limit(SHOWN)
    if before is not None:
        query = query.where(OUTBOX.c.id < before)
    return list(db.execute(query))
