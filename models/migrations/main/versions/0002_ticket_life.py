"""A ticket's whole life: assignment, clocks, escalation, duplicates, incidents, notes, purging."""

import sqlalchemy as sa
from alembic import op

from models.column_types import UtcDateTime
from models.tables import BigId

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WORDS = (
    "assignee",
    "stage",
    "deadline",
    "business_risk",
    "seller_priority",
    "preferred_channel",
    "sla_phase",
)
_MOMENTS = (
    "escalated_at_utc",
    "first_reaction_at_utc",
    "sla_due_at_utc",
    "remind_at_utc",
    "reminded_at_utc",
    "purged_at_utc",
)


def upgrade() -> None:
    for name in _WORDS:
        op.add_column("ticket", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("ticket", sa.Column("sender_role", sa.String(), nullable=False, server_default="unknown"))
    for name in _MOMENTS:
        op.add_column("ticket", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("ticket", sa.Column("first_reaction_in_time", sa.Boolean(), nullable=True))
    op.add_column("ticket", sa.Column("cycle_s", sa.Integer(), nullable=True))
    for name in ("score", "repeats", "reopened"):
        op.add_column("ticket", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("ticket", sa.Column("bulk", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("duplicate_of_id", "incident_id"):
        op.add_column("ticket", sa.Column(name, BigId, nullable=True))
    for name in ("assignee", "incident_id", "sla_due_at_utc", "remind_at_utc"):
        op.create_index(f"ix_ticket_{name}", "ticket", [name], unique=False)
    op.add_column("message", sa.Column("purged_at_utc", UtcDateTime(), nullable=True))
    op.add_column("outbox", sa.Column("author", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "note",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_note_ticket_id", "note", ["ticket_id"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", BigId, nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_at_utc", UtcDateTime(), nullable=False),
        sa.Column("last_at_utc", UtcDateTime(), nullable=False),
        sa.Column("closed_at_utc", UtcDateTime(), nullable=True),
        sa.Column("seller_count", sa.Integer(), nullable=False),
        sa.Column("ticket_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_incident_signature", "incident", ["signature"], unique=False)


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
