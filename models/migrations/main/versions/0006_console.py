"""The console: sessions, choices in review, a person's habits; indexes for lists, timelines and search."""

import sqlalchemy as sa
from alembic import op

from models.column_types import UtcDateTime
from models.tables import BigId

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("timezone", "theme", "totp_secret"):
        op.add_column("person", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("person", sa.Column("totp_last_step", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("csrf_token", sa.String(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.Column("seen_at_utc", UtcDateTime(), nullable=False),
        sa.Column("ended_at_utc", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_console_session_person_id", "console_session", ["person_id"], unique=False)
    op.create_table(
        "review_choice",
        sa.Column("id", BigId, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("raw_id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("predicted", sa.String(), nullable=False),
        sa.Column("is_audit", sa.Boolean(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("status_before", sa.String(), nullable=False, server_default=""),
        sa.Column("topic_before", sa.String(), nullable=False, server_default=""),
        sa.Column("was_in_review", sa.Boolean(), nullable=False),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.Column("undone_at_utc", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_choice_actor", "review_choice", ["actor", "id"], unique=False)
    op.create_index("ix_review_choice_ticket_id", "review_choice", ["ticket_id"], unique=False)
    op.create_index(
        "ix_ticket_open",
        "ticket",
        ["topic", "status"],
        unique=False,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
