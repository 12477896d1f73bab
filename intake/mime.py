"""Header fields of a mail as a record: the one gateway to mail-parser.

The header block goes in, addresses, date, identifiers and subject come out. mail-parser is
used where it is right: it separates mailboxes from display names with structural recovery
(RFC 5322 sections 3.4 and 4) and reads dates with their defects. It is called field by field
and wrapped where it was measured to be wrong: encoded words are decoded before it sees them
(it destroys GB18030 text labelled gb2312 and leaves words in quotes as they are), raw 8-bit
octets too, of repeated fields it gets the first (its record answers a list or nothing), and
it never sees a body: its `.body` mixes nested mail and binary parts into the text, it decodes
every attachment on the way, and it fails on multiparts without a usable boundary. When it
raises, the standard library's address and date parsers answer alone.
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mailparser.dates import parse_mail_date
from mailparser.utils import get_addresses

from intake.header_block import HeaderBlock
from intake.headers import decode_header, message_ids, tidy_header_text
from intake.text_in_disguise import undo_double_encoding
from models.records import Address

MAX_ADDRESSES: Final = 200
MAX_ADDRESS_FIELD_BYTES: Final = 16 * 1024
MAX_NAME_CHARS: Final = 200
MAX_SUBJECT_CHARS: Final = 2_000
_ENCODED_RUN: Final = re.compile(rb'"?\s*((?:=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=[ \t]*)+)"?')
_ADDRESS: Final = re.compile(r"[^\s<>\",;:()\[\]]{1,200}@[^\s<>\",;:()]{1,250}")
_STRUCTURE: Final = re.compile(r"[<>@,;:()\[\]]")
# One mailbox as nearly every mail has it; whatever else a field says goes to mail-parser. Both give the same
# for such a field, and this takes a tenth of the time (tests/intake/test_headers.py compares them).
_SPEC: Final = (
    r"[A-Za-z0-9_+-]{1,64}(?:\.[A-Za-z0-9_+-]{1,64}){0,8}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_QUOTED_NAME: Final = r'"([^"\\<>@,;:()\[\]=\t\r\n]{0,200})"'
_PLAIN_NAME: Final = r"([^\"\\<>@,;:()\[\]='.\t\r\n]{0,200}?)"
_ONE_MAILBOX: Final = re.compile(rf" ?(?:(?:{_QUOTED_NAME}|{_PLAIN_NAME}) ?<({_SPEC})>|({_SPEC})) ?")
# "Ivanov, Ivan <i@x.example>": the comma needs quotes (RFC 5322 3.4), which directories leave out.
_COMMA_NAME: Final = re.compile(
    rf"([^\"<>@:;()\[\]\\=,]{{1,100}}, ?[^\s\"<>@:;()\[\]\\=,][^\"<>@:;()\[\]\\=,]{{0,98}})<({_SPEC})> ?"
)
_ADDRESS_FIELDS: Final = ("from", "sender", "reply-to", "to", "cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderFields:
    """What the header says, decoded."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    date_utc: datetime | None
    from_: Address
    sender: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    warnings: tuple[str, ...]


def read_fields(header: HeaderBlock, hint: str = "") -> HeaderFields:
    """Decode the fields of a mail's header; `hint` is the charset of its text. Never raises."""
    warnings: list[str] = []
    raw = {name: header.first(name)[:MAX_ADDRESS_FIELD_BYTES] for name in (*_ADDRESS_FIELDS, "date")}
    addresses, date_utc = _structured(raw, hint, warnings)
    subject, guessed = decode_header(header.first("subject"), hint)
    subject, twice = undo_double_encoding(subject)
    if guessed or twice:
        warnings.append(f"subject: {guessed or twice}")
    warnings.extend(f"header: {name} is repeated, the first was used" for name in _repeated(header))
    if header.first("date") and date_utc is None:
        warnings.append("header: the date cannot be read")
    if not addresses["from"]:
        warnings.append("header: no From address")
    own_id = message_ids(header.first("message-id")) or message_ids(header.first("resent-message-id"))
    if not own_id:
        warnings.append("header: no Message-ID")
    answered = message_ids(header.first("in-reply-to"))
    return HeaderFields(
        message_id=own_id[0] if own_id else "",
        in_reply_to=answered[0] if answered else "",
        references=message_ids(b" ".join(header.every("references"))),
        date_utc=date_utc,
        from_=next(iter(addresses["from"]), Address()),
        sender=next(iter(addresses["sender"]), Address()),
        reply_to=addresses["reply-to"],
        to=addresses["to"],
        cc=addresses["cc"],
        subject=subject[:MAX_SUBJECT_CHARS],
        warnings=tuple(warnings),
    )


