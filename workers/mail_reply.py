"""Putting drafted replies into the outbox: address, Message-ID, number, caps.

A reply goes to the address that the inbound mail names (rule A7 was applied when the mail
was read). Over the cap of rule A8 a reply is muted: it is shown, and never sent. The replies of a
batch are put there together and are looked at in their order, so that each counts for the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from models.records import ReplyDraft
from models.store import Db
from models.store.outbox import ReplyAddress, was_told
from models.store.reply_queue import (
    NewReply,
    ReplyCoordinates,
    ReplyNote,
    automatic_since,
    coordinates_of,
    kinds_answered,
    newest_returned,
    note_replies,
    queue_replies,
)
from workers.replies.compose import NUMBER_PLACEHOLDER
from workers.service import Service
from workers.tokens import reply_message_id

NO_QUESTIONS: Final = frozenset(
    {"admin_only", "clarify"}
)  # ask for no data: the one question is still to come
REDIRECT: Final = "redirect"
REDIRECTED_FOR: Final = timedelta(days=30)  # rule A20: so long nobody is told twice that this is another desk
_STATUSES: Final = {"send": "queued", "draft": "draft"}  # by policy; with another one nothing is written


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedReply:
    """A reply of a ticket to one of its mails, and what the policy makes of it: send, draft or off."""

    draft: ReplyDraft
    number: int
    raw_id: int
    policy: str


def put_reply(db: Db, service: Service, draft: ReplyDraft, *, number: int, raw_id: int, policy: str) -> bool:
    """Queue a reply to an inbound mail; False when it has one of this kind already, or nobody to go to."""
    wanted = WantedReply(draft=draft, number=number, raw_id=raw_id, policy=policy)
    return bool(put_replies(db, service, [wanted]))


def put_replies(db: Db, service: Service, wanted: Sequence[WantedReply]) -> set[int]:
    """Queue replies to inbound mails; return the tickets of which one waits to leave.

    A mail that has a reply of this kind already, or nobody to answer, gets none.
    """
    wanted = [one for one in wanted if one.policy in _STATUSES]
    if not wanted:
        return set()
    raw_ids = {one.raw_id for one in wanted}
    coordinates, answered = coordinates_of(db, raw_ids), kinds_answered(db, raw_ids)
    caps = _Caps(db, service, wanted, {found.rcpt_to for found in coordinates.values()})
    fresh: list[NewReply] = []
    for one in wanted:
        where = coordinates.get(one.raw_id)
        if where is None or not where.rcpt_to or (one.raw_id, one.draft.kind) in answered:
            continue
        answered.add((one.raw_id, one.draft.kind))
        status = _STATUSES[one.policy]
        if status == "queued" and caps.mutes(one, where.rcpt_to):  # a draft waits anyway
            status = "muted"
        fresh.append(
            NewReply(
                draft=with_number(one.draft, one.number),
                address=_address(service, one, where),
                ticket=one.number,
                inbound_raw_id=one.raw_id,
                status=status,
            )
        )
    outbox_ids = queue_replies(db, fresh, service.now())
    notes = [
        ReplyNote(
            ticket=reply.ticket,
            asked=reply.draft.asked,
            outbox_id=outbox_id,
            is_question=reply.draft.kind not in NO_QUESTIONS,
        )
        for reply, outbox_id in zip(fresh, outbox_ids, strict=True)
    ]
    note_replies(db, notes, service.now())
    return {reply.ticket for reply in fresh if reply.status == "queued"}


class _Caps:
    """What keeps replies of one batch here: addresses that are dead, and the caps of rule A8."""

    def __init__(self, db: Db, service: Service, wanted: Sequence[WantedReply], addresses: set[str]) -> None:
        self._db, self._service, self._now = db, service, service.now()
        self._returned = newest_returned(db, {one.number for one in wanted})
        self._sent = automatic_since(db, addresses, self._now - timedelta(hours=1))
        self._told: set[str] = set()  # of another desk, in this batch

    def mutes(self, one: WantedReply, rcpt_to: str) -> bool:
        """Tell whether a reply must stay here; one that need not counts for those after it."""
        options = self._service.options
        if one.draft.kind == REDIRECT:
            since = self._now - REDIRECTED_FOR
            if rcpt_to in self._told or was_told(self._db, REDIRECT, rcpt_to, since):
                return True
        if self._returned.get((one.number, rcpt_to), -1) >= one.raw_id:
            return True
        if self._sent.get(rcpt_to, 0) >= options.automatic_per_hour:
            return True
        if self._service.storm.over_cap(self._db, options.automatic_per_hour_all, self._now):
            return True
        self._sent[rcpt_to] = self._sent.get(rcpt_to, 0) + 1
        if one.draft.kind == REDIRECT:
            self._told.add(rcpt_to)
        return False


def _address(service: Service, one: WantedReply, where: ReplyCoordinates) -> ReplyAddress:
    options = service.options
    return ReplyAddress(
        mail_from=where.mailbox,
        rcpt_to=where.rcpt_to,
        message_id=reply_message_id(one.raw_id, one.draft.kind, options.signing_key, options.mail_domain),
        in_reply_to=where.message_id,
        references=(*where.references, *([where.message_id] if where.message_id else [])),
    )


def with_number(draft: ReplyDraft, number: int) -> ReplyDraft:
    """Fill in the ticket number, which a decision made before the ticket existed could not know."""
    tag = f"RZ-{number}"
    return replace(
        draft,
        subject=draft.subject.replace(NUMBER_PLACEHOLDER, tag),
        text=draft.text.replace(NUMBER_PLACEHOLDER, tag),
    )
