"""What retention may touch: mails and tickets whose purpose is reached.

A mail that is held, in flight, on an open ticket, on one with topic work due or with a reply on its
way, or under a legal hold is in no answer of this module, however old it is. A purpose ends when the
ticket is closed, or, for a mail without a ticket, when the mail got its disposition.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, and_, exists, or_, select
from sqlalchemy.sql.selectable import Subquery

from models.store.schema import LEGAL_HOLD, MAIL_STATE, OUTBOX, TICKET, TOPIC_WORK
from models.topics import Disposition, Status

ON_ITS_WAY = ("queued", "sending")  # states of a reply whose words are still needed


def ended_tickets(cutoff_utc: datetime) -> Subquery:
    """Select the numbers of tickets whose purpose ended before a moment and that nothing keeps."""
    return (
        select(TICKET.c.id)
        .where(
            TICKET.c.status == str(Status.CLOSED),
            TICKET.c.closed_at_utc < cutoff_utc,
            ~exists().where(LEGAL_HOLD.c.ticket_id == TICKET.c.id),
            ~exists().where(LEGAL_HOLD.c.ticket_id == TICKET.c.merged_into_id),
            ~exists().where(TOPIC_WORK.c.ticket_id == TICKET.c.id, TOPIC_WORK.c.due_at_utc.is_not(None)),
            ~exists().where(OUTBOX.c.ticket_id == TICKET.c.id, OUTBOX.c.status.in_(ON_ITS_WAY)),
        )
        .subquery()
    )


def on_ended_ticket(column: Column[int], cutoff_utc: datetime) -> ColumnElement[bool]:
    """Accept rows whose ticket ended before a moment."""
    return column.in_(select(ended_tickets(cutoff_utc).c.id))


def ended_mail(cutoff_utc: datetime) -> ColumnElement[bool]:
    """Accept rows of `mail_state` whose mail ended, and its ticket with it, before a moment."""
    state = MAIL_STATE.c
    return and_(
        state.disposition.is_not(None),
        state.disposition != str(Disposition.HELD),
        state.disposed_at_utc < cutoff_utc,
        or_(state.ticket_id.is_(None), on_ended_ticket(state.ticket_id, cutoff_utc)),
    )


def ended_quarantine(cutoff_utc: datetime) -> ColumnElement[bool]:
    """Accept rows of `mail_state` of quarantined mails; a ticket that one names must have ended too."""
    return and_(ended_mail(cutoff_utc), MAIL_STATE.c.disposition == str(Disposition.QUARANTINED))


def purgeable_raw(cutoff_utc: datetime) -> ColumnElement[bool]:
    """Accept ended mails whose bytes are still kept."""
    return and_(ended_mail(cutoff_utc), MAIL_STATE.c.raw_purged_at_utc.is_(None))
