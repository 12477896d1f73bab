"""One ticket: timeline, facts with where they come from, clocks, and every act on it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from console.bulk_pages import BY_RULE, PRIORITIES
from console.context import console_of, visitor_of, words_for
from console.desk import STAGES, Desk, DeskRefusalError
from console.pages import back_to, own_path, render
from console.routes import page_router
from console.row_numbers import RowNumber
from models.store import StoreError
from models.store.people import desk_logins
from models.store.ticket_page import TicketPage, ticket_page
from models.topics import LEGAL_MOVES, SLUGS, Status

router = page_router()
MOST_CHARS: Final = 20_000
Line = Annotated[str, Form(max_length=1000)]
Words = Annotated[str, Form(max_length=MOST_CHARS)]


@router.get("/tickets/{number}", name="ticket")
def ticket(request: Request, number: RowNumber) -> Response:
    """Show a ticket."""
    return shown_ticket(request, number)


@router.post("/tickets/{number}/take", name="take")
def take(request: Request, number: RowNumber, assignee: Line = "") -> Response:
    """Assign the ticket; the form without a name takes it oneself."""
    login = visitor_of(request).login
    whom = "" if assignee == "-" else assignee or login
    _desk(request).take(number, login, whom)
    return back_to(f"/tickets/{number}", "assigned", n=1)


@router.post("/tickets/{number}/status", name="move")
def move(request: Request, number: RowNumber, to: Line, reason: Line = "") -> Response:
    """Move the ticket to another status."""
    if to not in set(Status) - {Status.CLOSED}:
        raise HTTPException(422)
    _desk(request).move(number, visitor_of(request).login, to, reason.strip())
    return back_to(f"/tickets/{number}", "moved")


@router.post("/tickets/{number}/close", name="close")
def close(request: Request, number: RowNumber, resolution: Line, reason: Line) -> Response:
    """Close the ticket with a resolution and a reason (rules R23, R30)."""
    _desk(request).close(number, visitor_of(request).login, resolution, reason)
    return back_to(f"/tickets/{number}", "closed", n=1)


@router.post("/tickets/{number}/stage", name="set_stage")
def set_stage(request: Request, number: RowNumber, stage: Line) -> Response:
    """Set the stage of the work (rule R27)."""
    _desk(request).set_stage(number, visitor_of(request).login, stage)
    return back_to(f"/tickets/{number}", "saved")


@router.post("/tickets/{number}/topic", name="relabel")
def relabel(request: Request, number: RowNumber, topic: Line) -> Response:
    """Give the ticket another topic: a label for learning."""
    if topic not in SLUGS:
        raise HTTPException(422)
    _desk(request).choose_topic(number, visitor_of(request).login, topic, "review", 0)
    return back_to(f"/tickets/{number}", "relabelled")


@router.post("/tickets/{number}/facts", name="set_fact")
def set_fact(request: Request, number: RowNumber, field: Line, value: Line = "", was: Line = "") -> Response:
    """Add, correct or (with an empty value) withdraw a fact."""
    if words_for(request).name("field", field) == field:
        raise HTTPException(422)
    _desk(request).set_fact(number, visitor_of(request).login, field, value, was)
    return back_to(f"/tickets/{number}", "saved")


@router.post("/tickets/{number}/seller", name="bind_seller")
def bind_seller(request: Request, number: RowNumber, seller_id: Line = "") -> Response:
    """Bind the ticket to a seller."""
    _desk(request).bind_seller(number, visitor_of(request).login, seller_id)
    return back_to(f"/tickets/{number}", "saved")


@router.post("/tickets/{number}/escalate", name="escalate")
def escalate(request: Request, number: RowNumber, reason: Line = "") -> Response:
    """Put the ticket into the lead's queue, or out of it without a reason."""
    _desk(request).escalate(number, visitor_of(request).login, reason)
    return back_to(f"/tickets/{number}", "saved")


@router.post("/tickets/{number}/priority", name="prioritise")
def prioritise(request: Request, number: RowNumber, priority: Line, reason: Line = "") -> Response:
    """Set a priority by hand with its reason, or let it be worked out again."""
    if priority not in {*PRIORITIES, BY_RULE}:
        raise HTTPException(422)
    wanted = "" if priority == BY_RULE else priority
    _desk(request).set_priority(number, visitor_of(request).login, wanted, reason)
    return back_to(f"/tickets/{number}", "saved")


@router.post("/tickets/{number}/notes", name="write_note")
def write_note(request: Request, number: RowNumber, text: Words) -> Response:
    """Leave a note."""
    _desk(request).write_note(number, visitor_of(request).login, text)
    return back_to(f"/tickets/{number}", "noted")


@router.post("/tickets/{number}/merge", name="merge")
def merge(request: Request, number: RowNumber, into: Line) -> Response:
    """Merge the ticket into another one."""
    digits = into.strip().upper().removeprefix("RZ-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 15):
        raise DeskRefusalError(words_for(request)("ticket.no_number"))
    _desk(request).merge(number, visitor_of(request).login, int(digits))
    return back_to(f"/tickets/{digits}", "merged")


@router.post("/tickets/{number}/reply", name="write_reply")
def write_reply(request: Request, number: RowNumber, text: Words = "", waits: Line = "") -> Response:
    """Send a reply; one that the rules refuse is shown again with its words."""
    desk, login = _desk(request), visitor_of(request).login
    try:
        desk.write_reply(number, login, text, waits_for_seller=bool(waits))
    except DeskRefusalError as error:
        return shown_ticket(request, number, written=text, fault=str(error), status=409)
    return back_to(f"/tickets/{number}", "replied")


@router.post("/drafts/{outbox_id}", name="decide_draft")
def decide_draft(
    request: Request,
    outbox_id: RowNumber,
    act: Line,
    text: Words = "",
    was: Words = "",
    back: Line = "/outbox",
) -> Response:
    """Let a draft leave, with changed words if they were changed, or drop it."""
    desk, login = _desk(request), visitor_of(request).login
    if act == "drop":
        desk.drop_draft(outbox_id, login, words_for(request)("ticket.dropped_by_hand"))
        return back_to(own_path(back), "dropped")
    same = text.replace("\r\n", "\n").strip() == was.replace("\r\n", "\n").strip()
    desk.approve_draft(outbox_id, login, None if same else text.replace("\r\n", "\n").strip() + "\n")
    return back_to(own_path(back), "approved")


def shown_ticket(
    request: Request, number: int, *, written: str = "", fault: str = "", status: int = 200
) -> Response:
    """Render a ticket's page; `written` keeps the words of a reply that was refused with `fault`."""
    console = console_of(request)
    try:
        with console.store.read() as db:
            page = ticket_page(db, number)
            logins = desk_logins(db)
    except StoreError as error:
        raise HTTPException(404) from error
    return render(
        request,
        "ticket.html",
        status_code=status,
        shown=page,
        logins=logins,
        moves=_moves(page),
        stages=STAGES,
        priorities=PRIORITIES,
        by_rule=BY_RULE,
        resolutions=console.desk.resolutions(page.ticket.topic),
        written=written,
        fault=fault,
        field_names=words_for(request).section("field"),
    )


def _moves(page: TicketPage) -> list[str]:
    """Return where a ticket may go from here, but for closing."""
    status = Status(page.ticket.status)
    return [str(to) for to in Status if (status, to) in LEGAL_MOVES and to is not Status.CLOSED]


def _desk(request: Request) -> Desk:
    return console_of(request).desk
