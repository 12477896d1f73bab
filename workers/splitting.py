"""Splitting: one mail of a ticket is another matter and moves into a ticket of its own (R3, reversed).

The mail takes its facts and the replies to it along; both tickets are related and audited. The new
ticket has the topic of the old one until somebody gives it another. Merging it back undoes the split.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from models.store.engine import StoreError
from models.store.splitting import split_off
from models.store.ticket_life import audit, ticket_row
from models.store.topic_work import make_topic_work_due
from models.topics import Status
from workers.acts import ActError
from workers.clocks import refresh_clock
from workers.service import Service

UNDO_S: Final = 60  # nobody is answered on the new ticket while the split can be undone


def split(service: Service, number: int, actor: str, raw_id: int) -> int:
    """Move a mail of a ticket into a new one and return its number.

    Raises ActError when the mail is not the ticket's, or its only one.
    """
    with service.store.write({f"ticket:RZ-{number}", f"raw:{raw_id}"}) as db:
        try:
            old = ticket_row(db, number)
            fresh = split_off(db, number, raw_id, service.now())
        except StoreError as error:
            raise ActError(str(error)) from error
        if not old.in_review and old.status != Status.CLOSED:
            due = service.now() + timedelta(seconds=UNDO_S)
            make_topic_work_due(db, fresh, old.topic, raw_id, due)
        for ticket, detail in ((number, {"to": fresh}), (fresh, {"of": number})):
            audit(db, actor, "split", f"ticket:{ticket}", service.now(), raw_id=raw_id, **detail)
            refresh_clock(db, ticket, service.now())
        return fresh
