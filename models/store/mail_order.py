"""The order in which mails are worked: those of one sender or one matter as they were accepted.

Each mail in flight carries two keys, hashes of whom it is from and of what it belongs to, taken from
its header before anybody reads it. A mail is claimed only when every older mail in flight that shares
a key is disposed or in the same claim, so two workers never hold one conversation. A worker that dies
holds it up until its lease ends; a mail that is held for a person holds up nobody. The keys go with
the disposition: nothing of an address is kept in them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, not_, or_, select, update
from sqlalchemy.engine import Connection

from models.raw_form import RawUnreadable, accepted_beginning
from models.store.engine import Store
from models.store.raw_mail import first_octets
from models.store.schema import MAIL_STATE, PARTY, RAW, TOPIC_WORK

HEADER_BYTES: Final = 32 * 1024  # of a mail: enough for its header, whatever its size
PORTION: Final = 256  # mails whose headers are in memory at once
MOST_AHEAD: Final = 20  # portions at once: a backlog of hours is keyed as it is worked
PARTIES_LOOKED_AT: Final = 100
OVERTAKEN_AFTER: Final = timedelta(minutes=10)  # then a ticket is worked without the mail that is stuck
LOOK_AGAIN: Final = timedelta(seconds=2)
_NUMBERED: Final = (
    select(
        PARTY.c.ticket_id,
        PARTY.c.address,
        func.row_number().over(partition_by=PARTY.c.ticket_id, order_by=PARTY.c.address).label("place"),
    )
    .where(PARTY.c.ticket_id.in_(bindparam("numbers", expanding=True)))
    .subquery()
)
_PARTIES: Final = select(_NUMBERED.c.ticket_id, _NUMBERED.c.address).where(  # built once: run for every batch
    _NUMBERED.c.place <= PARTIES_LOOKED_AT
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailKeys:
    """What tells that two mails belong together; None: nothing does."""

    sender: int | None
    matter: int | None


# The first octets of a mail, its SMTP sender and recipients -> its keys. Must not raise.
KeysOf = Callable[[bytes, str, Sequence[str]], MailKeys]


def order_key(kind: str, text: str) -> int:
    """Hash a sender ("from"), a thread ("mail") or a ticket ("ticket") to a signed 64-bit key."""
    digest = hashlib.blake2b(f"{kind}:{text.casefold()}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)


def key_new_mail(store: Store, keys_of: KeysOf, *, portions: int = 1) -> int:
    """Give the oldest mails in flight that have none their keys; return how many there were."""
    count = 0
    for _ in range(portions):
        with store.read() as db:
            fresh = db.scalars(
                select(MAIL_STATE.c.raw_id).where(_unkeyed()).order_by(MAIL_STATE.c.raw_id).limit(PORTION)
            ).all()
        if fresh:
            _write_keys(store, _keys(store, fresh, keys_of))
        count += len(fresh)
        if len(fresh) < PORTION:
            break
    return count


def in_turn(now_utc: datetime) -> ColumnElement[bool]:
    """Accept mails with keys, of whose conversation nobody holds an older one."""
    first_unkeyed = select(func.min(MAIL_STATE.c.raw_id)).where(_unkeyed()).scalar_subquery()
    mine, older = MAIL_STATE.c, MAIL_STATE.alias("older")
    held = and_(
        older.c.disposition.is_(None), older.c.raw_id < mine.raw_id, older.c.lease_until_utc >= now_utc
    )
    return and_(
        mine.sender_key.is_not(None),
        or_(first_unkeyed.is_(None), mine.raw_id < first_unkeyed),
        not_(exists().where(held, older.c.sender_key == mine.sender_key)),
        not_(exists().where(held, older.c.matter_key == mine.matter_key)),
    )


def first_of_their_matter(db: Connection, raw_ids: Sequence[int]) -> tuple[int, ...]:
    """Keep of mails about to be claimed those without an older sibling elsewhere.

    Needed where claims run side by side: the rows of the other claim are locked and not yet marked.
    """
    rows = db.execute(_KEYED.where(MAIL_STATE.c.raw_id.in_(raw_ids))).all()
    senders = {row.sender_key for row in rows}
    matters = {row.matter_key for row in rows if row.matter_key is not None}
    if not rows:
        return ()
    siblings = db.execute(
        _KEYED.where(
            MAIL_STATE.c.disposition.is_(None),
            MAIL_STATE.c.raw_id < max(raw_ids),
            or_(MAIL_STATE.c.sender_key.in_(senders), MAIL_STATE.c.matter_key.in_(matters)),
        )
    ).all()
    return _kept(raw_ids, {row.raw_id: row for row in (*rows, *siblings)})


def _kept(raw_ids: Collection[int], rows: dict[int, Any]) -> tuple[int, ...]:
    wanted = set(raw_ids)
    kept: list[int] = []
    passed: set[tuple[str, int]] = set()  # keys of mails that stay behind
    for raw_id in sorted(rows):
        row = rows[raw_id]
        keys = {("sender", row.sender_key)} | ({("matter", row.matter_key)} if row.matter_key else set())
        if raw_id in wanted and passed.isdisjoint(keys):
            kept.append(raw_id)
        else:
            passed |= keys
    return tuple(kept)


def waiting_for_mail(db: Connection, numbers: Sequence[int], now_utc: datetime) -> set[int]:
    """Return the tickets of which a mail may still be in flight: their question would come too early."""
    tickets_of: dict[int, set[int]] = {}
    if not numbers:
        return set()
    for number in numbers:
        tickets_of.setdefault(order_key("ticket", str(number)), set()).add(number)
    for party in db.execute(_PARTIES, {"numbers": list(numbers)}):
        tickets_of.setdefault(order_key("from", party.address), set()).add(party.ticket_id)
    rows = db.execute(
        select(MAIL_STATE.c.sender_key, MAIL_STATE.c.matter_key).where(
            MAIL_STATE.c.disposition.is_(None),
            MAIL_STATE.c.received_at_utc > now_utc - OVERTAKEN_AFTER,
            or_(MAIL_STATE.c.sender_key.in_(tickets_of), MAIL_STATE.c.matter_key.in_(tickets_of)),
        )
    )
    found = {key for row in rows for key in row if key is not None}
    return {number for key in found for number in tickets_of.get(key, ())}


def look_again_later(db: Connection, numbers: Collection[int], token: str, now_utc: datetime) -> None:
    """Give claimed tickets back for a moment; a mail of theirs that is worked makes them due at once."""
    if not numbers:
        return
    db.execute(
        update(TOPIC_WORK)
        .where(TOPIC_WORK.c.ticket_id.in_(sorted(numbers)), TOPIC_WORK.c.lease_token == token)
        .values(
            due_at_utc=now_utc + LOOK_AGAIN,
            lease_token=None,
            lease_until_utc=None,
            attempts=TOPIC_WORK.c.attempts - 1,
        )
    )


_KEYED: Final = select(MAIL_STATE.c.raw_id, MAIL_STATE.c.sender_key, MAIL_STATE.c.matter_key)


def _unkeyed() -> ColumnElement[bool]:
    return and_(MAIL_STATE.c.disposition.is_(None), MAIL_STATE.c.sender_key.is_(None))


def _keys(store: Store, raw_ids: Sequence[int], keys_of: KeysOf) -> list[dict[str, int | None]]:
    with store.read_raw() as raw:
        rows = raw.execute(
            select(
                RAW.c.id,
                RAW.c.mail_from,
                RAW.c.rcpt_tos,
                RAW.c.codec,
                RAW.c.size_bytes,
                RAW.c.sha256,
                first_octets(HEADER_BYTES),
            ).where(RAW.c.id.in_(raw_ids))
        ).all()
    found = {row.id: keys_of(_octets(store, row), row.mail_from, json.loads(row.rcpt_tos)) for row in rows}
    nothing = MailKeys(sender=None, matter=None)
    values: list[dict[str, int | None]] = []
    for raw_id in raw_ids:
        keys = found.get(raw_id, nothing)
        sender = keys.sender if keys.sender is not None else order_key("raw", str(raw_id))
        values.append({"of": raw_id, "sender": sender, "matter": keys.matter})
    return values


def _octets(store: Store, row: Any) -> bytes:
    """Give the header's octets, none when they are purged or cannot be had: the batch will say why."""
    if row.octets is None:
        return b""
    try:
        return accepted_beginning(store.keyring, row, HEADER_BYTES)
    except RawUnreadable:
        return b""


def _write_keys(store: Store, values: list[dict[str, int | None]]) -> None:
    with store.write(["mail order"]) as db:
        db.execute(
            update(MAIL_STATE)
            .where(MAIL_STATE.c.raw_id == bindparam("of"), _unkeyed())
            .values(sender_key=bindparam("sender"), matter_key=bindparam("matter")),
            values,
        )
