"""When people last used the console, from their sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from models.store.schema import CONSOLE_SESSION, PERSON


def seen_at(db: Connection) -> dict[str, datetime]:
    """Return the moment of the last request by login; who never logged in is not in it."""
    rows = db.execute(
        select(PERSON.c.login, func.max(CONSOLE_SESSION.c.seen_at_utc))
        .join(CONSOLE_SESSION, CONSOLE_SESSION.c.person_id == PERSON.c.id)
        .group_by(PERSON.c.login)
    )
    return {str(row[0]): row[1] for row in rows}
