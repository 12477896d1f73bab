"""How long each class of personal data is kept (152-FZ, domain 4.3): a policy, as data.

In goes a table of days per class, from `retention.toml` at first start or from the policy row in
force; out comes a checked `Retention`. Who did what (`audit_entry`) has no time to live: it is kept.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

NEVER: Final = "never"
MAX_DAYS: Final = 36_500
RETENTION: Final = "retention"  # name of the policy


class RetentionError(ValueError):
    """The policy cannot be used; the message names the entry and how it must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days to live per class, counted from the end of the purpose; None: kept for ever."""

    raw_mail: int | None
    attachment_texts: int | None
    message_texts: int | None
    buyer_contacts: int | None
    quarantined: int | None
    label_texts: int | None
    outbox_texts: int | None
    notes: int | None
    envelopes: int | None

    def cutoff(self, name: str, now_utc: datetime) -> datetime | None:
        """Return the moment before which the purpose of a class must have ended; None: never."""
        days: int | None = getattr(self, name)
        return None if days is None else now_utc - timedelta(days=days)

    def as_policy(self) -> dict[str, int | str]:
        """Return the body of the policy row."""
        return {name: NEVER if days is None else days for name, days in asdict(self).items()}


CLASSES: Final = tuple(field.name for field in fields(Retention))


def parse_retention(given: Mapping[str, Any]) -> Retention:
    """Read a policy; a class that it does not name has its shipped time to live.

    Raises RetentionError for a class that does not exist and for what is neither "never" nor whole
    days from 1 to 36500: a slip of the hand must not empty the database.
    """
    unknown = sorted(set(given) - set(CLASSES))
    if unknown:
        msg = f"retention: {', '.join(unknown)} is no class; classes are {', '.join(CLASSES)}"
        raise RetentionError(msg)
    merged = {**_shipped(), **given}
    return Retention(**{name: _days(name, merged[name]) for name in CLASSES})


def shipped_retention() -> Retention:
    """Return the times to live that a first start writes down."""
    return parse_retention({})


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads((files("models") / "retention.toml").read_text(encoding="utf-8"))


def _days(name: str, value: object) -> int | None:
    if value == NEVER:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DAYS:
        return value
    msg = f'retention: {name} = {value!r} is no time to live: say whole days from 1 to {MAX_DAYS}, or "never"'
    raise RetentionError(msg)
