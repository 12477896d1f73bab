"""Finding tickets: by number, by identifiers or the beginning of one, by address, by words in any language.

Numbers and identifiers go by their indexes. Words are looked for as parts of the text, so that two
Chinese characters are found like a Russian stem; that reads texts, therefore only those of the
newest mails (`WORDS_OF`). Letters are tried in the three usual cases, since SQLite folds only ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.engine import Connection

from models.store.schema import FACT, MESSAGE, TICKET

WORDS_OF: Final = 20_000
MOST_HITS: Final = 50
MOST_WORDS: Final = 6
AROUND_CHARS: Final = 70
_NUMBER: Final = re.compile(r"(?:RZ-)?(\d{5,14})", re.IGNORECASE)
_ENDING: Final = 2  # letters that a long word may lose, so that cases and plurals are found


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
    """Find a value, else values that begin so, else those that hold it (of four characters and more)."""
    if len(wanted) < 3:
        return []
    fields = list(db.scalars(select(FACT.c.field).distinct()))
    known = FACT.c.field.in_(fields)
    ways: list[ColumnElement[bool]] = [FACT.c.value.in_({wanted, wanted.upper(), wanted.lower()})]
    if len(wanted) >= 4 and " " not in wanted:
        ways.append(FACT.c.value.startswith(wanted, autoescape=True))
        ways.append(FACT.c.value.contains(wanted, autoescape=True))
    for way in ways:
        query = (
            select(*_COLUMNS, FACT.c.value.label("shown"))
            .join(FACT, FACT.c.ticket_id == TICKET.c.id)
            .where(known, way)
            .order_by(TICKET.c.id.desc())
            .limit(MOST_HITS)
        )
        hits = [_hit(row, "fact", row.shown) for row in db.execute(query)]
        if hits:
            return hits
    return []


def _by_address(db: Connection, wanted: str) -> list[Hit]:
    if "@" not in wanted or " " in wanted:
        return []
    query = _tickets().where(TICKET.c.requester == wanted.lower())
    return [_hit(row, "address", row.requester) for row in db.execute(query)]


def _by_words(db: Connection, wanted: str) -> list[Hit]:
    words = list(dict.fromkeys(wanted.split()))[:MOST_WORDS]
    stems = [_stem(word) for word in words]
    newest = db.scalar(select(func.max(MESSAGE.c.raw_id))) or 0
    fits = and_(*(_holds(stem) for stem in stems))
    query = (
        select(*_COLUMNS, MESSAGE.c.text, MESSAGE.c.subject.label("mail_subject"))
        .join(MESSAGE, MESSAGE.c.ticket_id == TICKET.c.id)
        .where(MESSAGE.c.raw_id > newest - WORDS_OF, fits)
        .order_by(MESSAGE.c.raw_id.desc())
        .limit(MOST_HITS)
    )
    return [_hit(row, "words", _around(row.text, row.mail_subject, stems[0])) for row in db.execute(query)]


def _stem(word: str) -> str:
    """Cut the ending of a long word of letters, but never of a Chinese one or a number."""
    is_plain = word.isalpha() and all(
        "a" <= letter.lower() <= "z" or "а" <= letter.lower() <= "ё" for letter in word
    )
    return word[:-_ENDING] if is_plain and len(word) > 5 else word


def _holds(stem: str) -> ColumnElement[bool]:
    cases = {stem, stem.lower(), stem.upper(), stem.capitalize()}
    return or_(
        *(
            column.contains(case, autoescape=True)
            for case in sorted(cases)
            for column in (MESSAGE.c.text, MESSAGE.c.subject)
        )
    )


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
