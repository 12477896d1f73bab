"""The tables as SQLAlchemy Core sees them: statements below are built on these."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from models.tables import main_metadata, raw_metadata
from models.tables_api import ApiToken
from models.tables_console import ConsoleSession
from models.tables_desk import Lease
from models.tables_keeping import LegalHold
from models.tables_ticket import Ticket

# Importing the modules registers their tables.
_LATER_TABLES: Final = {table.__tablename__ for table in (Lease, LegalHold, Ticket, ConsoleSession, ApiToken)}
assert main_metadata.tables.keys() >= _LATER_TABLES  # noqa: S101

RAW: Final[Table] = raw_metadata.tables["raw_message"]
MAIL_STATE: Final[Table] = main_metadata.tables["mail_state"]
MESSAGE: Final[Table] = main_metadata.tables["message"]
ATTACHMENT: Final[Table] = main_metadata.tables["attachment"]
TICKET: Final[Table] = main_metadata.tables["ticket"]
TICKET_LINK: Final[Table] = main_metadata.tables["ticket_link"]
PARTY: Final[Table] = main_metadata.tables["party"]
FACT: Final[Table] = main_metadata.tables["fact"]
ASKED: Final[Table] = main_metadata.tables["asked"]
STATUS_EVENT: Final[Table] = main_metadata.tables["status_event"]
TOPIC_WORK: Final[Table] = main_metadata.tables["topic_work"]
OUTBOX: Final[Table] = main_metadata.tables["outbox"]
PREDICTION: Final[Table] = main_metadata.tables["prediction"]
LABEL: Final[Table] = main_metadata.tables["label"]
MODEL_VERSION: Final[Table] = main_metadata.tables["model_version"]
THRESHOLD_SET: Final[Table] = main_metadata.tables["threshold_set"]
MAILBOX: Final[Table] = main_metadata.tables["mailbox"]
TOPIC: Final[Table] = main_metadata.tables["topic"]
POLICY: Final[Table] = main_metadata.tables["policy"]
SELLER_ADDRESS: Final[Table] = main_metadata.tables["seller_address"]
JOB_RUN: Final[Table] = main_metadata.tables["job_run"]
LEASE: Final[Table] = main_metadata.tables["lease"]
AUDIT: Final[Table] = main_metadata.tables["audit_entry"]
NOTE: Final[Table] = main_metadata.tables["note"]
INCIDENT: Final[Table] = main_metadata.tables["incident"]
PERSON: Final[Table] = main_metadata.tables["person"]
LEGAL_HOLD: Final[Table] = main_metadata.tables["legal_hold"]
RAW_ORDER: Final[Table] = main_metadata.tables["raw_order"]
CONSOLE_SESSION: Final[Table] = main_metadata.tables["console_session"]
TRAINING_RUN: Final[Table] = main_metadata.tables["training_run"]
REVIEW_CHOICE: Final[Table] = main_metadata.tables["review_choice"]
API_TOKEN: Final[Table] = main_metadata.tables["api_token"]
API_REQUEST: Final[Table] = main_metadata.tables["api_request"]
SAVED_VIEW: Final[Table] = main_metadata.tables["saved_view"]
WEBHOOK: Final[Table] = main_metadata.tables["webhook"]
WEBHOOK_DELIVERY: Final[Table] = main_metadata.tables["webhook_delivery"]
