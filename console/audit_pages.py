"""The audit log: who did what when, by person, act, thing and day; as CSV for administrators (rule R57)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse

from console.context import Console, console_of, moments_for, visitor_of
from console.pages import render
from console.routes import page_router
from console.row_numbers import Before
from models.store.audit_trail import PAGE_LINES, AuditFilter, AuditLine, audit_actions, audit_lines
from models.store.people import people
from models.store.ticket_life import audit

router = page_router()
_EXPORT_PAGE: Final = 500
_FIELDS: Final = ("actor", "action", "subject", "from", "to")
_TICKET: Final = re.compile(r"(?:RZ-|№|#)?(\d{1,12})", re.IGNORECASE)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
Text = Annotated[str, Query(max_length=200)]


@router.get("/audit", name="audit_log")
def audit_log(request: Request, before: Before = None) -> Response:
    """Show one page of the log."""
    console, asked = console_of(request), _asked(request)
    with console.store.read() as db:
        lines = audit_lines(db, _filter(request, asked), before=before)
        actions = audit_actions(db)
        actors = ["razbor", "command line", *(person.login for person in people(db))]
    kept = urlencode({name: value for name, value in asked.items() if value})
    more = ""
    if len(lines) == PAGE_LINES:
        more = f"/audit?{urlencode({**{n: v for n, v in asked.items() if v}, 'before': lines[-1].id})}"
    return render(
        request,
        "audit.html",
        page="audit",
        lines=lines,
        more=more,
        asked=asked,
        actions=actions,
        actors=actors,
        is_filtered=bool(kept),
        export=f"/audit.csv?{kept}",
        subject_address=subject_address,
    )


@router.get("/audit.csv", name="export_audit")
def export_audit(request: Request) -> Response:
    """Write what the filter asks for as CSV; the export itself is an act."""
    console, asked = console_of(request), _asked(request)
    with console.store.write() as db:
        now = console.desk.now()
        audit(
            db,
            visitor_of(request).login,
            "export",
            "audit",
            now,
            filter={n: v for n, v in asked.items() if v},
        )
    return StreamingResponse(
        _csv(console, _filter(request, asked)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="razbor-audit.csv"'},
    )


def subject_address(subject: str) -> str:
    """Return where a thing is shown, "" for one that has no page."""
    kind, _, name = subject.partition(":")
    if kind == "ticket" and name.isdecimal():
        return f"/tickets/{name}"
    return {"model": "/models"}.get(kind, "")


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula (OWASP CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip()[:200] for name in _FIELDS}


def _filter(request: Request, asked: dict[str, str]) -> AuditFilter:
    """Read the filter of an address; a day that cannot be read asks for nothing."""
    zone = moments_for(request).zone
    subject = asked["subject"]
    if match := _TICKET.fullmatch(subject):
        subject = f"ticket:{match.group(1)}"

    def begin(text: str, days: int) -> datetime | None:
        try:
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), zone).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    return AuditFilter(
        actor=asked["actor"],
        action=asked["action"],
        subject=subject,
        since_utc=begin(asked["from"], 0),
        until_utc=begin(asked["to"], 1),
    )


def _csv(console: Console, wanted: AuditFilter) -> Iterator[str]:
    """Yield the file piece by piece; each page is a short read of its own."""
    yield "\ufeff"  # spreadsheets take UTF-8 without a mark for something else
    yield _rows([("at_utc", "actor", "action", "subject", "detail")])
    before: int | None = None
    while True:
        with console.store.read() as db:
            lines = audit_lines(db, wanted, before=before, limit=_EXPORT_PAGE)
        yield _rows(_cells(line) for line in lines)
        if len(lines) < _EXPORT_PAGE:
            return
        before = lines[-1].id


def _cells(line: AuditLine) -> tuple[str, ...]:
    detail = json.dumps(line.detail, ensure_ascii=False, sort_keys=True) if line.detail else ""
    return (line.at_utc.isoformat(), *map(safe_cell, (line.actor, line.action, line.subject, detail)))


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    page = io.StringIO()
    csv.writer(page).writerows(rows)
    return page.getvalue()
