"""Everything that is stored about one e-mail address: where it stands, by number.

An address is compared without regard to case. A mail is the person's when its From, its Reply-To
or its SMTP sender is the address, or when it is a delivery report about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.engine import Connection

from models.store.engine import Store
from models.store.schema import (
    MAIL_STATE,
    MAILBOX,
    MESSAGE,
    OUTBOX,
    PARTY,
    PERSON,
    RAW,
    SELLER_ADDRESS,
    TICKET,
)
from models.topics import Disposition

_AT_ONCE: Final = 500
_REPORTS: Final = ("bounce",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Where an address stands, each as sorted numbers."""

    mails: tuple[int, ...]  # accepted mails
    replies: tuple[int, ...]  # ours to the address
    opened: tuple[int, ...]  # tickets that the person opened
    joined: tuple[int, ...]  # tickets of others that the person takes part in
    bindings: int = 0  # to sellers
    in_flight: int = 0  # of the mails, how many were not worked yet
    sending: int = 0  # of the replies, how many are on their way this moment

    @property
    def tickets(self) -> tuple[int, ...]:
        """All tickets with a mail of the person."""
        return tuple(sorted({*self.opened, *self.joined}))

    def __bool__(self) -> bool:
        return bool(self.mails or self.replies or self.opened or self.joined or self.bindings)


def is_ours(db: Connection, address: str) -> str:
    """Say why an address is no seller's: a mailbox of ours or an operator's login; "" otherwise."""
    if db.scalar(select(MAILBOX.c.address).where(_is(MAILBOX.c.address, address))) is not None:
        return "a mailbox of ours"
    if db.scalar(select(PERSON.c.login).where(_is(PERSON.c.login, address))) is not None:
        return "the login of an operator"
    return ""


def held_numbers_of_mails(db: Connection) -> list[int]:
    """List held mails whose bytes are kept: nothing but the bytes tells whose they are."""
    return list(
        db.scalars(
            select(MAIL_STATE.c.raw_id).where(
                MAIL_STATE.c.disposition == str(Disposition.HELD), MAIL_STATE.c.raw_purged_at_utc.is_(None)
            )
        )
    )


def search(store: Store, address: str, *, also: tuple[int, ...] = ()) -> Holdings:
    """Find an address; `also` are mails that are known to be the person's beforehand."""
    with store.read_raw() as raw:
        sent = set(raw.scalars(select(RAW.c.id).where(_is(RAW.c.mail_from, address))))
    with store.read() as db:
        rows = db.execute(select(MESSAGE.c.raw_id, MESSAGE.c.ticket_id).where(_about(address))).all()
        mails = sent | set(also) | {row.raw_id for row in rows}
        opened = set(db.scalars(select(TICKET.c.id).where(_is(TICKET.c.requester, address))))
        parties = db.scalars(select(PARTY.c.ticket_id).where(_is(PARTY.c.address, address)))
        joined = {row.ticket_id for row in rows if row.ticket_id is not None} | set(parties)
        outbox = db.execute(select(OUTBOX.c.id, OUTBOX.c.status).where(_is(OUTBOX.c.rcpt_to, address))).all()
        bound = select(func.count()).select_from(SELLER_ADDRESS).where(_is(SELLER_ADDRESS.c.address, address))
        return Holdings(
            mails=tuple(sorted(mails)),
            replies=tuple(sorted(row.id for row in outbox)),
            opened=tuple(sorted(opened)),
            joined=tuple(sorted(joined - opened)),
            bindings=db.scalar(bound) or 0,
            in_flight=_in_flight(db, sorted(mails)),
            sending=sum(row.status == "sending" for row in outbox),
        )


def _is(column: Any, address: str) -> ColumnElement[bool]:
    same: ColumnElement[bool] = func.lower(column) == address.lower()
    return same


def _about(address: str) -> ColumnElement[bool]:
    words = func.lower(MESSAGE.c.text + MESSAGE.c.quoted)
    report = MESSAGE.c.kind.in_(_REPORTS) & words.contains(address.lower(), autoescape=True)
    return or_(_is(MESSAGE.c.from_address, address), _is(MESSAGE.c.reply_address, address), report)


def _in_flight(db: Connection, raw_ids: list[int]) -> int:
    ended = 0
    for start in range(0, len(raw_ids), _AT_ONCE):
        some = raw_ids[start : start + _AT_ONCE]
        ended += (
            db.scalar(
                select(func.count())
                .select_from(MAIL_STATE)
                .where(MAIL_STATE.c.raw_id.in_(some), MAIL_STATE.c.disposition.is_not(None))
            )
            or 0
        )
    return len(raw_ids) - ended
