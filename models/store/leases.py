"""Claiming due work: mails to read, tickets to work, replies to send.

A claim is a transaction of its own: up to `limit` due rows get the worker's token and an
end time. Who vanishes loses its claim when the time is up; a row that was lost this way
counts it, so that a mail which kills its reader is noticed. A lease is checked again
inside the transaction that writes the result, so no row is worked twice.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, Table, and_, case, func, or_, select, true, update
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.mail_order import first_of_their_matter, in_turn
from models.store.mails import storable
from models.store.schema import LEASE, MAIL_STATE, OUTBOX, TOPIC_WORK, WEBHOOK_DELIVERY
from models.store.training_runs import is_training_ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Rows that belong to one worker until `until_utc`."""

    token: str
    ids: tuple[int, ...]
    until_utc: datetime
    suspects: frozenset[int] = frozenset()  # mails that were lost with a worker at least twice

    def __bool__(self) -> bool:
        return bool(self.ids)


def _free(table: Table, now_utc: datetime) -> ColumnElement[bool]:
    return or_(table.c.lease_until_utc.is_(None), table.c.lease_until_utc < now_utc)


def mails_due(now_utc: datetime) -> ColumnElement[bool]:
    """Accept mails without disposition that nobody holds."""
    return and_(MAIL_STATE.c.disposition.is_(None), _free(MAIL_STATE, now_utc))


def topic_work_due(now_utc: datetime, topics: Collection[str] | None = None) -> ColumnElement[bool]:
    """Accept tickets whose topic queue should look at them; of some topics or of all."""
    mine = TOPIC_WORK.c.topic.in_(sorted(topics)) if topics is not None else true()
    return and_(TOPIC_WORK.c.due_at_utc <= now_utc, mine, _free(TOPIC_WORK, now_utc))


def outbox_due(now_utc: datetime) -> ColumnElement[bool]:
    """Accept replies that should leave now; one whose sender vanished while sending is not among them."""
    return and_(OUTBOX.c.status == "queued", OUTBOX.c.due_at_utc <= now_utc, _free(OUTBOX, now_utc))


def claim_mails(store: Store, *, now_utc: datetime, lease_s: int, limit: int) -> Claim:
    """Claim the oldest mails that wait to be read and whose turn it is (`models.store.mail_order`)."""
    due = and_(mails_due(now_utc), in_turn(now_utc))
    claim = _claim(store, MAIL_STATE, "raw_id", due, now_utc, lease_s, limit)
    if not claim:
        return claim
    with store.read() as db:
        suspects = db.scalars(
            select(MAIL_STATE.c.raw_id).where(
                MAIL_STATE.c.raw_id.in_(claim.ids), MAIL_STATE.c.lost_leases >= 2
            )
        ).all()
    return Claim(token=claim.token, ids=claim.ids, until_utc=claim.until_utc, suspects=frozenset(suspects))


def mail_waits(store: Store, now_utc: datetime) -> bool:
    """Tell whether a mail could be claimed now."""
    with store.read() as db:
        waits = select(MAIL_STATE.c.raw_id).where(mails_due(now_utc), in_turn(now_utc)).limit(1)
        return db.scalar(waits) is not None


def claim_topic_work(
    store: Store, topics: Collection[str], *, now_utc: datetime, lease_s: int, limit: int
) -> Claim:
    """Claim tickets of some topics that wait for their queue."""
    return _claim(store, TOPIC_WORK, "ticket_id", topic_work_due(now_utc, topics), now_utc, lease_s, limit)


def claim_outbox(store: Store, *, now_utc: datetime, lease_s: int, limit: int) -> Claim:
    """Claim replies that should leave."""
    return _claim(store, OUTBOX, "id", outbox_due(now_utc), now_utc, lease_s, limit)


def webhooks_due(now_utc: datetime) -> ColumnElement[bool]:
    """Accept events that webhooks should be told now."""
    table = WEBHOOK_DELIVERY
    return and_(table.c.status == "queued", table.c.due_at_utc <= now_utc, _free(table, now_utc))


def claim_webhooks(store: Store, *, now_utc: datetime, lease_s: int, limit: int) -> Claim:
    """Claim events that webhooks should be told."""
    return _claim(store, WEBHOOK_DELIVERY, "id", webhooks_due(now_utc), now_utc, lease_s, limit)


