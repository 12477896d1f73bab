"""Getting ordered raw mail deleted: by the listener that runs, or here where none does (SQLite)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from models.store import Store
    from settings import Settings

LISTENER_PATIENCE_S: Final = 60.0  # it looks for orders every 20 s
_PAUSE_S: Final = 0.5


def delete_ordered(settings: Settings, store: Store, *, wait_s: float = 0.0) -> int:
    """Delete ordered raw mail, or leave it to the listener and wait for it; return how many still wait.

    Which of the two: the lock beside `intake.db` belongs to the process that writes the file.
    """
    from models.raw_store import SqliteRawStore, StoreUnavailable
    from models.store.raw_orders import confirm_orders, orders_waiting

    give_up_at = time.monotonic() + wait_s
    while True:
        confirm_orders(store)
        with store.read() as db:
            waiting = orders_waiting(db)
        if not waiting:
            return 0
        try:
            # Taken for each go anew, so that a listener that starts meanwhile gets its turn.
            raw_store = SqliteRawStore(settings.data_dir / "intake.db")
        except StoreUnavailable:
            if time.monotonic() > give_up_at:
                return waiting
            time.sleep(_PAUSE_S)
            continue
        try:
            raw_store.upkeep()
        finally:
            raw_store.close()
