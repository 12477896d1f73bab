"""Webhooks, for administrators: who is told of tickets' events, and what became of the newest ones."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of, words_for
from console.desk import DeskRefusalError
from console.pages import back_to, render
from console.routes import page_router
from console.row_numbers import RowNumber
from models.store.ticket_events import EVENT_KINDS
from models.store.webhooks import deliveries, webhooks

router = page_router()
Text = Annotated[str, Form(max_length=2000)]


@router.get("/settings/webhooks", name="webhooks")
def webhook_page(request: Request) -> Response:
    """Show webhooks and the newest events."""
    return _page(request)


@router.post("/settings/webhooks", name="add_webhook")
def add(
    request: Request,
    name: Text,
    url: Text,
    kinds: Annotated[list[str], Form(max_length=50, default_factory=list)],
) -> Response:
    """Add a webhook and show its secret this once."""
    desk, login = console_of(request).desk, visitor_of(request).login
    try:
        secret = desk.add_webhook(login, name.strip(), url.strip(), kinds)
    except DeskRefusalError as error:
        return _page(request, fault=str(error), status=409)
    return _page(request, made=secret)


@router.post("/settings/webhooks/{name}/test", name="test_webhook")
def test(request: Request, name: str) -> Response:
    """Send a test event now and say what the receiver answered."""
    fault = console_of(request).desk.test_webhook(visitor_of(request).login, name)
    return _page(request, fault=fault, told="" if fault else words_for(request)("webhooks.took"))


@router.post("/settings/webhooks/{name}/remove", name="remove_webhook")
def remove(request: Request, name: str) -> Response:
    """Remove a webhook with its events."""
    console_of(request).desk.remove_webhook(visitor_of(request).login, name)
    return back_to("/settings/webhooks", "saved")


@router.post("/settings/events/{delivery_id}/resend", name="resend_event")
def resend(request: Request, delivery_id: RowNumber) -> Response:
    """Tell an event once more."""
    console_of(request).desk.resend_event(visitor_of(request).login, delivery_id)
    return back_to("/settings/webhooks", "resent")


def _page(
    request: Request, *, made: str = "", told: str = "", fault: str = "", status: int = 200
) -> Response:
    with console_of(request).store.read() as db:
        cards, events = webhooks(db), deliveries(db)
    return render(
        request,
        "webhooks.html",
        page="settings",
        tab="webhooks",
        status_code=status,
        cards=cards,
        events=events,
        kinds=EVENT_KINDS,
        made=made,
        told=told,
        fault=fault,
    )
