"""One act on many tickets at once, and the way back: what was before is kept for a minute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from console.context import Console, console_of, visitor_of, words_for
from console.desk import Desk, DeskRefusalError
from console.pages import back_to, own_path
from console.routes import page_router
from console.row_numbers import LARGEST
from console.undo import UndoStep
from models.store import StoreError
from models.store.ticket_life import ticket_row
from models.topics import LEGAL_MOVES, SLUGS, Status

router = page_router()
MOST_AT_ONCE: Final = 100
PRIORITIES: Final = ("urgent", "high", "normal", "low")
BY_RULE: Final = "-"  # lets a priority be worked out again
MOVES: Final = (Status.NEW, Status.IN_PROGRESS, Status.WAITING_SELLER)  # closing asks for a resolution
UNDO_S: Final = 60  # a topic's queue waits so long, so that nobody is answered before it is taken back
NO_WAY_BACK: Final = "-"  # rule R20 allows the move, and not the one back
SAID: Final = {
    "assign": "assigned",
    "close": "closed",
    "status": "moved_n",
    "priority": "prioritised",
    "topic": "relabelled_n",
}
CHOICES: Final[dict[str, tuple[str, frozenset[str]]]] = {  # act -> field of the form, what it may hold
    "assign": ("assignee", frozenset()),
    "close": ("resolution", frozenset()),
    "status": ("to", frozenset(map(str, MOVES))),
    "priority": ("priority", frozenset({*PRIORITIES, BY_RULE})),
    "topic": ("topic", frozenset(SLUGS)),
}
Line = Annotated[str, Field(max_length=100)]


class Bulk(BaseModel):
    """The form below a list: one act, and the choice that goes with it."""

    act: Literal["assign", "close", "status", "priority", "topic"]
    numbers: Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(max_length=MOST_AT_ONCE)]
    assignee: Line = ""
    resolution: Line = ""
    to: Line = ""
    priority: Line = ""
    topic: Line = ""
    back: Annotated[str, Field(max_length=1000)] = "/queues"

    def wanted(self) -> str:
        """Return what the act is to make of a ticket; raises HTTPException for what there is not."""
        field, known = CHOICES[self.act]
        value = str(getattr(self, field))
        if known and value not in known:
            raise HTTPException(422)
        return value


@router.post("/tickets/bulk", name="bulk")
def bulk(request: Request, form: Annotated[Bulk, Form()]) -> Response:
    """Do one thing to the chosen tickets; those that the rules refuse it for are left as they are."""
    console, visitor, wanted = console_of(request), visitor_of(request), form.wanted()
    why = words_for(request)("queue.closed_together")
    steps: list[UndoStep] = []
    count, fault = 0, ""
    for number, row in _before(console, form.numbers).items():
        try:
            before = ACTS[form.act](console.desk, visitor.login, row, wanted, why)
        except DeskRefusalError as error:
            fault = str(error)
        else:
            count += before is not None
            if before is not None and before != NO_WAY_BACK:
                steps.append(UndoStep(act=form.act, number=number, before=before))
    if fault and not count:
        raise DeskRefusalError(fault)
    undo = {"undo": console.shelf.put(visitor.login, tuple(steps))} if steps else {}
    return back_to(own_path(form.back), SAID[form.act], n=count, **undo)


@router.post("/undo", name="undo")
def undo(
    request: Request,
    token: Annotated[str, Form(max_length=100)],
    back: Annotated[str, Form(max_length=1000)] = "/queues",
) -> Response:
    """Take back what was done last: to tickets, or to a policy."""
    console, visitor = console_of(request), visitor_of(request)
    steps = console.shelf.take(visitor.login, token)
    if not steps:
        return back_to(own_path(back), "too_late")
    for step in steps:
        if step.act == "policy":
            if visitor.may("restore_policy"):
                console.desk.policies.restore(step.before, step.number, visitor.login)
            return back_to(own_path(back), "restored")
        _take_back(console.desk, step, visitor.login)
    return back_to(own_path(back), "undone", n=len(steps))


def _assign(desk: Desk, login: str, row: Any, wanted: str, _why: str) -> str | None:
    desk.take(row.id, login, wanted)
    return str(row.assignee)


def _close(desk: Desk, login: str, row: Any, wanted: str, why: str) -> str | None:
    if row.status == Status.CLOSED:
        return None
    desk.close(row.id, login, wanted, why)
    return str(row.status)


def _move(desk: Desk, login: str, row: Any, wanted: str, why: str) -> str | None:
    if row.status == wanted:
        return None
    desk.move(row.id, login, wanted, why)
    has_way_back = (Status(wanted), Status(row.status)) in LEGAL_MOVES
    return str(row.status) if has_way_back else NO_WAY_BACK


def _set_priority(desk: Desk, login: str, row: Any, wanted: str, why: str) -> str | None:
    desk.set_priority(row.id, login, "" if wanted == BY_RULE else wanted, why)
    return str(row.priority) if row.priority_by else ""


def _choose_topic(desk: Desk, login: str, row: Any, wanted: str, _why: str) -> str | None:
    if row.topic == wanted and not row.in_review:
        return None
    desk.choose_topic(row.id, login, wanted, "review", UNDO_S)
    return f"{row.topic} {row.status} {int(row.in_review)}"


# What each act does to one ticket; it returns what was before, None where nothing changes.
ACTS: Final[dict[str, Callable[[Desk, str, Any, str, str], str | None]]] = {
    "assign": _assign,
    "close": _close,
    "status": _move,
    "priority": _set_priority,
    "topic": _choose_topic,
}


def _take_back(desk: Desk, step: UndoStep, login: str) -> None:
    """Give a ticket back what was before."""
    if step.act == "assign":
        desk.take(step.number, login, step.before)
    elif step.act == "split":
        desk.merge(step.number, login, int(step.before))
    elif step.act == "priority":
        desk.set_priority(step.number, login, step.before, "undone")
    elif step.act == "topic":
        topic, status, in_review = step.before.split()
        desk.take_back_topic(step.number, login, topic, status, in_review=in_review == "1")
    elif step.act == "status":
        desk.move(step.number, login, step.before, "undone")
    else:
        desk.move(step.number, login, Status.IN_PROGRESS, "undone")


def _before(console: Console, numbers: list[int]) -> dict[int, Any]:
    """Return each ticket as it is."""
    try:
        with console.store.read() as db:
            return {number: ticket_row(db, number) for number in numbers}
    except StoreError as error:
        raise HTTPException(404) from error
