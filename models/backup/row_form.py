"""Rows of a table as lines of JSON and back, for an archive that no database engine's habits enter.

A line is the array of a row's values in the order of the table's columns. Three kinds of columns
need a form of their own: `moment` (ISO 8601 in UTC), `octets` (base64, RFC 4648) and `json` (as it
is); everything else is `plain`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, LargeBinary, Table

from models.column_types import UtcDateTime

KINDS: Final = ("plain", "json", "moment", "octets")


def kind_of(column: Column[Any]) -> str:
    """Name the form of a column's values, one of `KINDS`."""
    if isinstance(column.type, UtcDateTime):
        return "moment"
    if isinstance(column.type, LargeBinary):
        return "octets"
    return "json" if isinstance(column.type, JSON) else "plain"


def columns_of(table: Table) -> list[tuple[str, str]]:
    """List (name, kind) of a table's columns in their order."""
    return [(column.name, kind_of(column)) for column in table.columns]


def row_encoder(columns: Sequence[tuple[str, str]]) -> Callable[[Sequence[Any]], bytes]:
    """Give the function that turns a row into its line, with the newline."""
    forms = [_ENCODERS[kind] for _, kind in columns]

    def encode(row: Sequence[Any]) -> bytes:
        values = [None if value is None else form(value) for form, value in zip(forms, row, strict=True)]
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    return encode


def row_decoder(columns: Sequence[tuple[str, str]]) -> Callable[[bytes], Mapping[str, Any]]:
    """Give the function that turns a line into a row by column name.

    The function raises ValueError for a line that no encoder of these columns wrote.
    """
    names = [name for name, _ in columns]
    forms = [_DECODERS[kind] for _, kind in columns]

    def decode(line: bytes) -> Mapping[str, Any]:
        values = json.loads(line)
        if not isinstance(values, list):
            msg = "a row is an array"
            raise ValueError(msg)  # noqa: TRY004 - the content is wrong, no argument
        return {
            name: None if value is None else form(value)
            for name, form, value in zip(names, forms, values, strict=True)
        }

    return decode


def _itself(value: Any) -> Any:
    return value


def _moment_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _octets_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _octets(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


_ENCODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "plain": _itself,
    "json": _itself,
    "moment": _moment_text,
    "octets": _octets_text,
}
_DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "plain": _itself,
    "json": _itself,
    "moment": datetime.fromisoformat,
    "octets": _octets,
}
