"""Tokens of the JSON API, for administrators: list, create (shown once), revoke."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of
from console.pages import back_to, render
from console.routes import page_router
from models.store import StoreError
from models.store.api_tokens import LONGEST_DAYS, SCOPES, add_token, revoke_token, tokens
from models.store.ticket_life import audit

router = page_router()
Text = Annotated[str, Form(max_length=100)]


@router.get("/settings/tokens", name="tokens")
def token_page(request: Request) -> Response:
    """Show all tokens, those that ended too."""
    return _page(request)


@router.post("/settings/tokens", name="create_token")
def create_token(
    request: Request,
    name: Text,
    scopes: Annotated[list[str], Form(max_length=50, default_factory=list)],
    days: Annotated[int, Form(ge=1, le=LONGEST_DAYS)] = 90,
    seller_id: Text = "",
) -> Response:
    """Create a token and show it this once."""
    console, login = console_of(request), visitor_of(request).login
    now, name = console.desk.now(), name.strip()
    try:
        with console.store.write({"tokens"}) as db:
            token = add_token(
                db, name, scopes, created_by=login, now_utc=now, days=days, seller_id=seller_id.strip()
            )
            audit(db, login, "add_token", f"token:{name}", now, scopes=scopes, seller_id=seller_id.strip())
    except StoreError as error:
        return _page(request, fault=str(error), status=409)
    return _page(request, made=token)


@router.post("/settings/tokens/{name}/revoke", name="revoke_token")
def revoke(request: Request, name: str) -> Response:
    """End a token at once."""
    console, login = console_of(request), visitor_of(request).login
    now = console.desk.now()
    try:
        with console.store.write({"tokens"}) as db:
            revoke_token(db, name, now)
            audit(db, login, "revoke_token", f"token:{name}", now)
    except StoreError as error:
        return _page(request, fault=str(error), status=409)
    return back_to("/settings/tokens", "saved")


def _page(request: Request, *, made: str = "", fault: str = "", status: int = 200) -> Response:
    console = console_of(request)
    with console.store.read() as db:
        cards = tokens(db)
    return render(
        request,
        "tokens.html",
        page="settings",
        tab="tokens",
        status_code=status,
        cards=cards,
        scopes=SCOPES,
        longest=LONGEST_DAYS,
        now_utc=console.desk.now(),
        made=made,
        fault=fault,
    )
