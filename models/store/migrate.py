"""Bringing the databases to the schema of this version (`razbor migrate`, and every first start).

Alembic runs inside one transaction under a lock, so two processes that start at once
migrate once. A database from a newer Razbor is refused: downgrading would lose data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from models.store.engine import Store, StoreError, sqlite_engine

SCHEMAS = ("intake", "main")
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
    return frozenset(revision.revision for revision in _script(schema).walk_revisions())


def pending(store: Store) -> list[str]:
    """Name the schemas that are behind this version; empty when nothing is to be done."""
    behind = []
    for schema in SCHEMAS:
        engine = store.intake if schema == "intake" else store.main
        with engine.connect() as db:
            if _current(db, schema) != _script(schema).get_current_head():
                behind.append(schema)
    return behind


def _config(schema: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations" / schema))
    return config


def _script(schema: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(schema))


def _current(db: Connection, schema: str) -> str | None:
    return MigrationContext.configure(
        db, opts={"version_table": f"alembic_version_{schema}"}
    ).get_current_revision()


def _upgrade(db: Connection, schema: str, target: str) -> list[str]:
    before = _current(db, schema)
    head = _script(schema).get_current_head() if target == "head" else target
    if before == head:
        return []
    if before is not None and before not in known_revisions(schema):
        msg = (
            f"the {schema} database has schema {before}, which this version of Razbor does not know: "
            "start the newer version, or restore a backup made before the upgrade"
        )
        raise StoreError(msg)
    config = _config(schema)
    config.attributes["connection"] = db
    command.upgrade(config, target)
    return [f"{schema}: {before or 'empty'} -> {head}"]
