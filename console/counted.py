"""The counts of the rail, taken once for everybody: every page and every stream asks for them.

They are kept for `kept_s` and forgotten after every change that this process carries out, so a
person sees the effect of their own act at once and the mail of a worker a moment later.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.store import Store
from models.store.board import BoardCounts, DeskCounts, desk_counts

KEPT_S: Final = 1.0


class CountsShelf:
    """The newest counts; safe to share between threads."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._known: tuple[float, DeskCounts] | None = None

    def of(self, store: Store, login: str, now_utc: datetime) -> BoardCounts:
        """Return the counts of the lists as one person sees them."""
        with self._lock:  # held while counting: those who ask meanwhile wait for the one answer
            known = self._known
            if known is None or time.monotonic() - known[0] > self._kept_s:
                with store.read() as db:
                    known = (time.monotonic(), desk_counts(db, now_utc))
                self._known = known
        return known[1].seen_by(login)

    def forget(self) -> None:
        """Count anew when next asked."""
        self._known = None


class ForgetAfterChanges:
    """ASGI middleware: whatever is no GET may have changed what is counted."""

    def __init__(self, app: ASGIApp, *, counts: CountsShelf) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; forget the counts before a change is answered."""

        async def after_the_act(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts.forget()
            await send(message)

        is_change = scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}
        await self._app(scope, receive, after_the_act if is_change else send)
