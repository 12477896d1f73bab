"""Signed tokens in what we send: Message-IDs, bounce and reply addresses that nobody else can make.

In go an id of ours and the secret key, out comes an address or Message-ID that carries both
the id and its HMAC-SHA256 (cut to 130 bits, base32); the reading functions return the id only
when the HMAC is right. The Message-ID follows from (inbound mail, kind) alone, so the same
reply made twice has the same one (rules A2, A9, design 10). The parts are lower case: some
mail servers fold the case of local parts. Purposes are kept apart in what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

_MAC_CHARS: Final = 26
_MESSAGE_ID: Final = re.compile(
    r"rz\.([0-9]{1,18})\.([a-z][a-z0-9_-]{0,39})\.([a-z2-7]{26})@[\w.-]{1,255}", re.ASCII | re.IGNORECASE
)
_BOUNCE: Final = re.compile(r"bounce\+([0-9]{1,18})\.([a-z2-7]{26})@[\w.-]{1,255}", re.ASCII | re.IGNORECASE)
_TICKET: Final = re.compile(
    r"[^@+\s]{1,64}\+t([0-9]{1,15})\.([a-z2-7]{26})@[\w.-]{1,255}", re.ASCII | re.IGNORECASE
)
_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """What one of our Message-IDs says: which mail it answers, and with which kind of reply."""

    raw_id: int
    kind: str


def reply_message_id(raw_id: int, kind: str, key: bytes, domain: str) -> str:
    """Return the Message-ID, without angle brackets, of our reply of `kind` to the mail `raw_id`.

    Raises ValueError for a negative id or a kind that is no short lower-case word.
    """
    if raw_id < 0 or not _KIND.fullmatch(kind):
        msg = f"cannot name a reply {kind!r} to mail {raw_id}: kinds are short lower-case words"
        raise ValueError(msg)
    return f"rz.{raw_id}.{kind}.{_mac(key, 'reply', str(raw_id), kind)}@{domain}"


def read_reply_message_id(message_id: str, key: bytes) -> ReplyToken | None:
    """Return what a Message-ID of ours says, None when we did not make it."""
    match = _MESSAGE_ID.fullmatch(message_id.strip().strip("<>"))
    if match is None:
        return None
    raw_id, kind, mac = match.group(1), match.group(2).lower(), match.group(3).lower()
    if str(int(raw_id)) != raw_id or not hmac.compare_digest(mac, _mac(key, "reply", raw_id, kind)):
        return None
    return ReplyToken(int(raw_id), kind)


def bounce_address(outbox_id: int, key: bytes, domain: str) -> str:
    """Return the envelope sender of an outgoing mail; what comes back to it is a bounce of that mail."""
    return f"bounce+{outbox_id}.{_mac(key, 'bounce', str(outbox_id))}@{domain}"


def bounced_outbox_id(address: str, key: bytes) -> int | None:
    """Return the outbox id that a bounce address of ours carries, None when we did not make it."""
    match = _BOUNCE.fullmatch(address.strip().strip("<>"))
    if match is None:
        return None
    outbox_id, mac = match.group(1), match.group(2).lower()
    if str(int(outbox_id)) != outbox_id or not hmac.compare_digest(mac, _mac(key, "bounce", outbox_id)):
        return None
    return int(outbox_id)


def ticket_address(mailbox: str, number: int, key: bytes) -> str:
    """Return the address that a reply gives as Reply-To: what comes to it names the ticket (design 7)."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local.partition('+')[0]}+t{number}.{_mac(key, 'ticket', str(number))}@{domain}"


def addressed_ticket(address: str, key: bytes) -> int | None:
    """Return the ticket that a plus-address of ours names, None when we did not make it."""
    match = _TICKET.fullmatch(address.strip().strip("<>"))
    if match is None:
        return None
    number, mac = match.group(1), match.group(2).lower()
    if str(int(number)) != number or not hmac.compare_digest(mac, _mac(key, "ticket", number)):
        return None
    return int(number)


def _mac(key: bytes, *parts: str) -> str:
    digest = hmac.new(key, "|".join(parts).encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii")[:_MAC_CHARS].lower()
