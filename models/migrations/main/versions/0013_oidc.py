"""People whom an OpenID Connect provider knows."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("oidc_subject", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "ux_person_oidc_subject",
        "person",
        ["oidc_subject"],
        unique=True,
        sqlite_where=sa.text("oidc_subject <> ''"),
        postgresql_where=sa.text("oidc_subject <> ''"),
    )


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
