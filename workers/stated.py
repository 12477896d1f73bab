"""What a seller stated about the matter itself, as columns of the ticket (rules R8, R19, R25, R36, R61).

In go the findings of all mails of a ticket, oldest first, out come deadline, business risk, the
seller's own priority, preferred channel and role, each the newest that was stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

BULK_ROWS: Final = 5  # fewer rows in a file are single goods that happen to come as a table
_COLUMN_OF: Final = {
    "deadline": "deadline",
    "risk": "business_risk",
    "business_risk": "business_risk",
    "priority_stated": "seller_priority",
    "seller_priority": "seller_priority",
    "preferred_channel": "preferred_channel",
    "sender_role": "sender_role",
}
_MAX_CHARS: Final = 200
_LEAST_ROLE: Final = "seller"


def stated_by_seller(findings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return column and value of what was stated; `findings` are (type, value), oldest first."""
    stated: dict[str, str] = {}
    for kind, value in findings:
        column = _COLUMN_OF.get(kind)
        if column is None or not value:
            continue
        if value == _LEAST_ROLE and column in stated:
            continue  # a pickup point's owner and an agency also say "our shop"
        stated[column] = value[:_MAX_CHARS]
    return stated
