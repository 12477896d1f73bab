"""Indexes that answer the dashboard's figures of a span of time without looking at whole rows."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OPENED = "opened_at_utc topic language marketplace first_reaction_in_time repeats"
_CLOSED = "closed_at_utc topic language marketplace cycle_s question_count reopened resolution"


def upgrade() -> None:
    merged = sa.text("merged_into_id IS NULL")
    ended = sa.text("merged_into_id IS NULL AND closed_at_utc IS NOT NULL")
    for name, columns, where in (("opened", _OPENED, merged), ("closed", _CLOSED, ended)):
        op.create_index(
            f"ix_ticket_{name}",
            "ticket",
            columns.split(),
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_index("ix_mail_state_received", "mail_state", ["received_at_utc", "disposition"], unique=False)
    op.create_index(
        "ix_prediction_created", "prediction", ["created_at_utc", "raw_id", "decision"], unique=False
    )


def downgrade() -> None:
    for name, table in (
        ("ix_ticket_opened", "ticket"),
        ("ix_ticket_closed", "ticket"),
        ("ix_mail_state_received", "mail_state"),
        ("ix_prediction_created", "prediction"),
    ):
        op.drop_index(name, table_name=table)
