"""The web application: routes behind one gate, static files, words for every fault."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from console import (
    api_token_pages,
    api_webhook_pages,
    audit_pages,
    bulk_pages,
    dashboard_pages,
    desk_time_pages,
    events,
    file_pages,
    keeping_pages,
    login_pages,
    mail_pages,
    model_pages,
    monitoring,
    oidc_pages,
    people_pages,
    queue_pages,
    raw_pages,
    review_pages,
    seller_pages,
    settings_pages,
    template_pages,
    ticket_pages,
    ticket_tools,
    topic_pages,
    view_pages,
)
from console.api import API_PATH, create_api
from console.api_faults import problem
from console.body_limit import BodyLimit
from console.context import Console, words_for
from console.counted import ForgetAfterChanges
from console.desk import DeskRefusalError
from console.guard import ForbiddenError, LoginNeededError, guard
from console.pages import own_path, render
from console.passwords import unknown_login_hash
from console.refusal_words import refusal
from console.routes import take_routes
from console.security_headers import SecurityHeaders

_STATIC = Path(__file__).parent / "static"
_FAULT_TITLES = {
    403: "fault.forbidden",
    413: "fault.too_large",
    404: "fault.not_found",
    409: "fault.refused",
    422: "fault.unreadable",
}


def create_app(console: Console) -> FastAPI:
    """Make the application over a store and a desk."""
    app = FastAPI(
        title="Razbor",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(guard)],
    )
    app.state.console = console
    unknown_login_hash()  # here, or the first unknown login would take longer than a known one
    app.mount(API_PATH, create_api(console), name="api")  # first: its requests ask no page's route
    rooms = (
        login_pages,
        oidc_pages,
        queue_pages,
        bulk_pages,
        review_pages,
        ticket_pages,
        ticket_tools,
        file_pages,
        view_pages,
        mail_pages,
        raw_pages,
        dashboard_pages,
        api_token_pages,
        model_pages,
        audit_pages,
        settings_pages,
        keeping_pages,
        desk_time_pages,
        topic_pages,
        template_pages,
        seller_pages,
        people_pages,
        api_webhook_pages,
        events,
        monitoring,
    )
    take_routes(app, *(room.router for room in rooms))
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(ForgetAfterChanges, forget=console.forget)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, is_https=console.options.is_https)
    app.add_exception_handler(LoginNeededError, _ask_to_log_in)
    for kind in (ForbiddenError, HTTPException, RequestValidationError, DeskRefusalError):
        app.add_exception_handler(kind, _fault_page)
    return app


async def _ask_to_log_in(request: Request, _error: Exception) -> Response:
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.method == "GET" and request.headers.get("accept") != "text/event-stream"
    to = own_path(back) if is_page else "/"
    address = f"/login?to={quote(to, safe='')}"
    if request.headers.get("hx-request") or request.headers.get("x-razbor"):
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


def _fault_page(request: Request, error: Exception) -> Response:
    """Tell in the reader's words what cannot be done; the text of a refusal is for operators."""
    if request.url.path.startswith(f"{API_PATH}/"):  # a path with a line break, which no mount matches
        return problem("not-found")
    status, detail = 500, ""
    match error:
        case ForbiddenError():
            status, detail = 403, str(error)
        case DeskRefusalError():
            status, detail = 409, str(error)
        case RequestValidationError():
            status = 422
        case HTTPException():
            status = error.status_code
    words = words_for(request)
    title, detail = words(_FAULT_TITLES.get(status, "fault.other")), refusal(detail, words.language)
    if request.headers.get("x-razbor"):
        return JSONResponse({"fault": f"{title}: {detail}" if detail else title}, status_code=status)
    return render(request, "fault.html", status_code=status, title=title, detail=detail)
