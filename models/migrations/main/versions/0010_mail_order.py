"""Keys that keep the mails of one sender or matter in their order while they are in flight."""

import sqlalchemy as sa
from alembic import op

from models.tables import BigId

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_state", sa.Column("sender_key", BigId, nullable=True))
    op.add_column("mail_state", sa.Column("matter_key", BigId, nullable=True))
    in_flight = sa.text("disposition IS NULL")
    for key in ("sender_key", "matter_key"):
        op.create_index(
            f"ix_mail_state_{key}",
            "mail_state",
            [key, "raw_id"],
            unique=False,
            sqlite_where=in_flight,
            postgresql_where=in_flight,
        )
    unkeyed = sa.text("disposition IS NULL AND sender_key IS NULL")
    op.create_index(
        "ix_mail_state_unkeyed",
        "mail_state",
        ["raw_id"],
        unique=False,
        sqlite_where=unkeyed,
        postgresql_where=unkeyed,
    )


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
