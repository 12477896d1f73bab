"""The steps of a purge: which rows each class of data has to lose now, and losing them.

A step selects what is due (`Step.due`) by number and ticket, and takes it away (`Step.apply`)
inside one short transaction, in which the selection is made again: a ticket that was reopened
meanwhile is left alone. What a step did it does not select any more, so a purge that was cut off goes
on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.engine import Connection

from models.contact_masking import CONTACT_FIELDS
from models.retention import Retention
from models.store.blanking import (
    blank_attachments,
    blank_contacts,
    blank_messages,
    blank_notes,
    blank_replies,
    blank_senders,
    blank_tickets,
)
from models.store.eligible import (
    ON_ITS_WAY,
    ended_mail,
    ended_quarantine,
    ended_tickets,
    on_ended_ticket,
    purgeable_raw,
)
from models.store.engine import Store
from models.store.raw_orders import FORGOTTEN, drop_envelopes, drop_raw
from models.store.schema import ATTACHMENT, FACT, LABEL, MAIL_STATE, MESSAGE, NOTE, OUTBOX, TICKET

PORTION: Final = 100  # rows of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One class of data."""

    name: str  # as in the counts
    lives_as: str  # the class of `Retention` that gives its time to live
    key: Column[int]
    ticket: Column[Any]
    source: Callable[[Select[Any]], Select[Any]]  # adds the tables that `condition` looks at
    condition: Callable[[datetime], ColumnElement[bool]]
    take: Callable[[Store, Connection, Sequence[int], datetime], None]

    def due(self, cutoff_utc: datetime) -> Select[Any]:
        """Select number and ticket of the rows to be taken."""
        columns = select(self.key.label("id"), self.ticket.label("ticket"))
        return self.source(columns).where(self.condition(cutoff_utc)).order_by(self.key)


def count_due(db: Connection, step: Step, policy: Retention, now_utc: datetime) -> int:
    """Count what a step would take now; 0 for a class that is kept for ever."""
    cutoff = policy.cutoff(step.lives_as, now_utc)
    if cutoff is None:
        return 0
    return db.scalar(select(func.count()).select_from(step.due(cutoff).order_by(None).subquery())) or 0


def take_portion(store: Store, step: Step, policy: Retention, now_utc: datetime) -> int:
    """Take the next rows of a step in one transaction; 0 when nothing is due."""
    cutoff = policy.cutoff(step.lives_as, now_utc)
    if cutoff is None:
        return 0
    while True:
        with store.read() as db:
            first = db.execute(step.due(cutoff).limit(PORTION)).all()
        if not first:
            return 0
        keys = {f"ticket:RZ-{row.ticket}" for row in first if row.ticket is not None}
        with store.write(keys) as db:
            still_due = step.due(cutoff).where(step.key.in_([row.id for row in first]))
            ids = [row.id for row in db.execute(still_due)]
            if ids:
                step.take(store, db, ids, now_utc)
                return len(ids)


def _alone(columns: Select[Any]) -> Select[Any]:
    return columns


def _of_messages(columns: Select[Any]) -> Select[Any]:
    return columns.join(MAIL_STATE, MAIL_STATE.c.raw_id == MESSAGE.c.raw_id)


def _of_attachments(columns: Select[Any]) -> Select[Any]:
    return columns.join(MAIL_STATE, MAIL_STATE.c.raw_id == ATTACHMENT.c.raw_id)


def _labelled() -> ColumnElement[bool]:
    return exists().where(LABEL.c.raw_id == MESSAGE.c.raw_id, LABEL.c.active)


def _has_words() -> ColumnElement[bool]:
    return MESSAGE.c.purged_at_utc.is_(None)


def _has_sender() -> ColumnElement[bool]:
    columns = MESSAGE.c
    return or_(
        columns.from_address != "",
        columns.from_name != "",
        columns.reply_address != "",
        columns.signature != "",
    )


def _quarantined(cutoff_utc: datetime) -> ColumnElement[bool]:
    read = or_(and_(_has_words(), ~_labelled()), and_(_has_sender(), _labelled()))
    words = exists().where(MESSAGE.c.raw_id == MAIL_STATE.c.raw_id, read)
    files = exists().where(ATTACHMENT.c.raw_id == MAIL_STATE.c.raw_id, ATTACHMENT.c.name != "")
    return and_(ended_quarantine(cutoff_utc), or_(MAIL_STATE.c.raw_purged_at_utc.is_(None), words, files))


def _take_quarantined(store: Store, db: Connection, ids: Sequence[int], now_utc: datetime) -> None:
    drop_raw(store, db, ids, now_utc)
    # What a person called spam goes on teaching until `label_texts` is over, without its sender.
    labelled = set(db.scalars(select(LABEL.c.raw_id).where(LABEL.c.raw_id.in_(ids), LABEL.c.active)))
    blank_messages(db, [raw_id for raw_id in ids if raw_id not in labelled], now_utc)
    blank_senders(db, sorted(labelled))
    parts = select(ATTACHMENT.c.id).where(ATTACHMENT.c.raw_id.in_(ids))
    blank_attachments(db, list(db.scalars(parts)))


