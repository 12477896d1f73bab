"""Retention: which raw mails are no longer kept, what the listener must delete, legal holds."""

import sqlalchemy as sa
from alembic import op

from models.column_types import UtcDateTime
from models.tables import BigId

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_state", sa.Column("raw_purged_at_utc", UtcDateTime(), nullable=True))
    op.add_column("mail_state", sa.Column("envelope_purged_at_utc", UtcDateTime(), nullable=True))
    op.create_table(
        "raw_order",
        sa.Column("raw_id", BigId, autoincrement=False, nullable=False),
        sa.Column("drops_raw", sa.Boolean(), nullable=False),
        sa.Column("drops_envelope", sa.Boolean(), nullable=False),
        sa.Column("mail_from", sa.String(), nullable=False),
        sa.Column("ordered_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("raw_id"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id"),
    )


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