def _structured(
    raw: dict[str, bytes], hint: str, warnings: list[str]
) -> tuple[dict[str, tuple[Address, ...]], datetime | None]:
    """Let mail-parser read the address and date fields, or the standard library when it fails."""
    texts = {name: _parser_text(value, hint, warnings) for name, value in raw.items() if value}
    pairs: dict[str, list[tuple[str, str]]] = {}
    date_utc: datetime | None = None
    try:
        for name in _ADDRESS_FIELDS:
            if name in texts:
                pairs[name] = _mailboxes(texts[name])
        date_utc = parse_mail_date(texts.get("date")).value
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        warnings.append(f"header: mail-parser gave up ({type(error).__name__}), read without it")
        pairs = {name: email.utils.getaddresses([texts[name]]) for name in _ADDRESS_FIELDS if name in texts}
    addresses = {name: _addresses(pairs.get(name) or [], texts.get(name, "")) for name in _ADDRESS_FIELDS}
    return addresses, _aware(date_utc) or _date(texts.get("date", ""))


def _mailboxes(text: str) -> list[tuple[str, str]]:
    """Return (display name, addr-spec) of every mailbox of a field."""
    if "," in text and (named := _COMMA_NAME.fullmatch(text)) is not None:
        return [(named[1].strip(), named[2])]
    one = _ONE_MAILBOX.fullmatch(text)
    if one is None or "  " in text:
        found: list[tuple[str, str]] = get_addresses(text)
        return found
    return [((one[1] or one[2] or "").strip(), one[3] or one[4])]


def _parser_text(value: bytes, hint: str, warnings: list[str]) -> str:
    """Turn octets into text whose structure mail-parser can read: encoded words become quoted strings."""
    if b"=?" in value:
        value = _ENCODED_RUN.sub(lambda run: _quoted(decode_header(run[1], hint)[0]), value)
    if value.isascii():
        return tidy_header_text(value.decode("ascii"))
    text, guessed = decode_header(value, hint)
    if guessed:
        warnings.append(f"header: {guessed}")
    return text


def _quoted(text: str) -> bytes:
    escaped = tidy_header_text(text).replace("\\", "\\\\").replace('"', '\\"')
    return f' "{escaped}" '.encode("utf-8", "replace")


def _addresses(pairs: list[tuple[str, str]], text: str) -> tuple[Address, ...]:
    found = [_address(name, address) for name, address in pairs[:MAX_ADDRESSES] if "@" in address]
    if not found and text:
        # Nothing well-formed: any addr-spec in the field is better than none.
        matches = list(_ADDRESS.finditer(text[:4096]))[:MAX_ADDRESSES]
        found = [_address("", match[0]) for match in matches]
        before = text[: matches[0].start()] if matches else ""
        if len(matches) == 1 and not text[matches[0].end() :].strip() and not _STRUCTURE.search(before):
            found = [_address(before, matches[0][0])]  # "Ivan Petrov ivan@shop.ru", without the angles
    return tuple(found)


def _address(name: str, address: str) -> Address:
    local, _, domain = address.strip().strip("<>").rpartition("@")
    tidy = tidy_header_text(name).strip("'\" ")
    return Address(tidy[:MAX_NAME_CHARS], f"{local}@{domain.lower().rstrip('.')}")


def _date(text: str) -> datetime | None:
    """Read a date that mail-parser refuses, with the lenient parser of the standard library."""
    try:
        return _aware(email.utils.parsedate_to_datetime(text)) if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _aware(value: datetime | None) -> datetime | None:
    """Drop dates no mail was ever written on; a date without a zone is taken as UTC."""
    if value is None or not 1990 <= value.year <= 2200:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _repeated(header: HeaderBlock) -> list[str]:
    names = ("from", "subject", "message-id", "date", "to")
    return [name for name in names if len(header.every(name)) > 1]
