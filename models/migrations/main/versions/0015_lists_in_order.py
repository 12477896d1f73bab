"""Indexes that hold tickets in the order of a list: a page is read from them without sorting the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = "status <> 'closed' AND merged_into_id IS NULL"
ORDERS = {
    "due": "sla_due_at_utc",
    "priority": "score",
    "newest": "updated_at_utc",
    "oldest": "opened_at_utc",
}
FILTERED = (
    "topic status assignee in_review escalated sla_due_at_utc language marketplace priority missing "
    "confidence deadline merged_into_id"
)
COUNTED = "topic assignee status in_review escalated sla_due_at_utc merged_into_id"


def upgrade() -> None:
    replaced = ("ix_ticket_board", "ix_ticket_whole", "ix_ticket_updated", "ix_ticket_sla_due_at_utc")
    for name in replaced:
        op.drop_index(name, table_name="ticket")
    is_open = sa.text(OPEN)
    op.create_index(
        "ix_ticket_board", "ticket", COUNTED.split(), sqlite_where=is_open, postgresql_where=is_open
    )
    for order, column in ORDERS.items():
        columns = [column, "id", *(name for name in FILTERED.split() if name != column)]
        op.create_index(f"ix_ticket_all_{order}", "ticket", columns)
        op.create_index(
            f"ix_ticket_open_{order}", "ticket", columns, sqlite_where=is_open, postgresql_where=is_open
        )


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
