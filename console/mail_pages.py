"""Mails that were set aside, mails that leave, and search over tickets."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form, HTTPException, Query, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of
from console.pages import back_to, render
from console.routes import page_router
from console.row_numbers import Before, RowNumber
from models.store.mails import held_mails
from models.store.outbox_lines import SHOWN, STATES, outbox_lines
from models.store.raw_mail import fetch_beginnings
from models.store.search import search
from models.store.set_aside import quarantined_mails

router = page_router()
MOST_HELD: Final = 100
TABS: Final[dict[str, tuple[str, ...]]] = {
    "draft": ("draft",),
    "queued": ("queued", "sending"),
    "failed": ("failed", "uncertain"),
    "muted": ("muted",),
    "sent": ("sent",),
    "all": STATES,
}


@router.get("/search", name="search")
def find(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Find tickets; one that is named by its number is opened at once."""
    with console_of(request).store.read() as db:
        hits = search(db, q)
    if len(hits) == 1 and hits[0].found_by == "number":
        return back_to(f"/tickets/{hits[0].number}")
    return render(request, "search.html", page="search", hits=hits, wanted=q.strip())


@router.get("/held", name="held")
def held(request: Request) -> Response:
    """Show mails that could not be read, with masked headers and the cause."""
    console = console_of(request)
    with console.store.read() as db:
        rows = held_mails(db, limit=MOST_HELD)
    from intake.header_glance import GLANCE_BYTES, Glance, glance  # half a second of patterns

    raw_ids = [row["raw_id"] for row in rows]
    beginnings = fetch_beginnings(console.store, raw_ids, GLANCE_BYTES, skip_unreadable=True)
    glances = {raw_id: glance(octets) for raw_id, octets in beginnings.items()}
    mails = [(row, glances.get(row["raw_id"], Glance())) for row in rows]
    return render(request, "held.html", page="held", mails=mails)


@router.post("/held/retry", name="retry_held")
def retry_held(
    request: Request, raw_ids: Annotated[list[int], Form(min_length=1, max_length=MOST_HELD)]
) -> Response:
    """Read held mails again."""
    count = console_of(request).desk.retry_held(raw_ids, visitor_of(request).login)
    return back_to("/held", "retried", n=count)


@router.get("/quarantine", name="quarantine")
def quarantine(request: Request, before: Before = None) -> Response:
    """Show mails that were set aside as spam or forgery; their text is redacted."""
    with console_of(request).store.read() as db:
        mails = quarantined_mails(db, before=before)
    more = f"/quarantine?before={mails[-1].raw_id}" if len(mails) == 50 else ""
    return render(request, "quarantine.html", page="quarantined", mails=mails, more=more)


@router.post("/quarantine/{raw_id}", name="decide_quarantined")
def decide_quarantined(
    request: Request, raw_id: RowNumber, act: Annotated[str, Form(max_length=20)]
) -> Response:
    """Release a mail into a ticket, or confirm that it is spam."""
    desk, login = console_of(request).desk, visitor_of(request).login
    if act == "release":
        return back_to("/quarantine", "released", number=desk.release(raw_id, login))
    if act != "spam":
        raise HTTPException(422)
    desk.confirm_spam(raw_id, login)
    return back_to("/quarantine", "spam_confirmed")


@router.get("/outbox", name="outbox")
def outbox(request: Request, tab: str = "", before: Before = None) -> Response:
    """Show what will leave, what failed and why."""
    console = console_of(request)
    tab = tab if tab in TABS else "all"
    with console.store.read() as db:
        rows = outbox_lines(db, TABS[tab], before=before)
    more = f"/outbox?tab={tab}&before={rows[-1].id}" if len(rows) == SHOWN else ""
    return render(
        request,
        "outbox.html",
        page="outbox",
        rows=rows,
        tabs=list(TABS),
        tab=tab,
        more=more,
        has_relay=console.options.relay,
    )


@router.post("/outbox/{outbox_id}/resend", name="resend")
def resend(request: Request, outbox_id: RowNumber) -> Response:
    """Send a failed or doubtful mail again with its words and Message-ID as they were."""
    console_of(request).desk.resend(outbox_id, visitor_of(request).login)
    return back_to("/outbox", "resent")
