"""Lists kept under a name: saving the filter in force, dropping one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Request
from fastapi.responses import Response

from console.access import Right, has_right
from console.context import console_of, visitor_of
from console.desk import DeskRefusalError
from console.pages import back_to
from console.routes import page_router
from console.row_numbers import RowNumber
from models.store import StoreError
from models.store.saved_views import drop_view, save_view
from models.store.ticket_life import audit

router = page_router()


@router.post("/views", name="save_view")
def save(
    request: Request,
    name: Annotated[str, Form(min_length=1, max_length=60)],
    query: Annotated[str, Form(max_length=600)] = "",
    shared: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """Keep the filter of a list under a name; only leads share one with everybody."""
    console, visitor = console_of(request), visitor_of(request)
    is_shared = bool(shared) and has_right(visitor.person.role, Right.LEAD)
    now = console.desk.now()
    try:
        with console.store.write() as db:
            save_view(db, visitor.login, name.strip(), query, now, is_shared=is_shared)
            audit(db, visitor.login, "save_view", f"view:{name.strip()}", now, query=query, shared=is_shared)
    except StoreError as error:
        raise DeskRefusalError(str(error)) from error
    return back_to(f"/queues?{query}", "saved")


@router.post("/views/{view_id}/drop", name="drop_view")
def drop(request: Request, view_id: RowNumber) -> Response:
    """Drop a kept list: one's own, or as a lead a shared one."""
    console, visitor = console_of(request), visitor_of(request)
    with console.store.write() as db:
        is_lead = has_right(visitor.person.role, Right.LEAD)
        if not drop_view(db, visitor.login, view_id, any_owner=is_lead):
            raise HTTPException(404)
        audit(db, visitor.login, "drop_view", f"view:{view_id}", console.desk.now())
    return back_to("/queues", "saved")
