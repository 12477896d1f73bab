"""The bytes of an outgoing mail (RFC 5322, text/plain in UTF-8).

In goes a `Letter` that says everything, out come CRLF-terminated bytes that are the same for
the same letter. Rules: A1 (`Auto-Submitted`, RFC 3834 section 5, on automatic mail only), A5
(our loop header), A10 (`In-Reply-To`, `References` folded and capped, first and last kept),
A11 (subject without line breaks, RFC 2047), A13 (no attachment, no quoted original). Headers
are written here and not by the library: it folds long Message-IDs into encoded words, which
breaks threading. An address that could not stand in a header is refused with ValueError.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from workers.replies.compose import signature
from workers.replies.subjects import header_text, tagged_ticket
from workers.tokens import ticket_address

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from models.store.outbox import OutgoingMail

LOOP_HEADER: Final = "X-Loop"  # carries our own mailbox; RFC 3834 leaves the name to us
MAX_REFERENCES: Final = 20
MAX_MESSAGE_ID_CHARS: Final = 250
_LINE_CHARS: Final = 76
_WORD_BYTES: Final = 45  # of UTF-8 text in one encoded word: 60 base64 characters and the frame stay below 75
_MESSAGE_ID: Final = re.compile(r"[!-;=?-~]{1,250}")  # visible ASCII without angle brackets
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9.\[\]:-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that an outgoing mail consists of."""

    mail_from: str  # header From: one of our mailboxes
    rcpt_to: str
    message_id: str  # without angle brackets, as all Message-IDs here
    date_utc: datetime
    subject: str
    text: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = True
    reply_to: str = ""
    sender_name: str = ""  # what a mail client shows for the sender; ours, never a seller's words


def build_reply(mail: OutgoingMail, *, now_utc: datetime, mail_domain: str, key: bytes = b"") -> bytes:
    """Return the bytes of a reply from the outbox. Raises ValueError for an address that no header can hold.

    `mail_domain` stands in for the domain of a mailbox that has none; `now_utc` is the Date; with
    a `key` the mail of a ticket asks for answers to the signed address of the ticket in its subject,
    also after that was merged into another: sent again it has the same octets.
    """
    sender = mail.address.mail_from
    mail_from = sender if "@" in sender else f"{sender}@{mail_domain}"
    return build_letter(
        Letter(
            mail_from=mail_from,
            sender_name=signature(mail.language),
            reply_to=_reply_to(mail_from, tagged_ticket(mail.subject) or mail.ticket, key),
            rcpt_to=mail.address.rcpt_to,
            message_id=mail.address.message_id,
            date_utc=now_utc,
            subject=mail.subject,
            text=mail.text,
            in_reply_to=mail.address.in_reply_to,
            references=mail.address.references,
            automatic=mail.automatic,
        )
    )


def _reply_to(mailbox: str, ticket: int | None, key: bytes) -> str:
    if not key or ticket is None:
        return ""
    address = ticket_address(mailbox, ticket, key)
    return address if _ADDRESS.fullmatch(address) else ""  # no room: a local part has at most 64 octets


def build_letter(letter: Letter) -> bytes:
    """Return the bytes of `letter`. Raises ValueError for an address or own Message-ID that is not one."""
    for address in (letter.mail_from, letter.rcpt_to):
        if not _ADDRESS.fullmatch(address):
            msg = f"{address!r} cannot stand in a header: correct the address on the ticket, then send again"
            raise ValueError(msg)
    if not _MESSAGE_ID.fullmatch(letter.message_id):
        msg = f"{letter.message_id!r} is no Message-ID: ours come from workers.tokens"
        raise ValueError(msg)
    encoding, body = _body(letter.text)
    headers = [
        f"Date: {format_datetime(letter.date_utc)}",
        f"From: {_named(letter.sender_name, letter.mail_from)}",
        f"To: {letter.rcpt_to}",
        *([f"Reply-To: {letter.reply_to}"] if letter.reply_to else []),
        f"Message-ID: <{letter.message_id}>",
        *_reference_headers(letter),
        f"Subject: {encoded_subject(letter.subject)}",
        *_automatic_headers(letter),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    return ("\r\n".join(headers) + "\r\n\r\n").encode("ascii") + body


def _named(name: str, address: str) -> str:
    """Write an address with its name; the name has a line of its own, so that none grows long."""
    return f"{encoded_subject(name)}\r\n <{address}>" if name else address


def encoded_subject(subject: str) -> str:
    """Encode a subject for its header (RFC 2047, B encoding), folded; short ASCII stays readable."""
    text = header_text(subject)
    if text.isascii() and len(text) <= _LINE_CHARS - len("Subject: ") and "=?" not in text:
        return text
    words: list[bytes] = [b""]
    for char in text:
        part = char.encode("utf-8", "replace")
        if len(words[-1]) + len(part) > _WORD_BYTES:
            words.append(b"")
        words[-1] += part
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def capped_references(references: Sequence[str]) -> tuple[str, ...]:
    """Keep valid Message-IDs, each once; of too many the first and the last ones (RFC 5322 3.6.4, A10)."""
    valid = [_bare(reference) for reference in references]
    kept = list(dict.fromkeys(reference for reference in valid if _MESSAGE_ID.fullmatch(reference)))
    if len(kept) > MAX_REFERENCES:
        kept = [kept[0], *kept[-(MAX_REFERENCES - 1) :]]
    return tuple(kept)


def _reference_headers(letter: Letter) -> list[str]:
    answered = _bare(letter.in_reply_to)
    headers = [f"In-Reply-To: <{answered}>"] if _MESSAGE_ID.fullmatch(answered) else []
    references = capped_references(letter.references)
    if references:
        headers.append("References: " + "\r\n ".join(f"<{reference}>" for reference in references))
    return headers


def _automatic_headers(letter: Letter) -> list[str]:
    loop = f"{LOOP_HEADER}: {letter.mail_from}"
    if not letter.automatic:
        return [loop]
    # Exchange heeds its own header and not RFC 3834; both keep an out-of-office reply from coming back.
    return ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: OOF, AutoReply", loop]


def _body(text: str) -> tuple[str, bytes]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    plain = "\r\n".join(lines) + "\r\n"
    if plain.isascii() and all(len(line) <= _LINE_CHARS * 2 for line in lines):
        return "7bit", plain.encode("ascii")
    coded = base64.b64encode(plain.encode("utf-8", "replace")).decode("ascii")
    folded = [coded[start : start + _LINE_CHARS] for start in range(0, len(coded), _LINE_CHARS)]
    return "base64", ("\r\n".join(folded) + "\r\n").encode("ascii")


def _bare(message_id: str) -> str:
    return message_id.strip().removeprefix("<").removesuffix(">")
