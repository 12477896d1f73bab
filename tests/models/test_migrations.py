"""The migrations make exactly the tables that the code declares, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from models.store import Store, StoreError
from models.store.migrate import migrate, pending
from models.tables import main_metadata, raw_metadata


def test_migrations_match_the_declared_tables(store: Store) -> None:
    """No table, column or index is declared without a migration, and none is made without a declaration."""
    for engine, metadata, version_table in (
        (store.main, main_metadata, "alembic_version_main"),
        (store.intake, raw_metadata, "alembic_version_intake"),
    ):
        with engine.connect() as db:
            context = MigrationContext.configure(
                db,
                opts={
                    "version_table": version_table,
                    "include_object": lambda _obj, name, kind, *_rest, known=metadata.tables: (
                        kind != "table" or name in known
                    ),
                },
            )
            assert compare_metadata(context, metadata) == []


def test_second_migration_does_nothing(store: Store) -> None:
    assert pending(store) == []
    assert migrate(store) == []


def test_a_newer_schema_is_refused(store: Store) -> None:
    with store.write() as db:
        db.execute(text("UPDATE alembic_version_main SET version_num = '9999'"))
    with pytest.raises(StoreError, match="does not know"):
        migrate(store)
