"""Settings of duplicates and of how long data are kept; the way back to an earlier version of a policy."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of, words_for
from console.pages import back_to, render
from console.policy_desk import CALENDAR, DUPLICATES, REPLIES, RETENTION, TERMS, TOPICS
from console.routes import page_router
from console.row_numbers import LARGEST
from models.retention import CLASSES, MAX_DAYS, NEVER
from models.store.policy_history import policy_versions

router = page_router()
SAME_MATTER: Final = ("show", "append")
PAGES: Final = {
    REPLIES: "/settings/mailboxes",
    DUPLICATES: "/settings/keeping",
    RETENTION: "/settings/keeping",
    CALENDAR: "/settings/time",
    TERMS: "/settings/time",
    TOPICS: "/settings/topics",
}


@router.get("/settings/keeping", name="keeping")
def keeping(request: Request) -> Response:
    """Show both policies with their earlier versions."""
    return _page(request)


@router.post("/settings/duplicates", name="save_duplicates")
def save_duplicates(
    request: Request,
    was: Annotated[int, Form(ge=0, le=LARGEST)],
    same_matter: Annotated[str, Form(max_length=20)],
) -> Response:
    """Save what becomes of a mail about a matter that is open already."""
    console = console_of(request)
    body = {"same_matter": same_matter}
    before, _ = console.desk.policies.in_force(DUPLICATES)
    if body != dict(before):
        console.desk.policies.change(DUPLICATES, body, was, visitor_of(request).login)
    return back_to("/settings/keeping", "saved")


@router.post("/settings/retention", name="save_retention")
def save_retention(
    request: Request,
    was: Annotated[int, Form(ge=0, le=LARGEST)],
    names: Annotated[list[str], Form(max_length=40)],
    days: Annotated[list[str], Form(max_length=40)],
    forever: Annotated[list[str], Form(max_length=40, default_factory=list)],
) -> Response:
    """Save for how many days each class of data is kept."""
    console = console_of(request)
    if len(names) != len(days):
        raise HTTPException(422)
    given = dict(zip(names, days, strict=True))
    body: dict[str, Any] = {}
    for name in CLASSES:
        text = given.get(name, "").strip()
        is_days = text.isdecimal() and text.isascii() and len(text) < 6 and 1 <= int(text) <= MAX_DAYS
        if name not in forever and not is_days:
            fault = words_for(request)("keeping.bad_days", name=words_for(request).name("retention", name))
            return _page(request, fault=fault, given=given, status=422)
        body[name] = NEVER if name in forever else int(text)
    before, _ = console.desk.policies.in_force(RETENTION)
    if body != dict(before):
        console.desk.policies.change(RETENTION, body, was, visitor_of(request).login)
    return back_to("/settings/keeping", "saved")


@router.post("/settings/policies/{name}/restore", name="restore_policy")
def restore_policy(request: Request, name: str, version: Annotated[int, Form(ge=0, le=LARGEST)]) -> Response:
    """Put an earlier version of a policy in force again."""
    if name not in PAGES:
        raise HTTPException(404)
    console_of(request).desk.policies.restore(name, version, visitor_of(request).login)
    return back_to(PAGES[name], "restored")


def _page(
    request: Request, *, fault: str = "", given: dict[str, str] | None = None, status: int = 200
) -> Response:
    console = console_of(request)
    retention, retention_version = console.desk.policies.in_force(RETENTION)
    duplicates, duplicates_version = console.desk.policies.in_force(DUPLICATES)
    with console.store.read() as db:
        histories = {name: policy_versions(db, name) for name in (RETENTION, DUPLICATES)}
    return render(
        request,
        "keeping.html",
        page="settings",
        tab="keeping",
        status_code=status,
        fault=fault,
        given=given or {},
        retention=retention,
        retention_version=retention_version,
        classes=CLASSES,
        never=NEVER,
        most_days=MAX_DAYS,
        same_matter=duplicates.get("same_matter", SAME_MATTER[0]),
        matters=SAME_MATTER,
        duplicates_version=duplicates_version,
        histories=histories,
    )
