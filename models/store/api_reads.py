"""What the JSON API lists and shows: rows page by page, and of one seller only where a token says so.

A page begins after the key of the last row of the one before (keyset). `seller_id` is the seller that
a token is for: only tickets that an import or an operator bound to that seller are seen, whatever a
mail says of itself, and what is not seen does not exist. "" sees all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, literal_column, or_, select
from sqlalchemy.engine import Connection

from models.store.schema import ATTACHMENT, FACT, LABEL, MESSAGE, OUTBOX, TICKET, TICKET_LINK


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWish:
    """Which rows of a list: so many after a key; the moment of the key is of lists by change only."""

    limit: int
    after_id: int | None = None
    after_utc: datetime | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWish:
    """Which tickets; an empty field asks for nothing."""

    status: str = ""
    topic: str = ""
    language: str = ""
    marketplace: str = ""
    priority: str = ""
    assignee: str | None = None
    seller_id: str = ""
    in_review: bool | None = None
    escalated: bool | None = None
    updated_since_utc: datetime | None = None
    by_change: bool = False  # oldest change first, for programs that keep a copy


def ticket_rows(db: Connection, wish: TicketWish, page: PageWish, *, seller_id: str) -> list[Any]:
    """List tickets by number, or by their last change; merged ones are listed too, they name their target."""
    query = select(TICKET).where(*_of_seller(seller_id))
    for name in ("status", "topic", "language", "marketplace", "priority", "seller_id"):
        value = getattr(wish, name)
        if value:
            query = query.where(
                _beside_the_order(db, TICKET.c[name], is_frequent=name != "seller_id") == value
            )
    for name in ("assignee", "in_review", "escalated"):
        value = getattr(wish, name)
        if value is not None:
            query = query.where(TICKET.c[name] == value)
    if wish.updated_since_utc is not None:
        query = query.where(TICKET.c.updated_at_utc >= wish.updated_since_utc)
    if not wish.by_change:
        return _page(db, query, TICKET.c.id, page)
    changed = TICKET.c.updated_at_utc
    if page.after_id is not None and page.after_utc is not None:
        later = and_(changed == page.after_utc, TICKET.c.id > page.after_id)
        query = query.where(or_(changed > page.after_utc, later))
    return list(db.execute(query.order_by(changed, TICKET.c.id).limit(page.limit)))


def ticket_row_of(db: Connection, number: int, *, seller_id: str) -> Any | None:
    """Return a ticket's row; None when there is none that the token sees."""
    return db.execute(select(TICKET).where(TICKET.c.id == number, *_of_seller(seller_id))).first()


def related_numbers(db: Connection, numbers: Sequence[int], *, seller_id: str) -> dict[int, list[int]]:
    """Return the related tickets of tickets, those of other sellers only for a token that sees all."""
    query = (
        select(TICKET_LINK.c.ticket_id, TICKET_LINK.c.other_id)
        .join(TICKET, TICKET.c.id == TICKET_LINK.c.other_id)
        .where(TICKET_LINK.c.ticket_id.in_(numbers), *_of_seller(seller_id))
        .order_by(TICKET_LINK.c.other_id)
    )
    found: dict[int, list[int]] = {}
    for row in db.execute(query):
        found.setdefault(row.ticket_id, []).append(row.other_id)
    return found


def message_rows(
    db: Connection,
    page: PageWish,
    *,
    seller_id: str,
    ticket: int | None = None,
    kind: str = "",
    since_utc: datetime | None = None,
) -> list[Any]:
    """List mails as stored."""
    query = _messages(seller_id)
    if ticket is not None:
        query = query.where(MESSAGE.c.ticket_id == ticket)
    if kind:
        query = query.where(MESSAGE.c.kind == kind)
    if since_utc is not None:
        query = query.where(MESSAGE.c.received_at_utc >= since_utc)
    return _page(db, query, MESSAGE.c.raw_id, page)


def message_row(db: Connection, raw_id: int, *, seller_id: str) -> Any | None:
    """Return one mail as stored; None when there is none that the token sees."""
    return db.execute(_messages(seller_id).where(MESSAGE.c.raw_id == raw_id)).first()


def attachments_of(db: Connection, raw_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Return the descriptions of the mails' attachments."""
    query = select(ATTACHMENT).where(ATTACHMENT.c.raw_id.in_(raw_ids)).order_by(ATTACHMENT.c.position)
    found: dict[int, list[Any]] = {}
    for row in db.execute(query):
        found.setdefault(row.raw_id, []).append(row)
    return found


def fact_rows(db: Connection, number: int, page: PageWish, *, superseded: bool) -> list[Any]:
    """List the facts of a ticket that the caller looked up before."""
    query = select(FACT).where(FACT.c.ticket_id == number)
    if not superseded:
        query = query.where(FACT.c.active)
    return _page(db, query, FACT.c.id, page)


def label_rows(
    db: Connection, page: PageWish, *, ticket: int | None = None, topic: str = "", superseded: bool = False
) -> list[Any]:
    """List labels with the ticket of their mail."""
    query = select(LABEL, MESSAGE.c.ticket_id).outerjoin(MESSAGE, MESSAGE.c.raw_id == LABEL.c.raw_id)
    if ticket is not None:
        query = query.where(MESSAGE.c.ticket_id == ticket)
    if topic:
        query = query.where(LABEL.c.topic == topic)
    if not superseded:
        query = query.where(LABEL.c.active)
    return _page(db, query, LABEL.c.id, page)


def newest_label(db: Connection, number: int) -> Any | None:
    """Return the newest label in force of a ticket's mails."""
    page = PageWish(limit=1)
    return next(iter(label_rows(db, page, ticket=number)), None)


def reply_rows(db: Connection, page: PageWish, *, ticket: int | None = None, status: str = "") -> list[Any]:
    """List replies and drafts."""
    query = select(OUTBOX)
    if ticket is not None:
        query = query.where(OUTBOX.c.ticket_id == ticket)
    if status:
        query = query.where(_beside_the_order(db, OUTBOX.c.status, is_frequent=status == "sent") == status)
    return _page(db, query, OUTBOX.c.id, page)


def reply_row(db: Connection, outbox_id: int) -> Any | None:
    """Return one reply or draft; None for an unknown number."""
    return db.execute(select(OUTBOX).where(OUTBOX.c.id == outbox_id)).first()


def _beside_the_order(db: Connection, column: Column[Any], *, is_frequent: bool) -> ColumnElement[Any]:
    """Name a column so that SQLite walks a list by number instead of sorting what many rows hold."""
    if db.dialect.name != "sqlite" or not is_frequent:
        return column
    return literal_column(f"+{column.table.name}.{column.name}", column.type)


def _messages(seller_id: str) -> Select[Any]:
    query = select(MESSAGE)
    if seller_id:
        query = query.join(TICKET, TICKET.c.id == MESSAGE.c.ticket_id).where(*_of_seller(seller_id))
    return query


def _of_seller(seller_id: str) -> list[ColumnElement[bool]]:
    return [TICKET.c.seller_id == seller_id] if seller_id else []


def _page(db: Connection, query: Select[Any], key: Column[int], page: PageWish) -> list[Any]:
    if page.after_id is not None:
        query = query.where(key < page.after_id if page.newest_first else key > page.after_id)
    order = key.desc() if page.newest_first else key.asc()
    return list(db.execute(query.order_by(order).limit(page.limit)))
