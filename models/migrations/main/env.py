"""Alembic entry of the main schema; always run with an open connection by `models.store.migrate`."""

from alembic import context

from models.store.schema import AUDIT  # importing the schema registers every table
from models.tables import main_metadata

TARGET = main_metadata
assert AUDIT.name in TARGET.tables  # noqa: S101 - fails at once if the desk is not registered
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=TARGET,
    version_table="alembic_version_main",
    render_as_batch=connection.dialect.name == "sqlite",
    include_object=lambda _obj, name, kind, *_rest: kind != "table" or name in TARGET.tables,
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
