"""Trainings that people order in the console; indexes for the filters of the audit log."""

import sqlalchemy as sa
from alembic import op

from models.column_types import UtcDateTime
from models.tables import BigId

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_run",
        sa.Column("id", BigId, nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at_utc", UtcDateTime(), nullable=False),
        sa.Column("started_at_utc", UtcDateTime(), nullable=True),
        sa.Column("finished_at_utc", UtcDateTime(), nullable=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "id"], unique=False)
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "id"], unique=False)


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
