"""Finding tickets: by number, by identifiers or the beginning of one, by address, by words in any language.

Each way goes by an index. Values of facts are found whole or by their beginning; parts of numbers,
words and pairs of Chinese characters by the index of words (`models.store.word_index`), newest first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.engine import Connection

from models.search_words import stem
from models.store.schema import FACT, MESSAGE, TICKET
from models.store.word_index import find_mails

MOST_HITS: Final = 50
MOST_FACTS: Final = 200
LAST_CHAR: Final = "\U0010ffff"
SHORTEST_BEGINNING: Final = 4
AROUND_CHARS: Final = 70
_NUMBER: Final = re.compile(r"(?:RZ-)?(\d{5,14})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A ticket that was found, by what, and the words around."""

    number: int
    subject: str
    topic: str
    status: str
    updated_at_utc: datetime
    found_by: str  # number, fact, address, words
    shown: str  # the value, or the text around the first word


def search(db: Connection, wanted: str) -> list[Hit]:
    """Return the tickets that fit, the surest kind of match first, each ticket once."""
    wanted = " ".join(wanted.split())[:200]
    if not wanted:
        return []
    found = [*_by_number(db, wanted), *_by_fact(db, wanted), *_by_address(db, wanted)]
    if len(found) < MOST_HITS:
        found += _by_words(db, wanted)
    first: dict[int, Hit] = {}
    for hit in found:
        first.setdefault(hit.number, hit)
    return list(first.values())[:MOST_HITS]


def _by_number(db: Connection, wanted: str) -> list[Hit]:
    match = _NUMBER.fullmatch(wanted)
    if match is None:
        return []
    rows = db.execute(_tickets().where(TICKET.c.id == int(match[1])))
    return [_hit(row, "number", f"RZ-{row.id}") for row in rows]


def _by_fact(db: Connection, wanted: str) -> list[Hit]:
    """Find a value, else values that begin so (of four characters and more)."""
    if len(wanted) < 3:
        return []
    ways: list[ColumnElement[bool]] = [FACT.c.value.in_({wanted, wanted.upper(), wanted.lower()})]
    if len(wanted) >= SHORTEST_BEGINNING:
        ways.append(_begins(db, wanted))
    for way in ways:
        found = select(FACT.c.ticket_id, FACT.c.value).where(way).limit(MOST_FACTS)
        values = {row.ticket_id: row.value for row in db.execute(found)}
        rows = db.execute(_tickets().where(TICKET.c.id.in_(values))) if values else ()
        hits = [_hit(row, "fact", values[row.id]) for row in rows]
        if hits:
            return hits
    return []


def _begins(db: Connection, wanted: str) -> ColumnElement[bool]:
    """Accept values that begin so, in the words of the index that each database can use."""
    if db.dialect.name == "sqlite":
        return FACT.c.value.between(wanted, wanted + LAST_CHAR)
    return FACT.c.value.like(re.sub(r"([\\%_])", r"\\\1", wanted) + "%")


def _by_address(db: Connection, wanted: str) -> list[Hit]:
    if "@" not in wanted or " " in wanted:
        return []
    query = _tickets().where(TICKET.c.requester == wanted.lower())
    return [_hit(row, "address", row.requester) for row in db.execute(query)]


def _by_words(db: Connection, wanted: str) -> list[Hit]:
    """Find mails that hold every word; those that hold the first one as it was typed come first."""
    raw_ids = find_mails(db, wanted)
    query = (
        select(*_COLUMNS, MESSAGE.c.raw_id, MESSAGE.c.text, MESSAGE.c.subject.label("mail_subject"))
        .join(MESSAGE, MESSAGE.c.ticket_id == TICKET.c.id)
        .where(MESSAGE.c.raw_id.in_(raw_ids[: 2 * MOST_HITS]))
        .order_by(MESSAGE.c.raw_id.desc())
        .limit(MOST_HITS)
    )
    first = stem(wanted.split(maxsplit=1)[0].lower())
    rows = list(db.execute(query)) if raw_ids else []
    rows.sort(key=lambda row: first not in f"{row.mail_subject} {row.text}".lower())
    return [_hit(row, "words", _around(row.text, row.mail_subject, first)) for row in rows]


def _around(text: str, subject: str, stem: str) -> str:
    at = text.lower().find(stem.lower())
    if at < 0:
        return subject
    start, end = max(at - AROUND_CHARS, 0), at + len(stem) + AROUND_CHARS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


_COLUMNS: Final = (
    TICKET.c.id,
    TICKET.c.subject,
    TICKET.c.topic,
    TICKET.c.status,
    TICKET.c.requester,
    TICKET.c.updated_at_utc,
)


def _tickets() -> Any:
    return select(*_COLUMNS).order_by(TICKET.c.id.desc()).limit(MOST_HITS)


def _hit(row: Any, found_by: str, shown: str) -> Hit:
    return Hit(
        number=row.id,
        subject=row.subject,
        topic=row.topic,
        status=row.status,
        updated_at_utc=row.updated_at_utc,
        found_by=found_by,
        shown=shown,
    )
