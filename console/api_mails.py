"""Mails, labels, replies and the balance in the JSON API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from console.api_call import LARGEST, Asked, CallOf, Key, Line, Number, Since, Wish, Word, Words, one_of
from console.api_faults import ApiError
from console.api_records import Balance, Label, Message, Page, Reply, label_of, message_of, reply_of
from console.desk import Desk
from console.routes import api_router
from models.store import overview
from models.store.api_reads import (
    attachments_of,
    label_rows,
    message_row,
    message_rows,
    newest_label,
    reply_row,
    reply_rows,
)
from models.topics import SLUGS

router = api_router()
TicketNumber = Annotated[int, Field(ge=1, le=LARGEST)]


class MessageList(Wish):
    """Filters of mails."""

    ticket: TicketNumber | None = None
    kind: Word = ""
    received_since: Since | None = None


class LabelList(Wish):
    """Filters of labels."""

    ticket: TicketNumber | None = None
    topic: Word = ""
    superseded: bool = False


class NewLabel(Asked):
    """The topic of a ticket."""

    ticket: TicketNumber
    topic: one_of(SLUGS)  # type: ignore[valid-type]  # a type made of data


class ReplyList(Wish):
    """Filters of replies."""

    ticket: TicketNumber | None = None
    status: Literal["draft", "queued", "sending", "sent", "failed", "uncertain", "muted"] | None = None


class NewDraft(Asked):
    """Words to the seller, kept as a draft."""

    text: Words


class NewReply(Asked):
    """Words to the seller that leave at once."""

    text: Words
    waits_for_seller: bool = Field(default=False, description="The ticket then waits for an answer.")


class Approval(Asked):
    """A draft may leave, with other words if given."""

    text: Words | None = None


class Dropping(Asked):
    """Why a draft does not leave."""

    reason: Line = ""


@router.get("/messages", name="list_messages", tags=["messages"])
def list_messages(call: CallOf, wish: Annotated[MessageList, Query()]) -> Page[Message]:
    """List mails, newest first."""
    with call.console.store.read() as db:
        rows = message_rows(
            db,
            wish.page(),
            seller_id=call.seller_id,
            ticket=wish.ticket,
            kind=wish.kind,
            since_utc=wish.received_since,
        )
        shown = rows[: wish.limit]
        parts = attachments_of(db, [row.raw_id for row in shown])
    return Page(
        items=[message_of(row, parts.get(row.raw_id, ())) for row in shown],
        next=wish.next_cursor(rows, lambda row: (row.raw_id, None)),
    )


@router.get("/messages/{number}", name="get_message", tags=["messages"])
def get_message(call: CallOf, number: Number) -> Message:
    """Read one mail as stored."""
    with call.console.store.read() as db:
        row = message_row(db, number, seller_id=call.seller_id)
        parts = attachments_of(db, [number])
    if row is None:
        raise ApiError("not-found", f"there is no mail {number}")
    return message_of(row, parts.get(number, ()))


@router.get("/labels", name="list_labels", tags=["labels"])
def list_labels(call: CallOf, wish: Annotated[LabelList, Query()]) -> Page[Label]:
    """List labels, newest first."""
    with call.console.store.read() as db:
        rows = label_rows(db, wish.page(), ticket=wish.ticket, topic=wish.topic, superseded=wish.superseded)
    return Page(
        items=[label_of(row) for row in rows[: wish.limit]],
        next=wish.next_cursor(rows, lambda row: (row.id, None)),
    )


@router.post("/labels", name="create_label", tags=["labels"], status_code=201)
def create_label(call: CallOf, asked: NewLabel, key: Key = None) -> Label:
    """Give a ticket its topic: its queue works it, and the classifier learns from it."""
    call.see_ticket(asked.ticket)

    def act(desk: Desk) -> int:
        desk.choose_topic(asked.ticket, call.actor, asked.topic, "review", 0)
        return asked.ticket

    number = call.once(key, asked, act)
    with call.console.store.read() as db:
        row = newest_label(db, number)
    if row is None:
        raise ApiError("refused", "the ticket has no mail that could be labelled; its topic is set")
    return label_of(row)


@router.get("/replies", name="list_replies", tags=["replies"])
def list_replies(call: CallOf, wish: Annotated[ReplyList, Query()]) -> Page[Reply]:
    """List replies and drafts, newest first."""
    with call.console.store.read() as db:
        rows = reply_rows(db, wish.page(), ticket=wish.ticket, status=wish.status or "")
    return Page(
        items=[reply_of(row) for row in rows[: wish.limit]],
        next=wish.next_cursor(rows, lambda row: (row.id, None)),
    )


@router.get("/replies/{number}", name="get_reply", tags=["replies"])
def get_reply(call: CallOf, number: Number) -> Reply:
    """Read one reply or draft."""
    with call.console.store.read() as db:
        row = reply_row(db, number)
    if row is None:
        raise ApiError("not-found", f"there is no reply {number}")
    return reply_of(row)


@router.post("/tickets/{number}/drafts", name="create_draft", tags=["replies"], status_code=201)
def create_draft(call: CallOf, number: Number, asked: NewDraft, key: Key = None) -> Reply:
    """Write a draft; a person, or a token that may send, approves it."""
    call.see_ticket(number)
    made = call.once(key, asked, lambda desk: desk.write_draft(number, call.actor, asked.text))
    return get_reply(call, made)


@router.post("/tickets/{number}/replies", name="send_reply", tags=["replies"], status_code=201)
def send_reply(call: CallOf, number: Number, asked: NewReply, key: Key = None) -> Reply:
    """Send words to the seller; they are checked by the rules for operators' words."""
    call.see_ticket(number)

    def act(desk: Desk) -> int:
        return desk.write_reply(number, call.actor, asked.text, waits_for_seller=asked.waits_for_seller)

    return get_reply(call, call.once(key, asked, act))


@router.post("/replies/{number}/approval", name="approve_draft", tags=["replies"])
def approve_draft(call: CallOf, number: Number, asked: Approval, key: Key = None) -> Reply:
    """Let a draft leave."""
    return _decided(call, number, asked, key, lambda desk: desk.approve_draft(number, call.actor, asked.text))


@router.post("/replies/{number}/dropping", name="drop_draft", tags=["replies"])
def drop_draft(call: CallOf, number: Number, asked: Dropping, key: Key = None) -> Reply:
    """Drop a draft; it stays visible as muted."""
    return _decided(call, number, asked, key, lambda desk: desk.drop_draft(number, call.actor, asked.reason))


def _decided(
    call: CallOf, number: int, asked: Approval | Dropping, key: str | None, act: Callable[[Desk], None]
) -> Reply:
    """Decide about a draft once, and read it again."""
    get_reply(call, number)

    def carried_out(desk: Desk) -> int:
        act(desk)
        return number

    return get_reply(call, call.once(key, asked, carried_out))


@router.get("/status", name="get_status", tags=["status"])
def get_status(call: CallOf) -> Balance:
    """Read the balance of accepted mails."""
    console = call.console
    counts = overview.status(console.store, console.desk.now(), relay=console.options.relay)
    return Balance(**{name: counts[name] for name in Balance.model_fields})
