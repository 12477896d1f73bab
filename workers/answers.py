"""An answer read in the light of its question: a bare number fills the one field that was asked for.

In go the facts of a ticket, what it was asked and what is still missing, out come the facts
that the untyped numbers of an answer turn into. An answer is any mail that came after the one
that was asked about: several may come before anybody looks, and the first that fits counts. Only
one open field makes this safe: with two a number could be either, and then an operator decides
(rules R22, R33).
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
    "amount": 1,
}
_DIGITS: Final = {
    "seller_id": range(3, 9),  # domain 3.1: a seller id has three to eight digits
    "amount": range(1, 8),  # in roubles; a longer number is a document's or an order's
}


def answered_by_numbers(
    facts: Sequence[FactValue],
    *,
    asked: frozenset[str],
    missing: Iterable[str],
    after_raw_id: int | None,
) -> tuple[FactValue, ...]:
    """Type the loose numbers of the first fitting mail after the question; empty when in doubt.

    `after_raw_id` is the mail that the question was about, None while nothing was asked.
    """
    if after_raw_id is None:
        return ()
    open_parts = [part for part in missing if part in asked]
    fields = [name for part in open_parts for name in part.split("|")[:1] if name in _NUMERIC]
    if len(fields) != 1:
        return ()
    field = fields[0]
    of_mail: dict[int, list[FactValue]] = {}
    for fact in facts:
        is_answer = fact.field == LOOSE and fact.raw_id is not None and fact.raw_id > after_raw_id
        if is_answer and len(fact.value) in _DIGITS.get(field, range(1, 14)):
            of_mail.setdefault(fact.raw_id or 0, []).append(fact)
    for raw_id in sorted(of_mail):
        if len(of_mail[raw_id]) <= _NUMERIC[field]:
            return tuple(replace(fact, field=field, source="answer") for fact in of_mail[raw_id])
    return ()
