"""Sending what lies in the outbox through the relay (RFC 5321 client side, design 10).

Each reply is marked `sending` in a commit of its own before any SMTP and `sent` after the
relay's 250. When the connection breaks after the final dot, nobody knows whether the relay
took the mail: it becomes `uncertain`, is shown, and an automatic mail is not sent again. A
question whose answer came while it waited is withdrawn.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog

from models import traces
from models.store import Db
from models.store.leases import Claim, claim_outbox, give_back, still_held
from models.store.outbox import (
    OutgoingMail,
    fields_asked,
    load_outgoing,
    mark_deferred,
    mark_failed,
    mark_sending,
    mark_sent,
    mark_uncertain,
    mark_withdrawn,
)
from models.store.schema import OUTBOX
from models.store.ticket_states import load_ticket_state
from workers.dkim_signing import signed
from workers.outgoing import build_reply
from workers.relay import TIMEOUT_S, Relay, connect, parse_relay
from workers.service import Service
from workers.tokens import bounce_address
from workers.topics import decide_topic

DATA_TIMEOUT_S = 120  # a relay may scan before it answers the final dot; giving up early leaves `uncertain`
SENDING_LEASE_S = 360  # longer than one mail can take with the two limits above
BUDGET_S = 120  # no mail is begun later than this; what is left is free for the next call
BATCH = 32
_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)  # RFC 5321 4.5.2: a leading dot is doubled
OUR_FAULT = frozenset({530, 534, 535, 538})  # RFC 4954: the relay wants a login; mending it sends the mail

log = structlog.get_logger(__name__)


def deliver(service: Service) -> int:
    """Send what is due; return how many replies were looked at. Without a relay nothing leaves."""
    if not service.options.relay_url:
        return 0
    relay = parse_relay(service.options.relay_url)
    claim = claim_outbox(service.store, now_utc=service.now(), lease_s=service.options.lease_s, limit=BATCH)
    if not claim:
        return 0
    try:
        with service.store.read() as db:
            mails = load_outgoing(db, claim.ids)
        _send_all(service, relay, mails, claim)
    finally:
        give_back(service.store, OUTBOX, claim, "id")
    return len(mails)


def _send_all(service: Service, relay: Relay, mails: Sequence[OutgoingMail], claim: Claim) -> None:
    """Send one after the other; a broken connection is made anew, so one mail's trouble stays its own."""
    client: smtplib.SMTP | None = None
    until = time.monotonic() + BUDGET_S
    try:
        for position, mail in enumerate(mails):
            if time.monotonic() > until:
                break
            if client is None or client.sock is None:
                try:
                    client = connect(relay)
                except (OSError, smtplib.SMTPException) as error:
                    _put_off(service, mails[position:], claim, error)
                    break
            _send_one(service, client, mail, claim.token)
    finally:
        if client is not None:
            _leave(client)


def _put_off(service: Service, mails: Sequence[OutgoingMail], claim: Claim, error: Exception) -> None:
    log.warning("relay not reached", cause=repr(error), remedy="check RAZBOR_RELAY_URL with `razbor doctor`")
    with service.store.write() as db:
        ours = still_held(db, OUTBOX, claim, "id")
        for mail in mails:
            if mail.outbox_id in ours:
                mark_deferred(db, mail, f"relay not reached: {error}", service.now())


def _leave(client: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError, smtplib.SMTPException):
        if client.sock is not None:
            client.quit()
    client.close()


def _send_one(service: Service, client: smtplib.SMTP, mail: OutgoingMail, token: str) -> None:
    options = service.options
    try:
        content = build_reply(  # its date is when it was written: sent again it has the same octets
            mail, now_utc=mail.created_at_utc, mail_domain=options.mail_domain, key=options.signing_key
        )
        content = signed(content, options.dkim_key, at_utc=mail.created_at_utc)
    except ValueError as error:  # an address that no header can hold
        with service.store.write() as db:
            mark_failed(db, mail.outbox_id, f"cannot be written as a mail: {error}")
        return
    envelope_from = bounce_address(mail.outbox_id, options.signing_key, options.mail_domain)
    now = service.now()
    with service.store.write([f"ticket:RZ-{mail.ticket}"]) as db:
        if not mark_sending(db, mail, token, now + timedelta(seconds=SENDING_LEASE_S)):
            return
        if _is_answered(db, mail, service):
            mark_withdrawn(db, mail.outbox_id, "the seller sent what it asks for while it waited")
            return
    begun_ns = traces.now_ns()
    outcome, answer = _transact(client, envelope_from, mail.address.rcpt_to, content)
    traces.note(
        "deliver", mail.inbound_raw_id, begun_ns, ticket=mail.ticket, reply=mail.outbox_id, outcome=outcome
    )
    with service.store.write() as db:
        match outcome:
            case "sent":
                mark_sent(db, mail.outbox_id, service.now())
            case "refused":
                mark_failed(db, mail.outbox_id, answer)
            case "deferred":
                mark_deferred(db, mail, answer, service.now())
            case _:
                mark_uncertain(db, mail.outbox_id, answer)
    log.info("reply", outbox_id=mail.outbox_id, ticket=mail.ticket, kind=mail.kind, outcome=outcome)


def _is_answered(db: Db, mail: OutgoingMail, service: Service) -> bool:
    """Look once more at a question that is about to leave: True when nothing that it asks for is missing."""
    if not mail.automatic or mail.ticket is None or mail.kind != "missing_data":
        return False
    asked = fields_asked(db, mail.outbox_id)
    missing = decide_topic(load_ticket_state(db, mail.ticket, service.now())).missing
    return bool(asked) and asked.isdisjoint(missing)


def _transact(client: smtplib.SMTP, mail_from: str, rcpt_to: str, content: bytes) -> tuple[str, str]:
    """Run one MAIL/RCPT/DATA; return sent, refused, deferred or uncertain with the relay's answer."""
    try:
        commands: tuple[Callable[[], tuple[int, bytes]], ...] = (
            partial(client.mail, mail_from),
            partial(client.rcpt, rcpt_to),
            partial(client.docmd, "DATA"),
        )
        for command, wanted in zip(commands, (2, 2, 3), strict=True):
            code, text = command()
            if code // 100 != wanted:
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    client.rset()
                return _refusal(code), _answer(code, text)
    except (OSError, smtplib.SMTPException) as error:  # nothing of the mail was sent yet
        client.close()
        return "deferred", repr(error)
    try:
        if client.sock is not None:
            client.sock.settimeout(DATA_TIMEOUT_S)
        client.send(_LINE_DOT.sub(b"..", content) + b".\r\n")
        code, text = client.getreply()
        if client.sock is not None:
            client.sock.settimeout(TIMEOUT_S)
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        return "uncertain", f"the connection broke while sending: {error!r}"
    if code // 100 == 2:
        return "sent", ""
    if code < 400:  # no answer that RFC 5321 knows: whether the mail was taken cannot be told
        client.close()
        return "uncertain", f"the relay's answer is none: {_answer(code, text)}"
    return _refusal(code), _answer(code, text)


def _refusal(code: int) -> str:
    return "refused" if code >= 500 and code not in OUR_FAULT else "deferred"


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
