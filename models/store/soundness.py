"""What SQLite itself says of its files (`PRAGMA integrity_check`)."""

from __future__ import annotations

from sqlalchemy import text

from models.store.engine import Store

SOUND = "ok"


def file_faults(store: Store) -> list[str]:
    """List what SQLite finds wrong in either file; empty when both are sound, and on PostgreSQL."""
    if not store.is_sqlite:
        return []
    faults = []
    for name, engine in (("razbor.db", store.main), ("intake.db", store.intake)):
        with engine.connect() as db:
            found = [str(line) for line in db.execute(text("PRAGMA integrity_check")).scalars()]
        faults += [f"{name}: {line}" for line in found if line != SOUND]
    return faults
