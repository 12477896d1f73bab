"""The header of one mail, masked, for those who work; the mail as received for administrators (R57)."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from console.context import console_of, visitor_of
from console.pages import render
from console.row_numbers import RowNumber
from models.store.raw_mail import fetch_beginnings

router = APIRouter()


@router.get("/mails/{raw_id}", name="mail_header")
def mail_header(request: Request, raw_id: RowNumber) -> Response:
    """Show the telling fields of a mail's header, masked; 404 once its octets are gone."""
    from intake.header_glance import GLANCE_BYTES, telling_fields  # half a second of patterns

    beginnings = fetch_beginnings(console_of(request).store, [raw_id], GLANCE_BYTES, skip_unreadable=True)
    if raw_id not in beginnings:
        raise HTTPException(404)
    return render(request, "mail_header.html", raw_id=raw_id, fields=telling_fields(beginnings[raw_id]))


@router.get("/mails/{raw_id}/raw", name="raw_mail")
def raw_mail(request: Request, raw_id: RowNumber) -> Response:
    """Send a mail octet for octet, to be kept and never opened by the browser; audited."""
    octets = console_of(request).desk.open_raw(raw_id, visitor_of(request).login)
    headers = {"Content-Disposition": f'attachment; filename="mail-{raw_id}.eml"'}
    return Response(octets, media_type="application/octet-stream", headers=headers)
