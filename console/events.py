"""Live counts for the rail as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from console.context import Console, console_of, visitor_of
from console.routes import page_router

router = page_router()
LOOK_EVERY_S: Final = 2.0
LONGEST_S: Final = 600.0  # then the browser connects anew, and its session is looked at again


@router.get("/events", name="events")
async def events(request: Request) -> EventSourceResponse:
    """Send the counts of the rail whenever they change."""
    return EventSourceResponse(_changes(console_of(request), visitor_of(request).login), ping=20)


async def _changes(console: Console, login: str) -> AsyncIterator[ServerSentEvent]:
    said: dict[str, Any] = {}
    ends_at = asyncio.get_running_loop().time() + LONGEST_S
    while asyncio.get_running_loop().time() < ends_at and not console.stopping.is_set():
        counts = await run_in_threadpool(rail_counts, console, login)
        if counts != said:
            said = counts
            yield ServerSentEvent(json.dumps(counts), event="counts")
        await asyncio.sleep(LOOK_EVERY_S)


def rail_counts(console: Console, login: str) -> dict[str, int | str]:
    """Return the numbers of the rail by the names that its places carry."""
    counts = console.counts.of(console.store, login, console.desk.now())
    said: dict[str, int | str] = {
        "review": counts.review,
        "mine": counts.mine,
        "open": counts.open,
        "breached": counts.breached,
        "escalated": counts.escalated,
        "waiting": counts.waiting,
        "held": counts.held,
        "quarantined": counts.quarantined,
        "outbox": counts.drafts,
    }
    for slug, (is_open, late) in counts.topics.items():
        said[f"topic:{slug}"] = is_open
        said[f"late:{slug}"] = f"!{late}" if late else ""
    return said
