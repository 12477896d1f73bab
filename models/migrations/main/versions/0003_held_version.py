"""Which version of Razbor held a mail: an upgrade may be able to read it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_state", sa.Column("held_version", sa.String(), nullable=False, server_default=""))
