"""Files of a mail and its HTML letter: previews that cannot act, downloads for those who may.

Tables and documents are shown from the text that was read at arrival, already redacted. Pictures
and downloads come out of the mail itself and are audited. A picture is served only in the formats
that browsers draw, up to a size, as what it is by its content; everything else only as a download
that no browser opens by itself. The HTML letter is words and layout (`workers.open_apart`) in a
frame without scripts, links, forms or anything from elsewhere.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from console.access import Right, has_right
from console.context import console_of, visitor_of, words_for
from console.pages import render
from console.routes import page_router
from console.row_numbers import RowNumber
from intake.image_sizes import pixel_size
from models.store.ticket_page import attachment_of

router = page_router()
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_PIXELS: Final = 50_000_000
TABLE_ROWS, TABLE_COLUMNS = 500, 40
SANDBOX: Final = "default-src 'none'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
LETTER: Final = (
    '<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="color-scheme" content="light"><title>{title}</title></head><body>{body}</body></html>'
)


@router.get("/files/{attachment_id}", name="file")
def file(request: Request, attachment_id: RowNumber) -> Response:
    """Show a file: a picture, the grid of a table, or the text of a document."""
    with console_of(request).store.read() as db:
        row = attachment_of(db, attachment_id)
    if row is None:
        raise HTTPException(404)
    rows = [line.split("\t")[:TABLE_COLUMNS] for line in row.text.splitlines()[: TABLE_ROWS + 1]]
    is_table = row.row_count is not None
    return render(
        request,
        "file.html",
        file=row,
        rows=rows if is_table else [],
        is_table=is_table,
        is_picture=row.content_type in PICTURES,
    )


@router.get("/files/{attachment_id}/picture", name="picture")
def picture(request: Request, attachment_id: RowNumber) -> Response:
    """Send a picture for the page that shows it; 404 for what no browser should draw."""
    opened = console_of(request).desk.open_file(attachment_id, visitor_of(request).login, "preview")
    width, height = pixel_size(opened.octets) or (0, 0)
    if opened.content_type not in PICTURES or not 0 < width * height <= MOST_PIXELS:
        raise HTTPException(404)
    return Response(opened.octets, media_type=opened.content_type, headers=_guarded())


@router.get("/files/{attachment_id}/download", name="download")
def download(request: Request, attachment_id: RowNumber) -> Response:
    """Send a file to be kept, never to be opened in the browser."""
    opened = console_of(request).desk.open_file(attachment_id, visitor_of(request).login, "download")
    name = opened.name or f"file-{attachment_id}"
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in name)
    headers = _guarded() | {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    }
    return Response(opened.octets, media_type="application/octet-stream", headers=headers)


@router.get("/mails/{raw_id}/letter", name="letter")
def letter(request: Request, raw_id: RowNumber) -> Response:
    """Send the HTML of a mail as words and layout, for a sandboxed frame.

    Where secrets were taken out of the stored text, the letter as sent still holds them: only leads see it.
    """
    console, visitor = console_of(request), visitor_of(request)
    sees_secrets = has_right(visitor.person.role, Right.LEAD)
    body = console.desk.open_letter(raw_id, visitor.login, sees_secrets=sees_secrets)
    page = LETTER.format(language="", title="", body=body or f"<p>{words_for(request)('file.no_html')}</p>")
    return HTMLResponse(page, headers=_guarded() | {"X-Frame-Options": "SAMEORIGIN"})


def _guarded() -> dict[str, str]:
    return {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}
