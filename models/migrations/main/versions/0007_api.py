"""The JSON API: tokens, requests done under a key; a priority that an operator set."""

import sqlalchemy as sa
from alembic import op

from models.column_types import Json, UtcDateTime
from models.tables import BigId

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("seller_id", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.Column("expires_at_utc", UtcDateTime(), nullable=True),
        sa.Column("used_at_utc", UtcDateTime(), nullable=True),
        sa.Column("revoked_at_utc", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("prefix"),
    )
    op.create_table(
        "api_request",
        sa.Column("token_id", BigId, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("outcome_id", BigId, nullable=True),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "key"),
    )
    op.create_index("ix_api_request_at_utc", "api_request", ["at_utc"], unique=False)
    op.add_column("ticket", sa.Column("priority_by", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_ticket_updated", "ticket", ["updated_at_utc", "id"], unique=False)


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
