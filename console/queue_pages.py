"""Lists of tickets: filter, sort, page by page."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import HTTPException, Query, Request
from fastapi.responses import Response

from console.bulk_pages import BY_RULE, MOVES, PRIORITIES
from console.context import console_of, moments_for, topic_words, visitor_of, words_for
from console.pages import back_to, render
from console.routes import page_router
from console.row_numbers import AfterNumber
from console.shown_lines import shown_lines
from models.store.board import CONFIDENCES, PAGE_ROWS, SORTS, VIEWS, TicketFilter, ticket_lines
from models.store.people import desk_logins
from models.store.saved_views import saved_views
from models.topics import SLUGS, Status

router = page_router()
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "status": tuple(Status),
    "priority": PRIORITIES,
    "language": ("ru", "zh", "en"),
    "marketplace": ("ozon", "wb", "unknown"),
    "missing": ("yes", "no"),
    "confidence": tuple(CONFIDENCES),
}
Text = Annotated[str, Query(max_length=200)]


@router.get("/", name="home")
def home(request: Request) -> Response:
    """Go where work waits: review first, else the open tickets."""
    console, visitor = console_of(request), visitor_of(request)
    counts = console.counts.of(console.store, visitor.login, console.desk.now())
    return back_to("/review" if counts.review and visitor.may("review") else "/queues")


@router.get("/queues", name="queues")
def queues(request: Request, after: Text = "", after_number: AfterNumber = 0) -> Response:
    """Show a list, or (with `after`) only its further rows."""
    console, visitor = console_of(request), visitor_of(request)
    wanted = _wanted(request)
    try:
        with console.store.read() as db:
            lines = ticket_lines(
                db,
                wanted,
                login=visitor.login,
                now_utc=console.desk.now(),
                after=(after, after_number) if after else None,
            )
            views = saved_views(db, visitor.login)
            logins = desk_logins(db)
    except ValueError as error:  # a key that was never given out
        raise HTTPException(404) from error
    asked = {name: value for name, value in asdict(wanted).items() if value}
    more = ""
    if len(lines) == PAGE_ROWS:
        value, number = lines[-1].key
        more = f"/queues?{urlencode(asked | {'after': value, 'after_number': number})}"
    rows = shown_lines(lines, moments_for(request), topic_words(request))
    if after and request.headers.get("hx-request"):
        return render(request, "rows.html", lines=rows, more=more)
    filtered = {name for name in asked if name not in {"view", "sort"}}
    return render(
        request,
        "queue.html",
        page=f"topic:{wanted.topic}" if filtered == {"topic"} else wanted.view,
        heading=_heading(request, wanted, filtered),
        lines=rows,
        more=more,
        wanted=asdict(wanted),
        is_filtered=bool(filtered - ({"topic"} if filtered == {"topic"} else set())),
        choices=CHOICES,
        views=views,
        query=urlencode(asked),
        sorts=SORTS,
        logins=logins,
        resolutions=console.desk.resolutions(""),
        moves=MOVES,
        priorities=PRIORITIES,
        by_rule=BY_RULE,
    )


def _wanted(request: Request) -> TicketFilter:
    """Read the filter of an address; an unknown value asks for nothing."""
    given = request.query_params
    known: dict[str, Any] = {
        name: given[name] for name, values in CHOICES.items() if given.get(name) in values
    }
    if given.get("topic") in SLUGS:
        known["topic"] = given["topic"]
    if given.get("view") in VIEWS:
        known["view"] = given["view"]
    if given.get("sort") in SORTS:
        known["sort"] = given["sort"]
    known["assignee"] = given.get("assignee", "")[:100]
    try:
        known["deadline"] = date.fromisoformat(given.get("deadline", "")).isoformat()
    except ValueError:
        known["deadline"] = ""
    return TicketFilter(**known)


def _heading(request: Request, wanted: TicketFilter, filtered: set[str]) -> str:
    words = words_for(request)
    if filtered == {"topic"}:
        return topic_words(request)(wanted.topic)
    return words.name("nav", wanted.view)
