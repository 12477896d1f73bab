"""Bringing the databases to the schema of this version (`razbor migrate`, and every first start).

Alembic runs inside one transaction under a lock, so two processes that start at once
migrate once. A database from a newer Razbor is refused: downgrading would lose data.

Every command asks whether the schema is the newest one. That is answered without Alembic: its
import takes longer than most commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from models.store.engine import Store, StoreError
from models.store.sqlite_connections import sqlite_engine

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMAS = ("intake", "main")
_FOLDER: Final = Path(__file__).parent.parent / "migrations"
_MIGRATION_LOCK = 726_170_001  # any fixed number: the advisory lock of migrating


def migrate(store: Store, *, intake: bool = True) -> list[str]:
    """Upgrade to the newest schema; return what was done, one line per schema that moved.

    `intake=False` leaves the raw mail's file alone (SQLite: only the listener or an idle
    machine may write it). Raises StoreError for a database of a newer version.
    """
    return migrate_to(store, {"main": "head", **({"intake": "head"} if intake else {})})


def migrate_to(store: Store, targets: Mapping[str, str]) -> list[str]:
    """Upgrade each named schema to a revision (`head`: the newest), as `migrate` does; never back."""
    done = []
    intake, main = targets.get("intake"), targets["main"]
    if store.is_sqlite and intake:
        engine = raw_engine(store)
        with engine.connect() as db, db.begin():
            done += _upgrade(db, "intake", intake)
        engine.dispose()
    with store.write() as db:
        if not store.is_sqlite:
            db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if intake:
                done += _upgrade(db, "intake", intake)
        done += _upgrade(db, "main", main)
    return done


def raw_engine(store: Store) -> Engine:
    """Open the raw mail's SQLite file for writing: only where no listener runs."""
    return sqlite_engine(Path(str(store.intake.url.database).removeprefix("file:").partition("?")[0]))


def revisions(store: Store) -> dict[str, str]:
    """Name the revision of each schema, "" for one that was never made."""
    found = {}
    for schema in SCHEMAS:
        with (store.intake if schema == "intake" else store.main).connect() as db:
            found[schema] = _current(db, schema) or ""
    return found


def known_revisions(schema: str) -> frozenset[str]:
    """List the revisions of a schema that this version can upgrade from."""
    return frozenset(path.name.partition("_")[0] for path in _revision_files(schema))


def newest_revision(schema: str) -> str:
    """Name the revision that this version works with: revisions are numbered in their order."""
    return max(known_revisions(schema))


def pending(store: Store) -> list[str]:
    """Name the schemas that are behind this version; empty when nothing is to be done."""
    behind = []
    for schema in SCHEMAS:
        engine = store.intake if schema == "intake" else store.main
        with engine.connect() as db:
            if _current(db, schema) != newest_revision(schema):
                behind.append(schema)
    return behind


def _revision_files(schema: str) -> list[Path]:
    """List the migrations of a schema; a file is named `NUMBER_what_it_does.py` after its revision."""
    return list((_FOLDER / schema / "versions").glob("[0-9]*_*.py"))


def _config(schema: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER / schema))
    return config


def _current(db: Connection, schema: str) -> str | None:
    """Return the revision that Alembic noted; None where it never ran."""
    table = f"alembic_version_{schema}"
    if not inspect(db).has_table(table):
        return None
    noted = db.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - one of two names above
    return str(noted) if noted else None


def _upgrade(db: Connection, schema: str, target: str) -> list[str]:
    before = _current(db, schema)
    head = newest_revision(schema) if target == "head" else target
    if before == head:
        return []
    if before is not None and before not in known_revisions(schema):
        msg = (
            f"the {schema} database has schema {before}, which this version of Razbor does not know: "
            "start the newer version, or restore a backup made before the upgrade"
        )
        raise StoreError(msg)
    from alembic import command

    config = _config(schema)
    config.attributes["connection"] = db
    command.upgrade(config, target)
    return [f"{schema}: {before or 'empty'} -> {head}"]
