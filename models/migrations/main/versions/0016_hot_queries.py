"""Indexes over few rows for what every sweep asks, so that its price does not grow with the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LEASED = "lease_token IS NOT NULL"
DUE = "due_at_utc IS NOT NULL"


def upgrade() -> None:
    leased = sa.text(LEASED)
    for table in ("mail_state", "topic_work", "outbox", "webhook_delivery"):
        op.create_index(
            f"ix_{table}_leased",
            table,
            ["lease_token", "lease_until_utc"],
            sqlite_where=leased,
            postgresql_where=leased,
        )
    due = sa.text(DUE)
    op.drop_index("ix_topic_work_due", table_name="topic_work")
    op.create_index(
        "ix_topic_work_due", "topic_work", ["topic", "due_at_utc"], sqlite_where=due, postgresql_where=due
    )
    op.create_index("ix_asked_outbox_id", "asked", ["outbox_id"])


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
