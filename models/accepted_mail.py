"""The mail that acceptance hands to storage, and the faults that storage may answer with.

In goes what SMTP said and the bytes after DATA; out come the values of a `raw_message` row.
A mail is checked when the record is made, so that one that no row can hold never joins the
transaction of others (design section 5).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from models.raw_form import codec_of, stored_octets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.records import Envelope
    from models.sealing import SealingKey

_json_text = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes a new encoder for each call

HASHED_AT_ONCE_BYTES: Final = 1984  # from 2,048 on hashlib lets go of the interpreter
IN_PIECES_UP_TO_BYTES: Final = 16 * 1024  # which costs more than the hash of so small a mail

ROW_COLUMNS: Final = "received_at_utc, peer, helo, tls, mail_from, rcpt_tos, size_bytes, sha256, codec, raw"


class StoreError(Exception):
    """The mail was not stored. Every kind is temporary for the sender, who keeps the mail."""


class StoreUnavailable(StoreError):  # noqa: N818 - named for what it tells
    """The store is locked, gone or broken: no mail can be stored now."""


class StoreFull(StoreError):  # noqa: N818 - named for what it tells
    """The disk or the quota is full: urgent for the operator; a smaller mail may still fit."""


class MailRefused(StoreError):  # noqa: N818 - named for what it tells
    """The store works, but cannot hold one of these mails."""


class NotDurable(StoreUnavailable):
    """The database would not keep a commit through a power cut: refused at start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedMail:
    """A mail that is ready to be stored: its envelope and the bytes after DATA, unchanged.

    Raises ValueError when the envelope has what no row can hold: NUL, half a surrogate pair
    (bytes that were not UTF-8), a moment that is not in UTC.
    """

    envelope: Envelope
    raw: bytes

    def __post_init__(self) -> None:
        envelope = self.envelope
        words = "\n".join((envelope.mail_from, envelope.peer, envelope.helo, *envelope.rcpt_tos))
        if "\0" in words:
            raise ValueError("an envelope must not hold NUL: refuse the command that brought it")
        if not words.isascii():
            words.encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair
        moment = envelope.received_at_utc
        if moment.tzinfo is not UTC and moment.utcoffset() != timedelta(0):
            raise ValueError("received_at_utc must be in UTC: pass datetime.now(UTC)")


class RawStore(Protocol):
    """Where accepted mail is kept."""

    def append(self, mails: Sequence[AcceptedMail]) -> Sequence[int]:
        """Store all mails or none, durably, and return their row numbers in order. Blocks.

        Raises a `StoreError`; then nothing was stored, or (connection lost in the middle of a
        commit) the mails may be there, and the sender's second delivery is found as a duplicate.
        """

    def close(self) -> None:
        """Let go of connections and locks."""


def row_facts(
    mail: AcceptedMail, raw_id: int = 0, key: SealingKey | None = None
) -> tuple[str, str, bool, str, str, int, str, str, bytes]:
    """Give the values of `ROW_COLUMNS` after the moment, which each database writes its own way.

    With a `key` the octets are sealed for row `raw_id`; size and checksum are those of the octets accepted.
    """
    envelope = mail.envelope
    sha256 = _sha256(mail.raw)
    return (
        envelope.peer,
        envelope.helo,
        envelope.tls,
        envelope.mail_from,
        _json_text(envelope.rcpt_tos),
        len(mail.raw),
        sha256,
        codec_of(key),
        stored_octets(mail.raw, key, raw_id, sha256),
    )


def _sha256(raw: bytes) -> str:
    """Hash a mail: a small one without letting go of the interpreter, a large one while others work."""
    if len(raw) > IN_PIECES_UP_TO_BYTES:
        return hashlib.sha256(raw).hexdigest()
    digest = hashlib.sha256()
    octets = memoryview(raw)
    for start in range(0, len(raw), HASHED_AT_ONCE_BYTES):
        digest.update(octets[start : start + HASHED_AT_ONCE_BYTES])
    return digest.hexdigest()
