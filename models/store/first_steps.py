"""What a new desk still lacks before it is in use."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from models.store.schema import MAIL_STATE, MODEL_VERSION, PERSON, SELLER_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """What was done already."""

    model: bool  # one serves
    people: bool  # more than the first administrator
    mail: bool
    sellers: bool

    @property
    def is_over(self) -> bool:
        """True when the desk is in use: hints would only stand in the way."""
        return self.model and self.people and self.mail


def first_steps(db: Connection) -> FirstSteps:
    """Look at what there is; every look ends at the first row."""
    serving = select(MODEL_VERSION.c.id).where(MODEL_VERSION.c.state == "champion").limit(1)
    return FirstSteps(
        model=db.scalar(serving) is not None,
        people=(db.scalar(select(func.count()).select_from(PERSON)) or 0) > 1,
        mail=_has_rows(db, MAIL_STATE),
        sellers=_has_rows(db, SELLER_ADDRESS),
    )


def _has_rows(db: Connection, table: Table) -> bool:
    return db.execute(select(next(iter(table.primary_key.columns))).limit(1)).first() is not None
