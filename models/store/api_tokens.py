"""Tokens of the JSON API: adding, finding, revoking; and the requests that were done under a key.

A token is `rzb_PREFIX_SECRET`: the prefix finds its row and is shown in lists, the whole is stored as
a SHA-256 hash only. It holds 256 random bits, so no salt and no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.schema import API_REQUEST, API_TOKEN

SCOPES: Final[dict[str, str]] = {
    "read:tickets": "list and read tickets",
    "read:messages": "list and read mails as stored: redacted, never the raw mail",
    "read:facts": "list what is known of a ticket",
    "read:labels": "list topics that people gave to mails",
    "read:replies": "list and read replies and drafts",
    "read:status": "read the balance of accepted mails",
    "write:tickets": "change status, assignee and priority",
    "write:facts": "add, correct and withdraw facts",
    "write:labels": "give tickets their topic; the classifier learns from it",
    "write:replies": "write and drop drafts; nothing leaves",
    "send:replies": "approve drafts and send replies",
}
SELLER_SCOPES: Final = frozenset({"read:tickets", "read:messages", "read:facts"})  # of a token of one seller
LONGEST_DAYS: Final = 730
KEPT_REQUESTS: Final = timedelta(hours=24)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_TOKEN: Final = re.compile(r"rzb_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCard:
    """A token without its secret."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    seller_id: str
    created_by: str
    created_at_utc: datetime
    expires_at_utc: datetime | None
    used_at_utc: datetime | None
    revoked_at_utc: datetime | None

    @property
    def actor(self) -> str:
        """The name under which acts are audited."""
        return f"token:{self.name}"

    def is_live(self, now_utc: datetime) -> bool:
        """Tell whether the token may still be used."""
        is_over = self.expires_at_utc is not None and self.expires_at_utc <= now_utc
        return self.revoked_at_utc is None and not is_over


def add_token(
    db: Connection,
    name: str,
    scopes: list[str],
    *,
    created_by: str,
    now_utc: datetime,
    days: int | None = 90,
    seller_id: str = "",
) -> str:
    """Add a token and return it: it is known to nobody afterwards. `days=None` never expires.

    Raises StoreError for a name that is taken or no name, unknown scopes, or a seller's token that
    could see more than that seller's tickets.
    """
    chosen = list(dict.fromkeys(scopes))
    _check_wish(name, chosen, days, seller_id)
    if db.scalar(select(API_TOKEN.c.id).where(API_TOKEN.c.name == name)) is not None:
        msg = f"there is, or was, a token {name!r}: names stay in the audit log, choose another"
        raise StoreError(msg)
    prefix = secrets.token_hex(4)
    token = f"rzb_{prefix}_{secrets.token_urlsafe(32)}"
    db.execute(
        insert(API_TOKEN).values(
            name=name,
            prefix=prefix,
            token_hash=_hash(token),
            scopes=sorted(chosen),
            seller_id=seller_id,
            created_by=created_by,
            created_at_utc=now_utc,
            expires_at_utc=None if days is None else now_utc + timedelta(days=days),
        )
    )
    return token


def find_token(db: Connection, token: str) -> TokenCard | None:
    """Return the token's card, expired and revoked ones too; None for what is no token of ours."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    row = db.execute(select(API_TOKEN).where(API_TOKEN.c.prefix == match[1])).first()
    if row is None or not hmac.compare_digest(row.token_hash, _hash(token)):
        return None
    return _card(row)


def tokens(db: Connection) -> list[TokenCard]:
    """List all tokens, newest first."""
    return [_card(row) for row in db.execute(select(API_TOKEN).order_by(API_TOKEN.c.id.desc()))]


def touch_token(db: Connection, token_id: int, now_utc: datetime) -> None:
    """Note that a token is in use."""
    db.execute(update(API_TOKEN).where(API_TOKEN.c.id == token_id).values(used_at_utc=now_utc))


def revoke_token(db: Connection, name: str, now_utc: datetime) -> None:
    """End a token at once. Raises StoreError when there is none in force under that name."""
    result = db.execute(
        update(API_TOKEN)
        .where(API_TOKEN.c.name == name, API_TOKEN.c.revoked_at_utc.is_(None))
        .values(revoked_at_utc=now_utc)
    )
    if not result.rowcount:
        msg = f"there is no token {name!r} in force: `razbor tokens list` shows all"
        raise StoreError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneRequest:
    """A request that was done under an Idempotency-Key."""

    fingerprint: str
    outcome_id: int | None  # None: done, but its answer was not noted


def done_request(db: Connection, token_id: int, key: str) -> DoneRequest | None:
    """Return what was done under a key of a token; None when nothing was."""
    row = db.execute(
        select(API_REQUEST.c.fingerprint, API_REQUEST.c.outcome_id).where(
            API_REQUEST.c.token_id == token_id, API_REQUEST.c.key == key
        )
    ).first()
    return None if row is None else DoneRequest(fingerprint=row.fingerprint, outcome_id=row.outcome_id)


def note_request(db: Connection, token_id: int, key: str, fingerprint: str, now_utc: datetime) -> None:
    """Note, in the transaction of its act, that a request is done; those of yesterday are forgotten."""
    db.execute(delete(API_REQUEST).where(API_REQUEST.c.at_utc < now_utc - KEPT_REQUESTS))
    db.execute(
        insert(API_REQUEST).values(token_id=token_id, key=key, fingerprint=fingerprint, at_utc=now_utc)
    )


def note_outcome(db: Connection, token_id: int, key: str, outcome_id: int) -> None:
    """Note what a request made, so that its repetition gets the same answer."""
    db.execute(
        update(API_REQUEST)
        .where(API_REQUEST.c.token_id == token_id, API_REQUEST.c.key == key)
        .values(outcome_id=outcome_id)
    )


def _check_wish(name: str, scopes: list[str], days: int | None, seller_id: str) -> None:
    msg = ""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if not _NAME.fullmatch(name):
        msg = "a token's name has 1 to 40 small letters, digits, dots, dashes: shop-sync"
    elif not scopes or unknown:
        msg = f"a token needs scopes, of {', '.join(SCOPES)}; unknown: {', '.join(unknown) or 'none given'}"
    elif days is not None and not 1 <= days <= LONGEST_DAYS:
        msg = f"a token lives 1 to {LONGEST_DAYS} days, or has no end"
    elif len(seller_id) > 64 or not seller_id.isprintable():
        msg = "a seller's number has at most 64 characters"
    elif seller_id and not SELLER_SCOPES.issuperset(scopes):
        msg = f"a token of one seller may have {', '.join(sorted(SELLER_SCOPES))} only"
    if msg:
        raise StoreError(msg)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _card(row: Any) -> TokenCard:
    return TokenCard(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        seller_id=row.seller_id,
        created_by=row.created_by,
        created_at_utc=row.created_at_utc,
        expires_at_utc=row.expires_at_utc,
        used_at_utc=row.used_at_utc,
        revoked_at_utc=row.revoked_at_utc,
    )
