"""An answer read in the light of its question: a bare number fills the one field that was asked for.

In go the facts of a ticket, what it was asked and what is still missing, out come the facts
that the newest mail's untyped numbers turn into. Only one open field makes this safe: with two
a number could be either, and then an operator decides (rules R22, R33).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.decisions import FactValue

LOOSE: Final = "loose_number"
# Fields that a number without a word beside it may be; how many of them one answer may hold.
_NUMERIC: Final = {
    "seller_id": 1,
    "legal_id": 1,
    "pvz_ref": 1,
    "order_ref": 50,
    "sku_ref": 50,
    "supply_ref": 20,
    "tracking_number": 20,
    "waybill": 5,
    "act_ref": 5,
    "document_ref": 5,
    "campaign_ref": 20,
    "claim_ref": 20,
    "fine_ref": 20,
    "feedback_ref": 20,
    "barcode_or_mark": 50,
}
_SELLER_DIGITS: Final = range(3, 9)  # domain 3.1: a seller id has three to eight digits


def answered_by_numbers(
    facts: Sequence[FactValue],
    *,
    asked: frozenset[str],
    missing: Iterable[str],
    newest_raw_id: int | None,
) -> tuple[FactValue, ...]:
    """Type the newest mail's loose numbers by the question that they answer; empty when in doubt."""
    if newest_raw_id is None:
        return ()
    open_parts = [part for part in missing if part in asked]
    fields = [name for part in open_parts for name in part.split("|")[:1] if name in _NUMERIC]
    if len(fields) != 1:
        return ()
    field = fields[0]
    numbers = [fact for fact in facts if fact.field == LOOSE and fact.raw_id == newest_raw_id]
    if field == "seller_id":
        numbers = [fact for fact in numbers if len(fact.value) in _SELLER_DIGITS]
    if not 1 <= len(numbers) <= _NUMERIC[field]:
        return ()
    return tuple(replace(fact, field=field, source="answer") for fact in numbers)
