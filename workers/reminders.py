"""The one reminder of an open question (rule A8, design 9): found by the sweeper, written under lock."""

from __future__ import annotations

from models.store.ticket_life import newest_raw_id, reminders_due, set_ticket
from models.store.ticket_states import load_ticket_state
from workers.mail_reply import put_reply
from workers.service import Service
from workers.topics import draft_reminder

BATCH = 50


def remind(service: Service) -> int:
    """Write the reminders that are due; return how many wait to leave.

    A ticket is looked at once: when nothing is open any more, or replies are off, none is written.
    """
    with service.store.read() as db:
        due = reminders_due(db, service.now(), BATCH)
    if not due:
        return 0
    written = 0
    with service.store.write({f"ticket:RZ-{number}" for number in due}) as db:
        for number in sorted(set(due) & set(reminders_due(db, service.now(), BATCH))):
            state = load_ticket_state(db, number, service.now())
            set_ticket(db, number, service.now(), reminded_at_utc=service.now(), remind_at_utc=None)
            draft, raw_id = draft_reminder(state), newest_raw_id(db, number)
            if draft is None or raw_id is None:
                continue
            written += put_reply(db, service, draft, number=number, raw_id=raw_id, policy=state.policy)
    return written
