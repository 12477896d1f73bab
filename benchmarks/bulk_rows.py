"""Rows straight into a table: `executemany` for SQLite, COPY for PostgreSQL; defaults come from the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.types import Boolean

from models.column_types import Json, UtcDateTime

Row = dict[str, Any]


def write_rows(db: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write rows of dictionaries; a column that a row does not name gets its default."""
    columns = [column for column in table.columns if column.name != "id" or table.name == "ticket"]
    is_sqlite = db.dialect.name == "sqlite"
    known = [(column.name, _default(column), _converter(column, is_sqlite=is_sqlite)) for column in columns]
    values = [
        [
            None if (value := row.get(name, default)) is None else convert(value) if convert else value
            for name, default, convert in known
        ]
        for row in rows
    ]
    write_values(db, table.name, [column.name for column in columns], values)


def write_values(db: Connection, name: str, columns: Sequence[str], values: list[list[Any]]) -> None:
    """Write finished values."""
    quoted = ", ".join(f'"{column}"' for column in columns)
    cursor = db.connection.cursor()
    if db.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f'INSERT INTO "{name}" ({quoted}) VALUES ({marks})', values)
        return
    with cursor.copy(f'COPY "{name}" ({quoted}) FROM STDIN') as copy:
        for row in values:
            copy.write_row(row)


def settle(db: Connection) -> None:
    """Tell PostgreSQL that numbers were given out by hand."""
    if db.dialect.name == "postgresql":
        db.execute(
            text("SELECT setval(pg_get_serial_sequence('ticket', 'id'), (SELECT max(id) FROM ticket))")
        )


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    return None if default is None else default.arg(None) if default.is_callable else default.arg


def _converter(column: Column[Any], *, is_sqlite: bool) -> Callable[[Any], Any] | None:
    """Return how the values of a column are written; None where they are taken as they are."""
    if isinstance(column.type, UtcDateTime):
        return _moment if is_sqlite else None
    if isinstance(column.type, type(Json)):
        return json.dumps
    return int if is_sqlite and isinstance(column.type, Boolean) else None


def _moment(at: datetime) -> str:
    return str(at.replace(tzinfo=None)) + ("" if at.microsecond else ".000000")
