"""What an operator does with replies: write one, approve or drop a draft, send a doubtful one again.

An operator's reply is an ordinary mail of the ticket's thread (rule A1: no `Auto-Submitted`), is
the desk's first reaction, and may leave the ticket waiting for the seller. Its text is checked by
the same rules as the templates before it leaves (rules R14, R16, R54, R60).
"""

from __future__ import annotations

import hashlib

from models.records import ReplyDraft
from models.store import Db
from models.store.outbox import ReplyAddress, queue_reply
from models.store.outbox_acts import discard_draft, release_draft, send_again, ticket_of_reply
from models.store.reply_queue import ReplyNote, coordinates_of, note_replies
from models.store.ticket_life import audit, newest_raw_id, ticket_row
from models.store.tickets import move_status
from models.topics import Status
from workers.acts import ActError
from workers.clocks import note_reaction, refresh_clock
from workers.replies.subjects import outgoing_subject
from workers.service import Service
from workers.template_acts import checked, filled_in
from workers.tokens import reply_message_id


def write_reply(
    service: Service, number: int, actor: str, text: str, *, waits_for_seller: bool = False
) -> int:
    """Send an operator's words to the seller; return the outbox number.

    Variables in braces are filled in from the ticket (`workers.reply_templates`). The same words to
    the same mail are one reply, however often the button was pressed. Raises ActError when there is
    nothing to answer or nothing to say, or a variable has no value.
    """
    words = text.strip()
    with service.store.write({f"ticket:RZ-{number}"}) as db:
        outbox_id = _queue(db, service, number, actor, words, status="queued")
        note_replies(db, [ReplyNote(ticket=number, asked=(), outbox_id=outbox_id)], service.now())
        _reacted(db, service, number, actor, waits_for_seller=waits_for_seller)
        audit(db, actor, "reply", f"ticket:{number}", service.now(), outbox_id=outbox_id)
        refresh_clock(db, number, service.now())
        return outbox_id


def write_draft(service: Service, number: int, actor: str, text: str) -> int:
    """Keep a person's or a program's words as a draft; nothing leaves before `approve_draft`.

    Returns the outbox number. Raises ActError as `write_reply` does.
    """
    words = text.strip()
    with service.store.write({f"ticket:RZ-{number}"}) as db:
        outbox_id = _queue(db, service, number, actor, words, status="draft")
        audit(db, actor, "draft", f"ticket:{number}", service.now(), outbox_id=outbox_id)
        return outbox_id


def approve_draft(service: Service, outbox_id: int, actor: str, *, text: str | None = None) -> None:
    """Let a draft leave, with other words if given; a question makes the ticket wait for its seller."""
    with service.store.write({f"outbox:{outbox_id}"}) as db:
        if text is not None:
            number = ticket_of_reply(db, outbox_id)
            text = filled_in(db, number, text, service.now()) if number is not None else checked(text)
        released = release_draft(db, outbox_id, author=actor, text=text, now_utc=service.now())
        if released is None:
            msg = "this draft is no longer there: it was sent or dropped before"
            raise ActError(msg)
        if released.ticket is not None:
            asks = released.kind in {"missing_data", "clarify", "escalation", "admin_only", "reminder"}
            _reacted(db, service, released.ticket, actor, waits_for_seller=asks)
            refresh_clock(db, released.ticket, service.now())
        audit(db, actor, "approve", f"outbox:{outbox_id}", service.now(), ticket=released.ticket)


def drop_draft(service: Service, outbox_id: int, actor: str, reason: str) -> None:
    """Drop a draft; it stays visible as muted with the reason."""
    with service.store.write({f"outbox:{outbox_id}"}) as db:
        if not discard_draft(db, outbox_id, f"dropped by {actor}: {reason}"):
            msg = "this draft is no longer there: it was sent or dropped before"
            raise ActError(msg)
        audit(db, actor, "drop", f"outbox:{outbox_id}", service.now(), reason=reason)


def resend(service: Service, outbox_id: int, actor: str) -> None:
    """Send a failed or doubtful mail again with the same Message-ID and bytes (design 10)."""
    with service.store.write({f"outbox:{outbox_id}"}) as db:
        if not send_again(db, outbox_id, service.now()):
            msg = "only a failed, doubtful or muted mail can be sent again"
            raise ActError(msg)
        audit(db, actor, "resend", f"outbox:{outbox_id}", service.now())


def _queue(db: Db, service: Service, number: int, actor: str, words: str, *, status: str) -> int:
    """Put words, their variables filled in, into the outbox as an answer to the newest mail of a ticket."""
    row = ticket_row(db, number)
    filled = filled_in(db, number, words, service.now())
    raw_id = newest_raw_id(db, number)
    address = _address(db, service, raw_id, words) if raw_id is not None else None
    if address is None or raw_id is None:
        msg = "the ticket has no mail with an address to answer"
        raise ActError(msg)
    outbox_id = queue_reply(
        db,
        ReplyDraft(
            kind=_kind(words),
            language=row.language,
            subject=outgoing_subject(number, row.subject),
            text=filled + "\n",
        ),
        address,
        ticket=number,
        inbound_raw_id=raw_id,
        status=status,
        now_utc=service.now(),
        author=actor,
    )
    if outbox_id is None:
        msg = "this very reply was sent before, or waits as a draft"
        raise ActError(msg)
    return outbox_id


def _address(db: Db, service: Service, raw_id: int, words: str) -> ReplyAddress | None:
    coordinates = coordinates_of(db, [raw_id]).get(raw_id)
    if coordinates is None or not coordinates.rcpt_to:
        return None
    options = service.options
    own = [coordinates.message_id] if coordinates.message_id else []
    return ReplyAddress(
        mail_from=coordinates.mailbox,
        rcpt_to=coordinates.rcpt_to,
        message_id=reply_message_id(raw_id, _kind(words), options.signing_key, options.mail_domain),
        in_reply_to=coordinates.message_id,
        references=(*coordinates.references, *own),
    )


def _kind(words: str) -> str:
    """Name a reply after its words: pressing the button twice names it twice alike."""
    return f"operator-{hashlib.sha256(words.encode()).hexdigest()[:12]}"


def _reacted(db: Db, service: Service, number: int, actor: str, *, waits_for_seller: bool) -> None:
    row = ticket_row(db, number)
    now = service.now()
    note_reaction(db, number, now)
    if row.status in {Status.NEW, Status.CLOSED}:
        move_status(db, number, Status.IN_PROGRESS, reason="answered", now_utc=now, actor=actor)
    if waits_for_seller:
        move_status(db, number, Status.WAITING_SELLER, reason="asked the seller", now_utc=now, actor=actor)
    elif ticket_row(db, number).status == Status.WAITING_SELLER:
        move_status(db, number, Status.IN_PROGRESS, reason="answered", now_utc=now, actor=actor)
