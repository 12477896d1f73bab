"""What helps at the reply box: templates, a preview, macros, splitting a mail off, who else looks."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form, Request
from fastapi.responses import JSONResponse, Response

from console.context import console_of, visitor_of, words_for
from console.desk import DeskRefusalError
from console.pages import back_to, render
from console.refusal_words import refusal
from console.routes import page_router
from console.row_numbers import LARGEST, RowNumber
from console.ticket_pages import shown_ticket
from console.undo import UndoStep

router = page_router()
MOST_TEMPLATES: Final = 30
Line = Annotated[str, Form(max_length=200)]


@router.get("/tickets/{number}/templates", name="templates")
def templates(request: Request, number: RowNumber) -> Response:
    """Show the templates and macros that fit a ticket, filled in: a piece of the ticket's page."""
    desk = console_of(request).desk
    found = desk.reply_templates(number)[:MOST_TEMPLATES]
    filled = [(template, desk.preview_reply(number, template.text)) for template in found]
    return render(request, "ticket_tools.html", filled=filled, macros=desk.macros(number), number=number)


@router.post("/tickets/{number}/preview", name="preview")
def preview(
    request: Request, number: RowNumber, text: Annotated[str, Form(max_length=20_000)] = ""
) -> Response:
    """Tell how a reply will read, and what keeps it from leaving."""
    found, language = console_of(request).desk.preview_reply(number, text), words_for(request).language
    return JSONResponse(
        {"text": found.text, "problems": [refusal(problem, language) for problem in found.problems]}
    )


@router.post("/tickets/{number}/macro", name="macro")
def macro(request: Request, number: RowNumber, name: Line) -> Response:
    """Run a macro; one that is refused leaves the ticket as it was and says why."""
    try:
        console_of(request).desk.run_macro(number, visitor_of(request).login, name)
    except DeskRefusalError as error:
        return shown_ticket(request, number, fault=str(error), status=409)
    return back_to(f"/tickets/{number}", "macro_done")


@router.post("/tickets/{number}/split", name="split")
def split(request: Request, number: RowNumber, raw_id: Annotated[int, Form(ge=1, le=LARGEST)]) -> Response:
    """Move one mail into a ticket of its own; merging it back is the way back."""
    console, login = console_of(request), visitor_of(request).login
    fresh = console.desk.split(number, login, raw_id)
    token = console.shelf.put(login, (UndoStep(act="split", number=fresh, before=str(number)),))
    return back_to(f"/tickets/{fresh}", "was_split", number=fresh, undo=token)


@router.get("/tickets/{number}/presence", name="presence")
def presence(request: Request, number: RowNumber, writes: bool = False) -> Response:
    """Note that this person looks at the ticket, and tell who else does."""
    others = console_of(request).presence.look(number, visitor_of(request).login, writes=writes)
    return JSONResponse([{"login": login, "writes": is_writing} for login, is_writing in others])
