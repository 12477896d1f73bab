"""Putting a drafted reply into the outbox: address, Message-ID, number, caps.

A reply goes to the address that the inbound mail names (rule A7 was applied when the mail
was read). Over the cap of rule A8 a reply is muted: it is shown, and never sent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from models.records import ReplyDraft
from models.store import Db
from models.store.mails import reply_coordinates
from models.store.outbox import ReplyAddress, automatic_since, came_back, queue_reply, was_told
from models.store.topic_work import note_reply
from workers.replies.compose import NUMBER_PLACEHOLDER
from workers.service import Service
from workers.tokens import reply_message_id

NO_QUESTIONS: Final = frozenset(
    {"admin_only", "clarify"}
)  # ask for no data: the one question is still to come
REDIRECT: Final = "redirect"
REDIRECTED_FOR: Final = timedelta(days=30)  # rule A20: so long nobody is told twice that this is another desk


def put_reply(db: Db, service: Service, draft: ReplyDraft, *, number: int, raw_id: int, policy: str) -> bool:
    """Queue a reply to an inbound mail; False when it has one of this kind already, or nobody to go to."""
    coordinates = reply_coordinates(db, raw_id)
    if coordinates is None or not coordinates.rcpt_to:
        return False
    now = service.now()
    options = service.options
    address = ReplyAddress(
        mail_from=coordinates.mailbox,
        rcpt_to=coordinates.rcpt_to,
        message_id=reply_message_id(raw_id, draft.kind, options.signing_key, options.mail_domain),
        in_reply_to=coordinates.message_id,
        references=(*coordinates.references, *([coordinates.message_id] if coordinates.message_id else [])),
    )
    status = {"send": "queued", "draft": "draft"}.get(policy)
    if status is None:
        return False
    is_second = draft.kind == REDIRECT and was_told(db, REDIRECT, address.rcpt_to, now - REDIRECTED_FOR)
    # A draft waits anyway.
    if status == "queued" and (is_second or _is_muted(db, service, address.rcpt_to, number, raw_id)):
        status = "muted"
    outbox_id = queue_reply(
        db,
        with_number(draft, number),
        address,
        ticket=number,
        inbound_raw_id=raw_id,
        status=status,
        now_utc=now,
    )
    if outbox_id is None:
        return False
    note_reply(
        db,
        number,
        asked=draft.asked,
        outbox_id=outbox_id,
        now_utc=now,
        is_question=draft.kind not in NO_QUESTIONS,
    )
    return status == "queued"


def _is_muted(db: Db, service: Service, rcpt_to: str, number: int, raw_id: int) -> bool:
    """Tell whether an automatic mail must stay here: the address is dead, or a cap of rule A8 is reached."""
    options, now = service.options, service.now()
    if came_back(db, number, rcpt_to, raw_id):
        return True
    if automatic_since(db, rcpt_to, now - timedelta(hours=1)) >= options.automatic_per_hour:
        return True
    return service.storm.over_cap(db, options.automatic_per_hour_all, now)


def with_number(draft: ReplyDraft, number: int) -> ReplyDraft:
    """Fill in the ticket number, which a decision made before the ticket existed could not know."""
    tag = f"RZ-{number}"
    return replace(
        draft,
        subject=draft.subject.replace(NUMBER_PLACEHOLDER, tag),
        text=draft.text.replace(NUMBER_PLACEHOLDER, tag),
    )
