"""Getting raw mail deleted or sealed anew: by the listener that runs, or here where none does (SQLite)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.store import Store
    from settings import Settings

LISTENER_PATIENCE_S: Final = 60.0  # it looks for orders every 20 s
STANDSTILL_S: Final = 90.0  # without progress: what is left cannot be opened, or nobody works at it
RESEAL_LOOK_S: Final = 2.0  # each look counts all mails
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


def seal_anew(settings: Settings, store: Store, advance: Callable[[int], None]) -> int:
    """Bring all raw mail into the form of the key that writes; return how many mails are left in another.

    On SQLite a listener that runs does it, and is waited for; on PostgreSQL it is done here. Ends early
    when nothing moves any more.
    """
    from models.raw_store import SqliteRawStore, StoreUnavailable
    from models.store.remnants import vacuum_raw
    from models.store.resealing import mails_in_another_form, reseal_all

    if not store.is_sqlite:
        if reseal_all(store, advance):
            vacuum_raw(store)
        return mails_in_another_form(store)
    left = mails_in_another_form(store)
    moved_at = time.monotonic()
    while left and time.monotonic() - moved_at < STANDSTILL_S:
        try:
            raw_store = SqliteRawStore(settings.data_dir / "intake.db", keyring=store.keyring)
        except StoreUnavailable:  # a listener has the file
            time.sleep(RESEAL_LOOK_S)
        else:
            try:
                while not raw_store.is_settled:
                    advance(raw_store.upkeep())
            finally:
                raw_store.close()
            return mails_in_another_form(store)
        now_left = mails_in_another_form(store)
        if now_left < left:
            advance(left - now_left)
            left, moved_at = now_left, time.monotonic()
    return left
