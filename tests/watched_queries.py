"""The statements that a piece of code sends, and which of them read a big table from end to end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from models.store import Store

# Of rows in flight, due or in a worker's hands: they may be walked as a whole.
SMALL_INDEXES = (
    "ix_mail_state_in_flight",
    "ix_mail_state_unkeyed",
    "ix_mail_state_leased",
    "ix_topic_work_due",
    "ix_topic_work_leased",
    "ix_outbox_leased",
)
_EXPLAINED = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


class WatchedStore:
    """Notes what is sent to a store, its raw mail included, while it is entered."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.engines = list(dict.fromkeys((store.main, store.intake)))
        self.sent: dict[Engine, list[tuple[str, Any]]] = {engine: [] for engine in self.engines}
        self._listeners = {engine: self._noting(engine) for engine in self.engines}

    def __enter__(self) -> Self:
        for engine, listener in self._listeners.items():
            event.listen(engine, "before_cursor_execute", listener)
        return self

    def __exit__(self, *_: object) -> None:
        for engine, listener in self._listeners.items():
            event.remove(engine, "before_cursor_execute", listener)

    def scans(self, big: Sequence[str]) -> list[str]:
        """Return the steps that read a table of `big` from end to end, each with its statement once.

        PostgreSQL reads small tables from end to end by choice; it is told not to where there is
        another way. An index that is walked as a whole does not count as a way.
        """
        found: dict[str, None] = {}
        for engine, sent in self.sent.items():
            is_sqlite = engine.dialect.name == "sqlite"
            with engine.connect() as db:
                if not is_sqlite:
                    db.execute(text("SET enable_seqscan = off"))
                cursor = db.connection.cursor()
                explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
                for statement, values in {one[0]: one for one in sent}.values():
                    if not _EXPLAINED.match(statement):
                        continue
                    cursor.execute(explain + statement, values)
                    steps = [str(row[-1]).strip() for row in cursor.fetchall()]
                    found |= {f"{step} <- {statement}": None for step in steps if _is_scan(step, big)}
                db.rollback()
        return list(found)

    def _noting(self, engine: Engine) -> Any:
        def note(_db: Any, _cursor: Any, statement: str, values: Any, _context: Any, is_many: bool) -> None:
            self.sent[engine].append((statement, values[0] if is_many else values))

        return note


def _is_scan(step: str, big: Sequence[str]) -> bool:
    """Tell whether a step reads a whole table or a whole index (the words of SQLite and of PostgreSQL)."""
    if any(f"USING {way} {name}" in step for name in SMALL_INDEXES for way in ("INDEX", "COVERING INDEX")):
        return False
    return any(f"Seq Scan on {name} " in f"{step} " or re.match(rf"SCAN {name}\b", step) for name in big)
