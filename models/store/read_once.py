"""What one transaction reads once and uses many times: policies, bindings of senders, webhooks.

A batch of 64 mails asks for the same few rows hundreds of times. What was read is kept with the
connection and forgotten when the next transaction begins, when a savepoint is undone, and by
whoever changes such rows; so nothing here is ever older than the transaction that sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

Read = TypeVar("Read")

_KEY: Final = "razbor.read_once"


def read_once(db: Connection, key: Hashable, read: Callable[[], Read]) -> Read:
    """Return what `read` gave when this transaction first asked for `key`; callers must not change it."""
    known: dict[Hashable, Any] = db.info.setdefault(_KEY, {})
    if key not in known:
        known[key] = read()
    found: Read = known[key]
    return found


def forget(db: Connection) -> None:
    """Read anew from now on: called by whoever changes what was read, and at the begin of a transaction."""
    db.info.pop(_KEY, None)


def forget_between_transactions(engine: Engine) -> None:
    """Let no transaction of an engine see what another one read."""
    event.listen(engine, "begin", forget)
    event.listen(engine, "rollback_savepoint", _forget_at_rollback)


def _forget_at_rollback(db: Connection, _name: str, _context: object) -> None:
    forget(db)
