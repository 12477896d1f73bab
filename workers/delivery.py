"""Sending what lies in the outbox through the relay (RFC 5321 client side, design 10).

Each reply is marked `sending` in a commit of its own before any SMTP and `sent` after the
relay's 250. When the connection breaks after the final dot, nobody knows whether the relay
took the mail: it becomes `uncertain`, is shown, and an automatic mail is not sent again.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import structlog

from models.store.leases import claim_outbox, give_back
from models.store.outbox import (
    OutgoingMail,
    load_outgoing,
    mark_deferred,
    mark_failed,
    mark_sending,
    mark_sent,
    mark_uncertain,
)
from models.store.schema import OUTBOX
from workers.outgoing import build_reply
from workers.service import Service
from workers.tokens import bounce_address

TIMEOUT_S = 30
BATCH = 32

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where replies go: `smtp://[user:password@]host[:port]` or `smtps://...`."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    implicit_tls: bool = False


def parse_relay(url: str) -> Relay:
    """Read RAZBOR_RELAY_URL; raises ValueError that says how it must look."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        msg = "RAZBOR_RELAY_URL must look like smtp://host:25 or smtps://user:password@host:465"
        raise ValueError(msg)
    return Relay(
        host=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 25),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=parts.scheme == "smtps",
    )


def deliver(service: Service) -> int:
    """Send what is due; return how many replies were looked at. Without a relay nothing leaves."""
    if not service.options.relay_url:
        return 0
    relay = parse_relay(service.options.relay_url)
    claim = claim_outbox(service.store, now_utc=service.now(), lease_s=service.options.lease_s, limit=BATCH)
    if not claim:
        return 0
    with service.store.read() as db:
        mails = load_outgoing(db, claim.ids)
    try:
        client = _connect(relay)
    except (OSError, smtplib.SMTPException) as error:
        log.warning(
            "relay not reached", cause=repr(error), remedy="check RAZBOR_RELAY_URL with `razbor doctor`"
        )
        with service.store.write() as db:
            for mail in mails:
                mark_deferred(db, mail, f"relay not reached: {error}", service.now())
        return len(mails)
    try:
        for mail in mails:
            _send_one(service, client, mail, claim.token)
    finally:
        client.close()
        give_back(service.store, OUTBOX, claim, "id")
    return len(mails)


def _connect(relay: Relay) -> smtplib.SMTP:
    """Open a session with the relay, encrypted where it offers that, logged in where we have a name."""
    context = ssl.create_default_context()
    client: smtplib.SMTP
    if relay.implicit_tls:
        client = smtplib.SMTP_SSL(relay.host, relay.port, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT_S)
    client.ehlo_or_helo_if_needed()
    if not relay.implicit_tls and client.has_extn("starttls"):
        client.starttls(context=context)
        client.ehlo()
    if relay.user:
        client.login(relay.user, relay.password)
    return client


def _send_one(service: Service, client: smtplib.SMTP, mail: OutgoingMail, token: str) -> None:
    options = service.options
    try:
        content = build_reply(mail, now_utc=service.now(), mail_domain=options.mail_domain)
    except ValueError as error:  # an address that no header can hold
        with service.store.write() as db:
            mark_failed(db, mail.outbox_id, f"cannot be written as a mail: {error}")
        return
    envelope_from = bounce_address(mail.outbox_id, options.signing_key, options.mail_domain)
    with service.store.write() as db:
        if not mark_sending(db, mail, token):
            return
    outcome, answer = _transact(client, envelope_from, mail.address.rcpt_to, content)
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


def _transact(client: smtplib.SMTP, mail_from: str, rcpt_to: str, content: bytes) -> tuple[str, str]:
    """Run one MAIL/RCPT/DATA; return sent, refused, deferred or uncertain with the relay's answer."""
    try:
        for code, text in (client.mail(mail_from), client.rcpt(rcpt_to)):
            if code >= 400:
                client.rset()
                return ("refused" if code >= 500 else "deferred"), _answer(code, text)
    except (OSError, smtplib.SMTPException) as error:
        return "deferred", repr(error)
    try:
        code, text = client.data(content)
    except smtplib.SMTPDataError as error:
        return ("refused" if error.smtp_code >= 500 else "deferred"), _answer(
            error.smtp_code, error.smtp_error
        )
    except (OSError, smtplib.SMTPException) as error:
        return "uncertain", f"the connection broke while sending: {error!r}"
    if code == 250:
        return "sent", ""
    return ("refused" if code >= 500 else "deferred"), _answer(code, text)


def _answer(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
