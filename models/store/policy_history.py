"""Versions of a policy: which one is in force, who wrote which one when, and the text of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from models.store.schema import POLICY

SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One version; the newest of a name is in force."""

    version: int
    body: dict[str, Any]
    author: str
    created_at_utc: datetime


def newest_version(db: Connection, name: str) -> int:
    """Return the number of the version in force, 0 for a policy that nobody wrote."""
    return db.scalar(select(func.max(POLICY.c.version)).where(POLICY.c.name == name)) or 0


def policy_versions(db: Connection, name: str, limit: int = SHOWN) -> list[PolicyVersion]:
    """Return the newest versions of a policy."""
    rows = db.execute(
        select(POLICY.c.version, POLICY.c.body, POLICY.c.author, POLICY.c.created_at_utc)
        .where(POLICY.c.name == name)
        .order_by(POLICY.c.version.desc())
        .limit(limit)
    )
    return [PolicyVersion(**row) for row in rows.mappings()]


def policy_version(db: Connection, name: str, version: int) -> PolicyVersion | None:
    """Return one version, None for one that was never written."""
    row = (
        db.execute(
            select(POLICY.c.version, POLICY.c.body, POLICY.c.author, POLICY.c.created_at_utc).where(
                POLICY.c.name == name, POLICY.c.version == version
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else PolicyVersion(**row)
