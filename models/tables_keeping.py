"""Tables of keeping and deleting: legal holds, and what the listener must delete from the raw mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field

from models.tables import BigId, MainBase, moment


class LegalHold(MainBase, table=True):
    """A ticket of which nothing may be deleted, for example because of a dispute before a court."""

    __tablename__ = "legal_hold"

    ticket_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    reason: str = ""
    author: str = ""
    at_utc: datetime = moment(nullable=False)


class RawOrder(MainBase, table=True):
    """What must be deleted from a raw mail that only the listener may write (SQLite, ADR on orders).

    The listener reads these rows and writes `intake.db`; who ordered sees there that it is done
    and takes the row away. An order can be carried out twice without harm.
    """

    __tablename__ = "raw_order"

    raw_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    drops_raw: bool = False
    drops_envelope: bool = False
    mail_from: str = ""  # what stands in place of the sender once the envelope is dropped
    ordered_at_utc: datetime = moment(nullable=False)
