"""First schema."""

import sqlalchemy as sa
from alembic import op

from models.column_types import Json, UtcDateTime
from models.tables import BigId

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("outbox_id", BigId, nullable=True),
        sa.Column("asked_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "field"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("raw_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachment_raw_id", "attachment", ["raw_id"], unique=False)
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject"], unique=False)

    op.create_table(
        "fact",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("raw_id", BigId, nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("where", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_fact_ticket_id", "fact", ["ticket_id"], unique=False)
    op.create_index("ix_fact_value", "fact", ["field", "value"], unique=False)

    op.create_table(
        "job_run",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at_utc", UtcDateTime(), nullable=False),
        sa.Column("started_at_utc", UtcDateTime(), nullable=False),
        sa.Column("finished_at_utc", UtcDateTime(), nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", "due_at_utc"),
    )
    op.create_table(
        "label",
        sa.Column("id", BigId, nullable=False),
        sa.Column("raw_id", BigId, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_label_raw_id", "label", ["raw_id"], unique=False)

    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until_utc", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "mail_state",
        sa.Column("raw_id", BigId, autoincrement=False, nullable=False),
        sa.Column("received_at_utc", UtcDateTime(), nullable=False),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("disposed_at_utc", UtcDateTime(), nullable=True),
        sa.Column("ticket_id", BigId, nullable=True),
        sa.Column("cause", sa.String(), server_default=sa.text("('')"), nullable=False),
        sa.Column("duplicate_of", BigId, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lost_leases", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until_utc", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(), server_default=sa.text("('')"), nullable=False),
        sa.PrimaryKeyConstraint("raw_id"),
    )
    op.create_index("ix_mail_state_disposition", "mail_state", ["disposition", "raw_id"], unique=False)
    op.create_index(
        "ix_mail_state_in_flight",
        "mail_state",
        ["raw_id"],
        unique=False,
        sqlite_where=sa.text("disposition IS NULL"),
        postgresql_where=sa.text("disposition IS NULL"),
    )
    op.create_index("ix_mail_state_ticket_id", "mail_state", ["ticket_id"], unique=False)

    op.create_table(
        "mailbox",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("marketplace", sa.String(), nullable=False),
        sa.Column("topic_prior", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("raw_id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=True),
        sa.Column("received_at_utc", UtcDateTime(), nullable=False),
        sa.Column("date_utc", UtcDateTime(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), nullable=False),
        sa.Column("references", Json, nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("from_name", sa.String(), nullable=False),
        sa.Column("reply_address", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("marketplace", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("quoted", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("entities", Json, nullable=False),
        sa.Column("findings", Json, nullable=False),
        sa.Column("redacted", Json, nullable=False),
        sa.Column("warnings", Json, nullable=False),
        sa.Column("authentication", Json, nullable=False),
        sa.Column("suppress_replies", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("raw_id"),
    )
    op.create_index("ix_message_resend", "message", ["from_address", "text_sha256"], unique=False)
    op.create_index("ix_message_same", "message", ["message_id", "content_sha256"], unique=False)
    op.create_index("ix_message_ticket_id", "message", ["ticket_id"], unique=False)

    op.create_table(
        "model_version",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("artefact", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("data_hash", sa.String(), nullable=False),
        sa.Column("example_count", sa.Integer(), nullable=False),
        sa.Column("metrics", Json, nullable=False),
        sa.Column("parameters", Json, nullable=False),
        sa.Column("environment", Json, nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.Column("promoted_at_utc", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index(
        "ux_model_version_champion",
        "model_version",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'champion'"),
        postgresql_where=sa.text("state = 'champion'"),
    )

    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=True),
        sa.Column("inbound_raw_id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("mail_from", sa.String(), nullable=False),
        sa.Column("rcpt_to", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), nullable=False),
        sa.Column("references", Json, nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.Column("due_at_utc", UtcDateTime(), nullable=True),
        sa.Column("sent_at_utc", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until_utc", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index("ix_outbox_due", "outbox", ["status", "due_at_utc"], unique=False)
    op.create_index("ix_outbox_rcpt_to", "outbox", ["rcpt_to"], unique=False)
    op.create_index("ix_outbox_ticket_id", "outbox", ["ticket_id"], unique=False)
    op.create_index("ux_outbox_inbound_kind", "outbox", ["inbound_raw_id", "kind"], unique=True)

    op.create_table(
        "party",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "address"),
    )
    op.create_index("ix_party_address", "party", ["address"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", BigId, nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "policy",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ux_policy_version", "policy", ["name", "version"], unique=True)

    op.create_table(
        "prediction",
        sa.Column("id", BigId, nullable=False),
        sa.Column("raw_id", BigId, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("probabilities", Json, nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("also_topics", Json, nullable=False),
        sa.Column("spam_probability", sa.Float(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("threshold_set", sa.String(), nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_prediction_raw_id", "prediction", ["raw_id"], unique=False)

    op.create_table(
        "seller_address",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("seller_id", sa.String(), nullable=False),
        sa.Column("marketplace", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index("ix_seller_address_seller_id", "seller_address", ["seller_id"], unique=False)

    op.create_table(
        "status_event",
        sa.Column("id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("at_utc", UtcDateTime(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_status_event_ticket_id", "status_event", ["ticket_id"], unique=False)

    op.create_table(
        "threshold_set",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("thresholds", Json, nullable=False),
        sa.Column("created_at_utc", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ticket",
        sa.Column("id", BigId, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("topic_source", sa.String(), nullable=False),
        sa.Column("in_review", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("marketplace", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("seller_id", sa.String(), nullable=False),
        sa.Column("opened_by_raw_id", BigId, nullable=True),
        sa.Column("opened_at_utc", UtcDateTime(), nullable=False),
        sa.Column("updated_at_utc", UtcDateTime(), nullable=False),
        sa.Column("status_at_utc", UtcDateTime(), nullable=False),
        sa.Column("closed_at_utc", UtcDateTime(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("subkind", sa.String(), nullable=False),
        sa.Column("how_to", sa.Boolean(), nullable=True),
        sa.Column("also_topics", Json, nullable=False),
        sa.Column("missing", Json, nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("priority_parts", Json, nullable=False),
        sa.Column("question_count", sa.Integer(), nullable=False),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("suppress_replies", sa.String(), nullable=False),
        sa.Column("claimed_ticket_id", BigId, nullable=True),
        sa.Column("merged_into_id", BigId, nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_queue", "ticket", ["topic", "status", "updated_at_utc"], unique=False)
    op.create_index("ix_ticket_requester", "ticket", ["requester"], unique=False)
    op.create_index(
        "ix_ticket_review",
        "ticket",
        ["id"],
        unique=False,
        sqlite_where=sa.text("in_review"),
        postgresql_where=sa.text("in_review"),
    )
    op.create_index("ix_ticket_seller_id", "ticket", ["seller_id"], unique=False)

    op.create_table(
        "ticket_link",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("other_id", BigId, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "other_id"),
    )
    op.create_index("ix_ticket_link_other_id", "ticket_link", ["other_id"], unique=False)

    op.create_table(
        "topic",
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name_ru", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("slug"),
    )
    op.create_table(
        "topic_work",
        sa.Column("ticket_id", BigId, autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("raw_id", BigId, nullable=True),
        sa.Column("due_at_utc", UtcDateTime(), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until_utc", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id"),
    )
    op.create_index("ix_topic_work_due", "topic_work", ["topic", "due_at_utc"], unique=False)

    # Ticket numbers have six digits from the first: RZ-100001.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('ticket', 100000)")
    else:
        op.execute("ALTER SEQUENCE ticket_id_seq RESTART WITH 100001")


def downgrade() -> None:
    msg = "going back would lose data: restore a backup made before the upgrade"
    raise RuntimeError(msg)
