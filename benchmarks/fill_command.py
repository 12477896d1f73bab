"""`python -m benchmarks fill [--tickets N]`: make a desk of N tickets to look at, in an empty database.

The database is the one of the settings (`RAZBOR_DATA_DIR`, `RAZBOR_DATABASE_URL`); it is migrated
first. One that has tickets is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select

from benchmarks.filling import fill
from models.store import StoreError, open_store
from models.store.migrate import migrate
from models.store.schema import TICKET
from settings import load_settings


def run(_rounds: int) -> Iterator[dict[str, Any]]:
    """Fill the database of the settings; raises StoreError when it holds tickets."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.main_database_url, settings.intake_database_url)
    try:
        migrate(store)
        with store.read() as db:
            if db.scalar(select(func.count()).select_from(TICKET)):
                msg = "the database holds tickets: name an empty folder with RAZBOR_DATA_DIR"
                raise StoreError(msg)
        tickets = int(os.environ.get("RAZBOR_BENCHMARK_TICKETS", "100000"))
        yield {"case": "filled", "tickets": tickets, "mails": fill(store, tickets)}
    finally:
        store.close()