def _claim(
    store: Store,
    table: Table,
    key: str,
    due: ColumnElement[bool],
    now_utc: datetime,
    lease_s: int,
    limit: int,
) -> Claim:
    token, until = process_token(), now_utc + timedelta(seconds=lease_s)
    column = table.c[key]
    with store.read() as db:
        if db.scalar(select(column).where(due).limit(1)) is None:
            return Claim(token="", ids=(), until_utc=until)
    with store.write() as db:
        ids = tuple(
            db.scalars(
                select(column).where(due).order_by(column).limit(limit).with_for_update(skip_locked=True)
            ).all()
        )
        if ids and table is MAIL_STATE and not store.is_sqlite:  # SQLite's claims run one after the other
            ids = first_of_their_matter(db, ids)
        if ids:
            changes = {
                table.c.lease_token: token,
                table.c.lease_until_utc: until,
                table.c.attempts: table.c.attempts + 1,
            }
            if table is MAIL_STATE:  # a token left standing means that its holder vanished
                lost = func.coalesce(func.length(table.c.lease_token), 0) > 0
                changes[table.c.lost_leases] = table.c.lost_leases + case((lost, 1), else_=0)
            db.execute(update(table).where(column.in_(ids)).values(changes))
    return Claim(token=token, ids=ids, until_utc=until)


def still_held(db: Connection, table: Table, claim: Claim, key: str) -> set[int]:
    """Return the rows of a claim that nobody took over meanwhile, locked until commit."""
    rows = db.scalars(
        select(table.c[key])
        .where(table.c[key].in_(claim.ids), table.c.lease_token == claim.token)
        .with_for_update()
    )
    return set(rows.all())


def process_token(purpose: str = "") -> str:
    """Name this process, so that others can see that it is gone; without a purpose no two are alike."""
    return f"{socket.gethostname()}:{os.getpid()}:{purpose or uuid4().hex[:12]}"


def give_back(
    store: Store, table: Table, claim: Claim, key: str, *, ids: Collection[int] | None = None, error: str = ""
) -> None:
    """Return claimed rows undone, at once free for others; a fault that is not theirs costs them nothing.

    `ids` names those to return, all of the claim without it.
    """
    with store.write() as db:
        db.execute(
            update(table)
            .where(table.c[key].in_(claim.ids if ids is None else ids), table.c.lease_token == claim.token)
            .values(
                lease_token=None,
                lease_until_utc=None,
                attempts=table.c.attempts - 1,
                last_error=storable(error),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What nobody holds and is due."""

    mails: bool
    topics: tuple[str, ...]
    replies: bool
    training: bool = False
    webhooks: bool = False


def work_waiting(db: Connection, now_utc: datetime) -> Waiting:
    """Tell which queues have something to do."""
    mails = db.scalar(select(MAIL_STATE.c.raw_id).where(mails_due(now_utc)).limit(1))
    topics = db.scalars(select(TOPIC_WORK.c.topic).distinct().where(topic_work_due(now_utc))).all()
    replies = db.scalar(select(OUTBOX.c.id).where(outbox_due(now_utc)).limit(1))
    webhooks = db.scalar(select(WEBHOOK_DELIVERY.c.id).where(webhooks_due(now_utc)).limit(1))
    return Waiting(
        mails=mails is not None,
        topics=tuple(topics),
        replies=replies is not None,
        training=is_training_ordered(db),
        webhooks=webhooks is not None,
    )


def take_duty(store: Store, name: str, holder: str, *, now_utc: datetime, hold_s: float) -> bool:
    """Take or renew a duty that one process at a time has; False while another that lives holds it.

    `holder` is a `process_token`.
    """
    until = now_utc + timedelta(seconds=hold_s)
    with store.write([f"duty:{name}"]) as db:
        row = db.execute(select(LEASE).where(LEASE.c.name == name)).first()
        is_held = row is not None and row.until_utc is not None and row.until_utc > now_utc
        if row is not None and is_held and row.holder != holder and not _holder_is_dead(row.holder):
            return False
        if row is None:
            db.execute(LEASE.insert().values(name=name, holder=holder, until_utc=until))
        else:
            db.execute(update(LEASE).where(LEASE.c.name == name).values(holder=holder, until_utc=until))
    return True


def free_leases_of_the_dead(store: Store, now_utc: datetime) -> int:
    """End the leases of processes of this machine that no longer live; return how many rows that freed.

    A token names machine and process, so a worker that was killed is replaced at the next
    sweep and not only when its lease runs out. The token stays on the row: the next claim
    counts it as lost.
    """
    freed = 0
    with store.read() as db:
        holders = {
            table: db.scalars(select(table.c.lease_token).distinct().where(_running(table, now_utc))).all()
            for table in (MAIL_STATE, TOPIC_WORK, OUTBOX, WEBHOOK_DELIVERY)
        }
    for table, tokens in holders.items():
        dead = [token for token in tokens if _holder_is_dead(token)]
        if dead:
            with store.write() as db:
                freed += db.execute(
                    update(table)
                    .where(table.c.lease_token.in_(dead))
                    .values(lease_until_utc=now_utc - timedelta(seconds=1))
                ).rowcount
    return freed


def _running(table: Table, now_utc: datetime) -> ColumnElement[bool]:
    return and_(table.c.lease_token.is_not(None), table.c.lease_until_utc > now_utc)


def _holder_is_dead(token: str) -> bool:
    host, _, rest = token.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
