"""Who did what when, page by page from the newest on (rule R57). Nothing here writes the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import Connection

from models.store.schema import AUDIT

PAGE_LINES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One act. `subject` names the thing: ticket:100042, raw:17, person:maria."""

    id: int
    at_utc: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which acts are asked for; an empty field asks for nothing. `subject` is the beginning of one."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since_utc: datetime | None = None
    until_utc: datetime | None = None


def audit_lines(
    db: Connection, wanted: AuditFilter, *, before: int | None = None, limit: int = PAGE_LINES
) -> list[AuditLine]:
    """Return acts, newest first; `before` is the id of the last line of the page before."""
    query = select(AUDIT).where(*_conditions(wanted)).order_by(AUDIT.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.id < before)
    return [AuditLine(**row) for row in db.execute(query).mappings()]


def audit_actions(db: Connection) -> list[str]:
    """List the names of acts that were ever done."""
    found: list[str] = []
    name = ""
    while (name := _next_action(db, name)) and len(found) < 500:  # a jump over the index for each name
        found.append(name)
    return found


def _next_action(db: Connection, after: str) -> str:
    query = select(AUDIT.c.action).where(AUDIT.c.action > after).order_by(AUDIT.c.action).limit(1)
    return db.scalar(query) or ""


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actor:
        found.append(AUDIT.c.actor == wanted.actor)
    if wanted.action:
        found.append(AUDIT.c.action == wanted.action)
    if wanted.subject.startswith("ticket:"):  # the number is whole: RZ-100042 does not mean RZ-1000421
        found.append(AUDIT.c.subject == wanted.subject)
    elif wanted.subject:
        found.append(AUDIT.c.subject.startswith(wanted.subject, autoescape=True))
    if wanted.since_utc is not None:
        found.append(AUDIT.c.at_utc >= wanted.since_utc)
    if wanted.until_utc is not None:
        found.append(AUDIT.c.at_utc < wanted.until_utc)
    return found