def _replies(cutoff_utc: datetime) -> ColumnElement[bool]:
    columns = OUTBOX.c
    ended = or_(
        on_ended_ticket(columns.ticket_id, cutoff_utc),
        and_(columns.ticket_id.is_(None), columns.created_at_utc < cutoff_utc),
    )
    has_words = or_(columns.text != "", columns.subject != "", columns.rcpt_to != "")
    return and_(columns.status.not_in(ON_ITS_WAY), has_words, ended)


def _tickets(cutoff_utc: datetime) -> ColumnElement[bool]:
    columns = TICKET.c
    unpurged = or_(columns.purged_at_utc.is_(None), columns.purged_at_utc <= columns.closed_at_utc)
    return and_(unpurged, columns.id.in_(select(ended_tickets(cutoff_utc).c.id)))


def _forget_senders(store: Store, db: Connection, ids: Sequence[int], now_utc: datetime) -> None:
    drop_envelopes(store, db, dict.fromkeys(ids, FORGOTTEN), now_utc)


STEPS: Final = (
    Step(
        name="raw_mail",
        lives_as="raw_mail",
        key=MAIL_STATE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_alone,
        condition=purgeable_raw,
        take=drop_raw,
    ),
    Step(
        name="quarantined",
        lives_as="quarantined",
        key=MAIL_STATE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_alone,
        condition=_quarantined,
        take=_take_quarantined,
    ),
    Step(
        name="attachment_texts",
        lives_as="attachment_texts",
        key=ATTACHMENT.c.id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_of_attachments,
        condition=lambda cutoff: and_(
            ended_mail(cutoff), or_(ATTACHMENT.c.text != "", ATTACHMENT.c.name != "")
        ),
        take=lambda _store, db, ids, _now: blank_attachments(db, ids),
    ),
    Step(
        name="message_texts",
        lives_as="message_texts",
        key=MESSAGE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_of_messages,
        condition=lambda cutoff: and_(ended_mail(cutoff), _has_words(), ~_labelled()),
        take=lambda _store, db, ids, now: blank_messages(db, ids, now),
    ),
    Step(
        name="label_senders",
        lives_as="message_texts",
        key=MESSAGE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_of_messages,
        condition=lambda cutoff: and_(ended_mail(cutoff), _has_sender(), _labelled()),
        take=lambda _store, db, ids, _now: blank_senders(db, ids),
    ),
    Step(
        name="label_texts",
        lives_as="label_texts",
        key=MESSAGE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_of_messages,
        condition=lambda cutoff: and_(ended_mail(cutoff), _has_words(), _labelled()),
        take=lambda _store, db, ids, now: blank_messages(db, ids, now),
    ),
    Step(
        name="buyer_contacts",
        lives_as="buyer_contacts",
        key=FACT.c.id,
        ticket=FACT.c.ticket_id,
        source=_alone,
        condition=lambda cutoff: and_(
            FACT.c.field.in_(CONTACT_FIELDS), FACT.c.value > "", on_ended_ticket(FACT.c.ticket_id, cutoff)
        ),
        take=lambda _store, db, ids, _now: blank_contacts(db, ids),
    ),
    Step(
        name="outbox_texts",
        lives_as="outbox_texts",
        key=OUTBOX.c.id,
        ticket=OUTBOX.c.ticket_id,
        source=_alone,
        condition=_replies,
        take=lambda _store, db, ids, _now: blank_replies(db, ids),
    ),
    Step(
        name="notes",
        lives_as="notes",
        key=NOTE.c.id,
        ticket=NOTE.c.ticket_id,
        source=_alone,
        condition=lambda cutoff: and_(NOTE.c.text != "", on_ended_ticket(NOTE.c.ticket_id, cutoff)),
        take=lambda _store, db, ids, _now: blank_notes(db, ids),
    ),
    Step(
        name="tickets",
        lives_as="message_texts",
        key=TICKET.c.id,
        ticket=TICKET.c.id,
        source=_alone,
        condition=_tickets,
        take=lambda _store, db, ids, now: blank_tickets(db, ids, now),
    ),
    Step(
        name="envelopes",
        lives_as="envelopes",
        key=MAIL_STATE.c.raw_id,
        ticket=MAIL_STATE.c.ticket_id,
        source=_alone,
        condition=lambda cutoff: and_(ended_mail(cutoff), MAIL_STATE.c.envelope_purged_at_utc.is_(None)),
        take=_forget_senders,
    ),
)
