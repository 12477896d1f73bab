"""The last look for an address: wherever it still stands in the main database, a pseudonym takes its place.

Other people's mails name an address too ("On Monday Ivan <ivan@shop.example> wrote"), as do answers
of relays and Message-IDs. Every column of text or JSON of every table is looked at, so that a table
that somebody adds tomorrow is not forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    String,
    Table,
    Text,
    TypeDecorator,
    cast,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from models.store.schema import LEASE, MAILBOX, PERSON
from models.tables import main_metadata

PORTION: Final = 200  # rows of one transaction
_LEFT_ALONE: Final = frozenset({MAILBOX.name, PERSON.name, LEASE.name})  # ours, and no sellers' words


def swept_tables() -> list[Table]:
    """Return the tables that a sweep looks through."""
    return [table for table in main_metadata.sorted_tables if table.name not in _LEFT_ALONE]


def sweep_portion(
    db: Connection, table: Table, address: str, pseudonym: str, *, skip: int
) -> tuple[int, int]:
    """Replace the address in the next rows of one table; return how many changed and were passed over.

    A row is passed over where the address is but a part of a longer one; `skip` is how many were
    before. (0, 0) when the table is done.
    """
    columns = list(_wordy(table))
    if not columns:
        return 0, 0
    keys = list(table.primary_key.columns)
    whole = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", re.IGNORECASE)
    changed = passed = 0
    query = select(table).where(_names(columns, address.lower())).order_by(*keys).offset(skip).limit(PORTION)
    for row in db.execute(query).mappings().all():
        values = {column.name: _without(row[column.name], whole, pseudonym) for column in columns}
        values = {name: value for name, value in values.items() if value != row[name]}
        if values:
            db.execute(update(table).where(*(key == row[key.name] for key in keys)).values(values))
            changed += 1
        else:
            passed += 1
    return changed, passed


def _names(columns: list[Column[Any]], address: str) -> ColumnElement[bool]:
    """Accept rows in which a column holds the address; JSON that is kept as text writes it with escapes."""
    escaped = json.dumps(address)[1:-1]
    return or_(
        *(
            func.lower(cast(column, Text)).contains(words, autoescape=True)
            for column in columns
            for words in dict.fromkeys((address, escaped) if isinstance(column.type, JSON) else (address,))
        )
    )


def _wordy(table: Table) -> Iterator[Column[Any]]:
    for column in table.columns:
        kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
        if isinstance(kind, (String, JSON)) and not column.primary_key:
            yield column


def _without(value: Any, whole: re.Pattern[str], pseudonym: str) -> Any:
    match value:
        case str():
            return whole.sub(pseudonym, value)
        case list():
            return [_without(item, whole, pseudonym) for item in value]
        case dict():
            return {_without(k, whole, pseudonym): _without(v, whole, pseudonym) for k, v in value.items()}
        case _:
            return value
