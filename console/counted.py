"""The counts of the rail, taken once for everybody: every page and every stream asks for them.

They are forgotten after every change that this process carries out, so a person sees the effect of
their own act at once and the mail of a worker a moment later. Older than `kept_s` they are counted
anew aside, and nobody waits for it unless nobody asked for `stale_s`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.store import DATABASE_ERRORS, Store
from models.store.rail_counts import BoardCounts, DeskCounts, desk_counts

KEPT_S: Final = 1.0
STALE_S: Final = 10.0


class CountsShelf:
    """The newest counts; safe to share between threads."""

    def __init__(self, kept_s: float = KEPT_S, stale_s: float = STALE_S) -> None:
        self._kept_s, self._stale_s = kept_s, stale_s
        self._lock = threading.Lock()
        self._known: tuple[float, DeskCounts] | None = None
        self._changes = 0
        self._is_counting = threading.Lock()

    def of(self, store: Store, login: str, now_utc: datetime) -> BoardCounts:
        """Return the counts of the lists as one person sees them."""
        known = self._known
        age_s = float("inf") if known is None else time.monotonic() - known[0]
        if known is None or age_s > self._stale_s:
            with self._lock:  # held while counting: those who ask meanwhile wait for the one answer
                known = self._known
                if known is None or time.monotonic() - known[0] > self._stale_s:
                    known = self._count(store, now_utc)
        elif age_s > self._kept_s and self._is_counting.acquire(blocking=False):
            threading.Thread(target=self._count_aside, args=(store, now_utc), daemon=True).start()
        return known[1].seen_by(login)

    def forget(self) -> None:
        """Count anew when next asked."""
        self._changes += 1
        self._known = None

    def _count(self, store: Store, now_utc: datetime) -> tuple[float, DeskCounts]:
        changes = self._changes
        with store.read() as db:
            known = (time.monotonic(), desk_counts(db, now_utc))
        if changes == self._changes:  # else a change was carried out meanwhile, which these may not know
            self._known = known
        return known

    def _count_aside(self, store: Store, now_utc: datetime) -> None:
        try:
            self._count(store, now_utc)
        except DATABASE_ERRORS:
            self._known = None  # whoever asks next counts, and is told what is wrong
        finally:
            self._is_counting.release()


class ForgetAfterChanges:
    """ASGI middleware: whatever is no GET may have changed what is kept in memory."""

    def __init__(self, app: ASGIApp, *, forget: Callable[[], None]) -> None:
        self._app = app
        self._forget = forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; forget what is kept before a change is answered."""

        async def after_the_act(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._forget()
            await send(message)

        is_change = scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}
        await self._app(scope, receive, after_the_act if is_change else send)
