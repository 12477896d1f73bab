"""Settings of mailboxes: which marketplace writes to which, and which replies leave by themselves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of
from console.desk import DeskRefusalError
from console.pages import back_to, render
from console.policy_desk import REPLIES
from console.routes import page_router
from console.row_numbers import LARGEST
from models.store import StoreError
from models.store.mailboxes import MARKETPLACES, mailboxes, set_marketplace
from models.store.policies import REPLY_CHOICES
from models.store.policy_history import policy_versions
from models.store.ticket_life import audit
from models.topics import ROUTED_SLUGS

router = page_router()
MOST_ROWS = 400
Values = Annotated[list[str], Form(max_length=MOST_ROWS)]


@router.get("/settings", name="settings")
def settings(request: Request) -> Response:
    """Go to the first page of settings."""
    return back_to("/settings/mailboxes" if visitor_of(request).may("mailboxes") else "/account")


@router.get("/settings/mailboxes", name="mailboxes")
def mailbox_page(request: Request) -> Response:
    """Show the mailboxes and what they answer."""
    console = console_of(request)
    replies, version = console.desk.policies.in_force(REPLIES)
    with console.store.read() as db:
        cards, versions = mailboxes(db), policy_versions(db, REPLIES)
    addresses = [card.address for card in cards]
    plain = {"default", *ROUTED_SLUGS, *addresses}
    return render(
        request,
        "mailboxes.html",
        page="settings",
        tab="mailboxes",
        cards=cards,
        marketplaces=MARKETPLACES,
        replies=replies,
        version=version,
        reply_choices=REPLY_CHOICES,
        pairs=sorted(set(replies) - plain),
        routed=ROUTED_SLUGS,
        versions=versions,
        policy=REPLIES,
    )


@router.post("/settings/mailboxes", name="save_mailboxes")
def save_mailboxes(request: Request, addresses: Values, marketplaces: Values) -> Response:
    """Save which marketplace writes to which mailbox."""
    console, login = console_of(request), visitor_of(request).login
    if len(addresses) != len(marketplaces):
        raise HTTPException(422)
    now = console.desk.now()
    try:
        with console.store.write({"mailboxes"}) as db:
            for address, marketplace in zip(addresses, marketplaces, strict=True):
                if set_marketplace(db, address, marketplace):
                    audit(db, login, "mailbox", f"mailbox:{address}", now, marketplace=marketplace)
    except StoreError as error:
        raise DeskRefusalError(str(error)) from error
    return back_to("/settings/mailboxes", "saved")


@router.post("/settings/replies", name="save_replies")
def save_replies(
    request: Request,
    was: Annotated[int, Form(ge=0, le=LARGEST)],
    keys: Values,
    choices: Values,
    pair_topic: Annotated[str, Form(max_length=100)] = "",
    pair_mailbox: Annotated[str, Form(max_length=320)] = "",
    pair_choice: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Save what is sent, drafted or left out; an empty choice is that of the next wider rule."""
    console, login = console_of(request), visitor_of(request).login
    if len(keys) != len(choices):
        raise HTTPException(422)
    with console.store.read() as db:
        known = {"default", *ROUTED_SLUGS, *(card.address for card in mailboxes(db))}
    before, _ = console.desk.policies.in_force(REPLIES)
    body: dict[str, Any] = {
        key: choice
        for key, choice in zip(keys, choices, strict=True)
        if choice and key in known | set(before)
    }
    if pair_topic in known and pair_mailbox in known and pair_choice:
        body[f"{pair_topic}@{pair_mailbox}"] = pair_choice
    if body != dict(before):
        console.desk.policies.change(REPLIES, body, was, login)
    return back_to("/settings/mailboxes", "saved")
