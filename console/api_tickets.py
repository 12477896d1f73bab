"""Tickets and their facts in the JSON API."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from console.api_call import (
    Asked,
    CallOf,
    IfMatch,
    IfNoneMatch,
    Key,
    Line,
    Number,
    Since,
    Wish,
    Word,
    matches,
    one_of,
)
from console.api_faults import ApiError
from console.api_records import Fact, Page, Ticket, etag_of, fact_of
from console.desk import Desk
from console.routes import api_router
from console.wording import words_of
from models.store.api_reads import TicketWish, fact_rows, related_numbers, ticket_rows
from models.store.people import people
from models.topics import Status

router = api_router()
Level = Literal["low", "normal", "high", "urgent"]


class TicketList(Wish):
    """Filters of tickets; together they all must fit."""

    status: Status | None = None
    topic: Word = ""
    language: Literal["ru", "zh", "en", "unknown"] | None = None
    marketplace: Literal["ozon", "wb", "unknown"] | None = None
    priority: Level | None = None
    assignee: Word | None = None
    seller_id: Word = ""
    in_review: bool | None = None
    escalated: bool | None = None
    updated_since: Since | None = Field(None, description="RFC 3339 with an offset.")
    sort: Literal["number", "updated"] = Field(
        "number", description="number: newest first; updated: oldest change first, to keep a copy."
    )


class NewStatus(Asked):
    """Where a ticket goes; closing needs a resolution of its topic and a reason."""

    status: Status
    reason: Line = ""
    resolution: Word = ""


class NewAssignee(Asked):
    """Who works on a ticket; empty gives it back to everybody."""

    assignee: Word


class NewPriority(Asked):
    """A priority set by hand; null lets it be worked out again."""

    priority: Level | None
    reason: Line = ""


class FactList(Wish):
    """Which facts of a ticket."""

    superseded: bool = Field(default=False, description="Those that were replaced or withdrawn too.")


class FactChange(Asked):
    """A value to add, to put in the place of `was`, or (empty) to withdraw `was`."""

    field: one_of(words_of("en").section("field"))  # type: ignore[valid-type]  # a type made of data
    value: Line = ""
    was: Line = ""


@router.get("/tickets", name="list_tickets", tags=["tickets"])
def list_tickets(call: CallOf, wish: Annotated[TicketList, Query()]) -> Page[Ticket]:
    """List tickets."""
    by_change = wish.sort == "updated"
    wanted = TicketWish(
        status=wish.status or "",
        topic=wish.topic,
        language=wish.language or "",
        marketplace=wish.marketplace or "",
        priority=wish.priority or "",
        assignee=wish.assignee,
        seller_id=wish.seller_id,
        in_review=wish.in_review,
        escalated=wish.escalated,
        updated_since_utc=wish.updated_since,
        by_change=by_change,
    )
    with call.console.store.read() as db:
        rows = ticket_rows(db, wanted, wish.page(), seller_id=call.seller_id)
        shown = rows[: wish.limit]
        related = related_numbers(db, [row.id for row in shown], seller_id=call.seller_id)
    return Page(
        items=[call.shown(row, related.get(row.id, ())) for row in shown],
        next=wish.next_cursor(rows, lambda row: (row.id, row.updated_at_utc if by_change else None)),
    )


@router.get("/tickets/{number}", name="get_ticket", tags=["tickets"])
def get_ticket(call: CallOf, number: Number, if_none_match: IfNoneMatch = None) -> Ticket:
    """Read a ticket; its ETag is what If-Match of a change names."""
    ticket = call.show_ticket(number)
    if if_none_match is not None and matches(if_none_match, etag_of(ticket)):
        return Response(status_code=304, headers={"ETag": etag_of(ticket)})  # type: ignore[return-value]  # FastAPI passes a response through
    return ticket


@router.put("/tickets/{number}/status", name="set_ticket_status", tags=["tickets"])
def set_ticket_status(call: CallOf, number: Number, asked: NewStatus, if_match: IfMatch = None) -> Ticket:
    """Move a ticket to another status."""

    def act(desk: Desk) -> None:
        if asked.status is Status.CLOSED:
            desk.close(number, call.actor, asked.resolution, asked.reason)
        else:
            desk.move(number, call.actor, asked.status, asked.reason)

    return call.change_ticket(number, if_match, act)


@router.put("/tickets/{number}/assignee", name="set_ticket_assignee", tags=["tickets"])
def set_ticket_assignee(call: CallOf, number: Number, asked: NewAssignee, if_match: IfMatch = None) -> Ticket:
    """Assign a ticket; a new one is then in progress."""
    with call.console.store.read() as db:
        logins = {person.login for person in people(db) if person.active and person.role != "viewer"}
    if asked.assignee and asked.assignee not in logins:
        raise ApiError("refused", "nobody who works on tickets has that login")
    return call.change_ticket(number, if_match, lambda desk: desk.take(number, call.actor, asked.assignee))


@router.put("/tickets/{number}/priority", name="set_ticket_priority", tags=["tickets"])
def set_ticket_priority(call: CallOf, number: Number, asked: NewPriority, if_match: IfMatch = None) -> Ticket:
    """Set a ticket's priority by hand, or let it be worked out again."""
    level = asked.priority or ""
    return call.change_ticket(
        number, if_match, lambda desk: desk.set_priority(number, call.actor, level, asked.reason)
    )


@router.get("/tickets/{number}/facts", name="list_facts", tags=["facts"])
def list_facts(call: CallOf, number: Number, wish: Annotated[FactList, Query()]) -> Page[Fact]:
    """List what is known of a ticket, oldest first."""
    with call.console.store.read() as db:
        call.ticket(db, number)
        rows = fact_rows(db, number, wish.page(newest_first=False), superseded=wish.superseded)
    return Page(
        items=[fact_of(row) for row in rows[: wish.limit]],
        next=wish.next_cursor(rows, lambda row: (row.id, None)),
    )


@router.post("/tickets/{number}/facts", name="correct_fact", tags=["facts"])
def correct_fact(call: CallOf, number: Number, asked: FactChange, key: Key = None) -> Ticket:
    """Add, correct or withdraw a fact; the ticket is then worked again."""
    if not asked.value.strip() and not asked.was:
        raise ApiError("refused", "value: say what to add, or with `was` what to withdraw")
    call.see_ticket(number)

    def act(desk: Desk) -> int:
        desk.set_fact(number, call.actor, asked.field, asked.value, asked.was)
        return number

    return call.show_ticket(call.once(key, asked, act))
