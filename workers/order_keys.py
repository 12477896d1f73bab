"""Which conversation a mail belongs to, told from its header alone: the keys that keep mails in order.

In go the first octets of a mail and its envelope, out come two keys (`models.store.mail_order`):
the sender (From, else the SMTP sender), and the matter: the ticket that its address or subject
names, else the first mail of its thread. A key that is wrong only makes a mail wait its turn, so
the header is looked at loosely, and nothing here decides where a mail belongs.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from intake.header_block import split_header
from intake.headers import decode_header, message_ids
from models.store.mail_order import MailKeys, order_key
from workers.tokens import addressed_ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TAG: Final = re.compile(r"(?<![0-9A-Za-z])(?:RZ|РЗ)[\W_]{0,4}([0-9]{6,15})(?![0-9])", re.IGNORECASE)
_ADDRESS: Final = re.compile(rb"[^\s<>\"(),:;@]{1,320}@[^\s<>\"(),:;@]{1,255}")  # a name comes before it
_FIELD_BYTES: Final = 2_000


def order_keys(signing_key: bytes) -> Callable[[bytes, str, Sequence[str]], MailKeys]:
    """Return the function that gives a mail its keys; `signing_key` reads our own addresses."""

    def keys_of(octets: bytes, mail_from: str, rcpt_tos: Sequence[str]) -> MailKeys:
        header = split_header(octets)
        sender = _address(header.first("from")) or mail_from
        number = _addressed(rcpt_tos, signing_key) or _named(header.first("subject"))
        cited = (message_ids(header.first(name)) for name in ("references", "in-reply-to", "message-id"))
        thread = next((ids[0] for ids in cited if ids), "")
        matter = order_key("ticket", number) if number else (order_key("mail", thread) if thread else None)
        return MailKeys(sender=order_key("from", sender) if sender else None, matter=matter)

    return keys_of


def _addressed(rcpt_tos: Sequence[str], signing_key: bytes) -> str:
    numbers = (addressed_ticket(address, signing_key) for address in rcpt_tos)
    return next((str(number) for number in numbers if number is not None), "")


def _address(field: bytes) -> str:
    found = _ADDRESS.findall(field[:_FIELD_BYTES])
    return found[-1].decode("utf-8", "replace") if found else ""


def _named(field: bytes) -> str:
    subject, _ = decode_header(field[:_FIELD_BYTES])
    match = _TAG.search(unicodedata.normalize("NFKC", subject))
    return str(int(match.group(1))) if match else ""
