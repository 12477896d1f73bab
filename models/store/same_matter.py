"""Open tickets of the same sender or seller that name the same order, supply, claim or campaign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Connection

from models.store.schema import FACT, TICKET
from models.topics import Status

STRONG_FIELDS: Final = (
    "order_ref", "supply_ref", "claim_ref", "tracking_number", "campaign_ref", "feedback_ref",
)  # fmt: skip
_VALUES_OF_A_MAIL: Final = 100
_VALUES_AT_ONCE: Final = 5_000  # databases limit the values of one statement
# Built once: these run for every batch of mails.
_SAME_MATTER = (
    select(TICKET.c.id)
    .distinct()
    .join(FACT, FACT.c.ticket_id == TICKET.c.id)
    .where(
        FACT.c.field.in_(STRONG_FIELDS),
        FACT.c.value.in_(bindparam("values", expanding=True)),
        FACT.c.active,
        TICKET.c.status != str(Status.CLOSED),
    )
    .order_by(TICKET.c.id)
    .limit(20)
)
_BY_SENDER = TICKET.c.requester == bindparam("sender")
_SENDERS_WITH_A_MATTER = (
    select(TICKET.c.requester)
    .distinct()
    .join(FACT, FACT.c.ticket_id == TICKET.c.id)
    .where(
        FACT.c.field.in_(STRONG_FIELDS),
        FACT.c.value.in_(bindparam("values", expanding=True)),
        FACT.c.active,
        TICKET.c.status != str(Status.CLOSED),
        TICKET.c.requester.in_(bindparam("senders", expanding=True)),
    )
)
_SAME_MATTER_OF_SENDER = _SAME_MATTER.where(_BY_SENDER)
_SAME_MATTER_OF_SELLER = _SAME_MATTER.where(_BY_SENDER | (TICKET.c.seller_id == bindparam("seller")))


def senders_with_a_matter(db: Connection, mails: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> set[str]:
    """Return those of the senders who have an open ticket about anything that these mails name.

    In go senders with the facts (field, value) of their mails. Most have none, so that nobody need ask for
    each mail alone.
    """
    named = [(sender, value) for sender, facts in mails for value in _strong_values(facts)]
    found: set[str] = set()
    for start in range(0, len(named), _VALUES_AT_ONCE):
        senders, values = (
            set(column) for column in zip(*named[start : start + _VALUES_AT_ONCE], strict=True)
        )
        given = {"senders": sorted(senders), "values": sorted(values)}
        found |= set(db.scalars(_SENDERS_WITH_A_MATTER, given))
    return found


def _strong_values(facts: Sequence[tuple[str, str]]) -> list[str]:
    return [value for name, value in facts if name in STRONG_FIELDS][:_VALUES_OF_A_MAIL]


def tickets_about_it(
    db: Connection, sender: str, bound: str, strong_values: Sequence[tuple[str, str]]
) -> list[int]:
    """Return up to 20 open tickets of a sender, or of the seller it is bound to, that name one of these."""
    values = _strong_values(strong_values)
    if not values or not sender:
        return []
    given = {"values": values, "sender": sender}
    if bound:
        return list(db.scalars(_SAME_MATTER_OF_SELLER, given | {"seller": bound}))
    return list(db.scalars(_SAME_MATTER_OF_SENDER, given))
