"""One mail: its header, masked, and a held one's words; as received for administrators (R57)."""

from __future__ import annotations

from fastapi import HTTPException, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of
from console.desk import DeskRefusalError
from console.pages import render
from console.routes import page_router
from console.row_numbers import RowNumber
from models.store.mails import mail_end
from models.store.raw_mail import fetch_beginnings
from models.topics import Disposition

router = page_router()


@router.get("/mails/{raw_id}", name="mail_header")
def mail_header(request: Request, raw_id: RowNumber) -> Response:
    """Show the telling fields of a mail's header, masked, and why it is held; 404 for an unknown mail."""
    from intake.header_glance import GLANCE_BYTES, telling_fields  # half a second of patterns

    store = console_of(request).store
    with store.read() as db:
        end = mail_end(db, raw_id)
    beginnings = fetch_beginnings(store, [raw_id], GLANCE_BYTES, skip_unreadable=True)
    if end is None and raw_id not in beginnings:
        raise HTTPException(404)
    return render(
        request,
        "mail_header.html",
        raw_id=raw_id,
        fields=telling_fields(beginnings.get(raw_id, b"")),
        is_there=raw_id in beginnings,
        is_purged=end is not None and end.raw_purged_at_utc is not None,
        cause=end.cause if end is not None and end.disposition == Disposition.HELD else None,
    )


@router.get("/mails/{raw_id}/words", name="mail_words")
def mail_words(request: Request, raw_id: RowNumber) -> Response:
    """Show the first words of a held mail, or why they cannot be shown; a page or the part that it lacks."""
    seen, refused = None, ""
    try:
        seen = console_of(request).desk.preview_held(raw_id, visitor_of(request).login)
    except DeskRefusalError as error:
        refused = str(error)
    is_part = request.headers.get("hx-target") == "mail-words"
    template = "mail_words_part.html" if is_part else "mail_words.html"
    return render(request, template, raw_id=raw_id, seen=seen, refused=refused)


@router.get("/mails/{raw_id}/raw", name="raw_mail")
def raw_mail(request: Request, raw_id: RowNumber) -> Response:
    """Send a mail octet for octet, to be kept and never opened by the browser; audited."""
    octets = console_of(request).desk.open_raw(raw_id, visitor_of(request).login)
    headers = {"Content-Disposition": f'attachment; filename="mail-{raw_id}.eml"'}
    return Response(octets, media_type="application/octet-stream", headers=headers)
