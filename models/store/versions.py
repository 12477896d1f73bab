"""Model versions: which one serves, which were served, and the way back.

A rollback pins its version: no nightly candidate replaces it until somebody promotes one by
hand. The artefacts of the champion and of the last KEPT others are kept, the figures of all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.engine import Connection

from models.store.engine import StoreError
from models.store.learning import champion, promote
from models.store.schema import MODEL_VERSION, POLICY

KEPT: Final = 5  # artefacts beside the champion's
PIN: Final = "model_pin"


def rollback(db: Connection, reason: str, *, now_utc: datetime) -> str:
    """Let the version serve that served before, and pin it. Returns its name.

    Raises StoreError when there is none whose artefact is kept.
    """
    serving = champion(db)
    name = _served_before(db, "" if serving is None else serving.name)
    if name is None:
        msg = "there is no earlier version to go back to: `razbor train` makes a new one"
        raise StoreError(msg)
    note = f"rolled back from {serving.name}: {reason}" if serving is not None else reason
    promote(db, name, note, now_utc=now_utc)
    set_pin(db, name, now_utc=now_utc)
    return name


def promote_by_hand(db: Connection, name: str, *, now_utc: datetime) -> None:
    """Let a version serve because a person said so; a pin ends with it.

    Raises StoreError for an unknown name, or one whose artefact is no longer kept.
    """
    kept = db.scalar(
        select(func.count())
        .select_from(MODEL_VERSION)
        .where(MODEL_VERSION.c.name == name, MODEL_VERSION.c.artefact.is_(None))
    )
    if kept:
        msg = f"the artefact of {name} is no longer kept: promote a newer one, or run `razbor train`"
        raise StoreError(msg)
    promote(db, name, "promoted by hand", now_utc=now_utc)
    set_pin(db, "", now_utc=now_utc)


def pinned(db: Connection) -> str:
    """Return the name of the version that a rollback pinned, "" for none."""
    body = db.scalar(
        select(POLICY.c.body).where(POLICY.c.name == PIN).order_by(POLICY.c.version.desc()).limit(1)
    )
    return str((body or {}).get("name", ""))


def set_pin(db: Connection, name: str, *, now_utc: datetime) -> None:
    """Pin a version, or none with ""; who had been pinned when stays in the history of the policy."""
    if pinned(db) == name:
        return
    newest = db.scalar(select(func.max(POLICY.c.version)).where(POLICY.c.name == PIN)) or 0
    db.execute(
        insert(POLICY).values(
            name=PIN, version=newest + 1, body={"name": name}, author="razbor", created_at_utc=now_utc
        )
    )


def drop_old_artefacts(db: Connection) -> int:
    """Drop the bytes of all but the champion and the newest KEPT others; returns how many went."""
    others = db.scalars(
        select(MODEL_VERSION.c.id)
        .where(MODEL_VERSION.c.state != "champion", MODEL_VERSION.c.artefact.is_not(None))
        .order_by(
            func.coalesce(MODEL_VERSION.c.promoted_at_utc, MODEL_VERSION.c.created_at_utc).desc(),
            MODEL_VERSION.c.id.desc(),
        )
    ).all()
    gone = list(others[KEPT:])
    if gone:
        db.execute(update(MODEL_VERSION).where(MODEL_VERSION.c.id.in_(gone)).values(artefact=None))
    return len(gone)


def set_report(db: Connection, name: str, html: str) -> None:
    """Keep the report of a version."""
    db.execute(update(MODEL_VERSION).where(MODEL_VERSION.c.name == name).values(report=html))


def report_of(db: Connection, name: str) -> str:
    """Return the report of a version. Raises StoreError when there is none."""
    html = db.scalar(select(MODEL_VERSION.c.report).where(MODEL_VERSION.c.name == name))
    if not html:
        msg = f"there is no report of {name}: versions made by `razbor train` or at night have one"
        raise StoreError(msg)
    return str(html)


def _served_before(db: Connection, serving: str) -> str | None:
    return db.scalar(
        select(MODEL_VERSION.c.name)
        .where(
            and_(
                MODEL_VERSION.c.promoted_at_utc.is_not(None),
                MODEL_VERSION.c.artefact.is_not(None),
                MODEL_VERSION.c.name != serving,
            )
        )
        .order_by(MODEL_VERSION.c.promoted_at_utc.desc(), MODEL_VERSION.c.id.desc())
        .limit(1)
    )
