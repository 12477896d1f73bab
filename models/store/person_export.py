"""Everything that is stored about an address, as plain data for an export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Table, func, select
from sqlalchemy.engine import Connection

from models.store.person_search import Holdings
from models.store.schema import (
    ATTACHMENT,
    FACT,
    LABEL,
    MAIL_STATE,
    MESSAGE,
    NOTE,
    OUTBOX,
    PREDICTION,
    SELLER_ADDRESS,
    STATUS_EVENT,
    TICKET,
)

_AT_ONCE: Final = 500


def person_rows(db: Connection, address: str, found: Holdings) -> dict[str, list[dict[str, Any]]]:
    """Return the rows about a person by table.

    Of tickets that others opened only the person's own mails and facts are among them.
    """
    by_mail = (MAIL_STATE, MESSAGE, ATTACHMENT, PREDICTION, LABEL, FACT)
    rows = {table.name: _rows(db, table, table.c.raw_id, found.mails) for table in by_mail}
    rows[OUTBOX.name] = _rows(db, OUTBOX, OUTBOX.c.id, found.replies)
    rows[TICKET.name] = _rows(db, TICKET, TICKET.c.id, found.opened)
    for table in (STATUS_EVENT, NOTE):
        rows[table.name] = _rows(db, table, table.c.ticket_id, found.opened)
    bound = select(SELLER_ADDRESS).where(func.lower(SELLER_ADDRESS.c.address) == address.lower())
    rows[SELLER_ADDRESS.name] = [dict(row) for row in db.execute(bound).mappings()]
    return rows


def _rows(db: Connection, table: Table, key: Column[Any], numbers: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        query = select(table).where(key.in_(some)).order_by(*table.primary_key.columns)
        found += [dict(row) for row in db.execute(query).mappings()]
    return found
