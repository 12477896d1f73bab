"""Lists and search at 100,000 tickets: indexes that answer a list alone, and the index of words."""

import sqlalchemy as sa
from alembic import op

from models.store.word_index import index_missing

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OPEN = "status <> 'closed' AND merged_into_id IS NULL"

SQLITE = (
    """CREATE VIRTUAL TABLE mail_words USING fts5(
        words, detail = none, columnsize = 0, prefix = '4', tokenize = 'unicode61 remove_diacritics 0')""",
    """CREATE TRIGGER message_words_changed AFTER UPDATE OF subject, text, entities ON message
        WHEN OLD.subject <> NEW.subject OR OLD.text <> NEW.text OR OLD.entities <> NEW.entities
        BEGIN DELETE FROM mail_words WHERE rowid = OLD.raw_id; END""",
    """CREATE TRIGGER message_words_gone AFTER DELETE ON message
        BEGIN DELETE FROM mail_words WHERE rowid = OLD.raw_id; END""",
)
POSTGRESQL = (
    "CREATE TABLE mail_words (raw_id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_mail_words ON mail_words USING gin (words)",
    """CREATE FUNCTION drop_mail_words() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM mail_words WHERE raw_id = OLD.raw_id; RETURN NULL; END $$""",
    """CREATE TRIGGER message_words_changed AFTER UPDATE OF subject, text, entities ON message
        FOR EACH ROW WHEN (OLD.subject <> NEW.subject OR OLD.text <> NEW.text OR OLD.entities <> NEW.entities)
        EXECUTE FUNCTION drop_mail_words()""",
    """CREATE TRIGGER message_words_gone AFTER DELETE ON message
        FOR EACH ROW EXECUTE FUNCTION drop_mail_words()""",
)


def upgrade() -> None:
    op.add_column("ticket", sa.Column("confidence", sa.Float(), nullable=True))
    op.execute(
        "UPDATE ticket SET confidence = (SELECT p.confidence FROM prediction p "
        "WHERE p.raw_id = ticket.opened_by_raw_id ORDER BY p.id DESC LIMIT 1)"
    )
    _indexes()
    db = op.get_bind()
    for statement in SQLITE if db.dialect.name == "sqlite" else POSTGRESQL:
        db.exec_driver_sql(statement)
    index_missing(db)


def _indexes() -> None:
    op.drop_index("ix_ticket_open", table_name="ticket")
    board = "topic status assignee in_review escalated sla_due_at_utc language marketplace priority score "
    board += "updated_at_utc opened_at_utc deadline missing confidence id merged_into_id"
    whole = "updated_at_utc id topic status assignee language marketplace priority score opened_at_utc "
    whole += "sla_due_at_utc deadline missing confidence merged_into_id"
    for name, columns, condition in (
        ("ix_ticket_board", board, OPEN),
        ("ix_ticket_whole", whole, "merged_into_id IS NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "ticket", columns.split(), sqlite_where=where, postgresql_where=where)
    op.create_index("ix_ticket_opened_by_raw_id", "ticket", ["opened_by_raw_id"])
    op.create_index("ix_fact_found", "fact", ["value"], postgresql_ops={"value": "text_pattern_ops"})


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
