"""Deleting raw mail: done at once on PostgreSQL, ordered from the listener on SQLite.

`mail_state` tells at once, on both engines, that the bytes or the envelope of a mail are no
longer kept. On SQLite the bytes themselves go when the listener has carried out the order
(`models.raw_purging`), or the command that ordered does it where no listener runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.schema import MAIL_STATE, RAW, RAW_ORDER

RAW_GONE: Final = "the raw mail is no longer kept"
FORGOTTEN: Final = "forgotten@erased.invalid"  # stands for a sender whose time is over (RFC 2606 domain)
CONFIRM_PORTION: Final = 500


def drop_raw(store: Store, db: Connection, raw_ids: Sequence[int], now_utc: datetime) -> None:
    """Delete the bytes of mails; a few hundred at once. Envelope, size and checksum stay."""
    db.execute(update(MAIL_STATE).where(MAIL_STATE.c.raw_id.in_(raw_ids)).values(raw_purged_at_utc=now_utc))
    if store.is_sqlite:
        _order(db, {raw_id: {"drops_raw": True} for raw_id in raw_ids}, now_utc)
    else:
        db.execute(update(RAW).where(RAW.c.id.in_(raw_ids)).values(raw=None, codec=""))


def drop_envelopes(store: Store, db: Connection, senders: Mapping[int, str], now_utc: datetime) -> None:
    """Put a pseudonym in place of the sender of mails and delete who delivered them.

    `senders` gives the pseudonym by number. The row stays, and with it the line of the journal.
    """
    mine = MAIL_STATE.c.raw_id.in_(list(senders))
    db.execute(update(MAIL_STATE).where(mine).values(envelope_purged_at_utc=now_utc))
    if store.is_sqlite:
        wanted = {raw_id: {"drops_envelope": True, "mail_from": name} for raw_id, name in senders.items()}
        _order(db, wanted, now_utc)
        return
    for name in set(senders.values()):
        theirs = [raw_id for raw_id, sender in senders.items() if sender == name]
        db.execute(update(RAW).where(RAW.c.id.in_(theirs)).values(mail_from=name, peer="", helo=""))


def _order(db: Connection, wanted: Mapping[int, Mapping[str, Any]], now_utc: datetime) -> None:
    known = set(db.scalars(select(RAW_ORDER.c.raw_id).where(RAW_ORDER.c.raw_id.in_(list(wanted)))))
    for raw_id, values in wanted.items():
        if raw_id in known:
            db.execute(update(RAW_ORDER).where(RAW_ORDER.c.raw_id == raw_id).values(values))
        else:
            row = {"drops_raw": False, "drops_envelope": False, "mail_from": ""} | dict(values)
            db.execute(insert(RAW_ORDER).values(raw_id=raw_id, ordered_at_utc=now_utc, **row))


def orders_waiting(db: Connection) -> int:
    """Count orders that were not yet seen to be done."""
    return db.scalar(select(func.count()).select_from(RAW_ORDER)) or 0


def confirm_orders(store: Store) -> int:
    """Take away the orders that `intake.db` shows as done; return how many. Nothing to do on PostgreSQL."""
    if not store.is_sqlite:
        return 0
    done, last = 0, 0
    while True:
        with store.read() as db:
            orders = db.execute(
                select(RAW_ORDER)
                .where(RAW_ORDER.c.raw_id > last)
                .order_by(RAW_ORDER.c.raw_id)
                .limit(CONFIRM_PORTION)
            ).all()
        if not orders:
            return done
        last = orders[-1].raw_id
        finished = _finished(store, orders)
        if finished:
            with store.write() as db:
                for order in finished:
                    done += db.execute(_as_seen(order)).rowcount


def _as_seen(order: Any) -> Any:
    """Delete an order unless somebody ordered more meanwhile."""
    columns = RAW_ORDER.c
    return delete(RAW_ORDER).where(
        columns.raw_id == order.raw_id,
        columns.drops_raw == order.drops_raw,
        columns.drops_envelope == order.drops_envelope,
        columns.mail_from == order.mail_from,
    )


def _finished(store: Store, orders: Sequence[Any]) -> list[Any]:
    with store.read_raw() as raw:
        rows = raw.execute(
            select(RAW.c.id, RAW.c.raw.is_(None).label("is_gone"), RAW.c.mail_from).where(
                RAW.c.id.in_([order.raw_id for order in orders])
            )
        ).all()
    seen = {row.id: row for row in rows}
    return [
        order
        for order in orders
        if (row := seen.get(order.raw_id)) is None
        or (
            (row.is_gone or not order.drops_raw)
            and (row.mail_from == order.mail_from or not order.drops_envelope)
        )
    ]
