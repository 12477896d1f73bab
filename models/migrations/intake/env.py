"""Alembic entry of the intake schema; always run with an open connection by `models.store.migrate`."""

from alembic import context

from models.tables import raw_metadata

TARGET = raw_metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=TARGET,
    version_table="alembic_version_intake",
    render_as_batch=connection.dialect.name == "sqlite",
    include_object=lambda _obj, name, kind, *_rest: kind != "table" or name in TARGET.tables,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
