"""Mailboxes as the desk knows them: which marketplace writes to which (rules R11-R13)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.read_once import forget
from models.store.schema import MAILBOX

MARKETPLACES = ("unknown", "ozon", "wb")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxCard:
    """One address that receives mail."""

    address: str
    marketplace: str


def mailboxes(db: Connection) -> list[MailboxCard]:
    """List the mailboxes by address."""
    rows = db.execute(select(MAILBOX.c.address, MAILBOX.c.marketplace).order_by(MAILBOX.c.address))
    return [MailboxCard(address=row.address, marketplace=row.marketplace) for row in rows]


def set_marketplace(db: Connection, address: str, marketplace: str) -> bool:
    """Say which marketplace writes to a mailbox; True if that changed it.

    Raises StoreError for an unknown mailbox or marketplace.
    """
    if marketplace not in MARKETPLACES:
        msg = f"marketplace {marketplace!r} is unknown: choose of {', '.join(MARKETPLACES)}"
        raise StoreError(msg)
    before = db.scalar(select(MAILBOX.c.marketplace).where(MAILBOX.c.address == address))
    if before is None:
        msg = f"there is no mailbox {address}: RAZBOR_MAILBOXES names those that receive mail"
        raise StoreError(msg)
    if before == marketplace:
        return False
    db.execute(update(MAILBOX).where(MAILBOX.c.address == address).values(marketplace=marketplace))
    forget(db)
    return True
