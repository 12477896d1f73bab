"""Learning: the audit share and the margin of a prediction, the report of a model version."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("prediction", sa.Column("audit", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("margin", "unseen_share"):
        op.add_column("prediction", sa.Column(name, sa.Float(), nullable=False, server_default="0"))
    op.create_index(
        "ix_prediction_audit",
        "prediction",
        ["raw_id"],
        unique=False,
        sqlite_where=sa.text("audit"),
        postgresql_where=sa.text("audit"),
    )
    op.add_column("model_version", sa.Column("report", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
