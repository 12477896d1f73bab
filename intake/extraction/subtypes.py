"""Refines what the competition decided: the subtype of an entity, and old or new where a value is corrected.

The subtype lets a later table map entities to the fields of the required data (act, waybill, ...). `role`
is "old" or "new" when a mail names two values of one type and says which one is right (rule R66), "from" or
"to" when something goes from one to the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Final

from intake.extraction.compete import Claim
from intake.extraction.corrections import Correction
from intake.extraction.lexicon import load_toml
from intake.extraction.neighbours import WordSet, word_before
from intake.extraction.vocabulary import SUBTYPE, subtype_words

_BEFORE: Final = 40
_BEHIND: Final = 14
_CORRECTED: Final = frozenset(
    {"tracking_number", "barcode", "order_number", "sku", "article", "supply_number"}
)
_NOT_MOVED: Final = frozenset({"date", "period", "amount", "phone", "error_code"})  # "from 5 to 7 November"
_UUID_LENGTH: Final = 36
Refined = tuple[Claim, str, str]  # with its subtype and role


@cache
def _corrections(key: str) -> WordSet:
    return WordSet(load_toml("findings.toml")[key]["words"])


def _nearest(claim: Claim) -> str:
    """Return the subtype whose word stands nearest before the claim, else behind it."""
    hits, vocabulary = claim.region.hits.get(SUBTYPE + claim.type), subtype_words(claim.type)
    if hits is None or vocabulary is None:
        return ""
    index = bisect_right(hits, claim.start, key=itemgetter(1)) - 1
    if index < 0 or hits[index][0] < claim.start - _BEFORE:
        index += 1
        while index < len(hits) and hits[index][0] < claim.end:
            index += 1
        if index == len(hits) or hits[index][1] > claim.end + _BEHIND:
            return ""
    start, end = hits[index]
    return vocabulary.meanings(claim.region.lower[start:end])[0].role


def _by_marketplace(claim: Claim, marketplace: str) -> str:
    """Return the subtype that the marketplace or the form of the value leaves."""
    if claim.type == "sku":
        return "nm" if marketplace == "wb" else "ozon_sku" if marketplace == "ozon" else ""
    if claim.type == "seller_id":
        return "wb" if len(claim.value) == _UUID_LENGTH else marketplace.replace("unknown", "")
    if claim.type == "document_number":
        return "other"
    return claim.subtype


def refine(claims: list[Claim], marketplace: str) -> list[Refined]:
    """Return each claim with its subtype and role."""
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.type] = counts.get(claim.type, 0) + 1
    return [
        (claim, _subtype(claim, marketplace), _role(claim) if counts[claim.type] > 1 else "")
        for claim in claims
    ]


def _subtype(claim: Claim, marketplace: str) -> str:
    if claim.type == "order_number" and claim.subtype == "order" and marketplace == "wb":
        return "wb_order"
    if claim.subtype and claim.type not in ("tax_id", "claim_number"):
        return claim.subtype
    return _nearest(claim) or claim.subtype or _by_marketplace(claim, marketplace)


def _role(claim: Claim) -> str:
    if claim.type not in _CORRECTED:
        return ""
    before = word_before(claim.region.lower, claim.start)
    if _corrections("new_value").before(before):
        return "new"
    return "old" if _corrections("old_value").before(before) else ""


def with_roles(refined: list[Refined], corrections: Mapping[str, Sequence[Correction]]) -> list[Refined]:
    """Return the claims with the roles that whole corrections give them; `corrections` by field name."""
    if not any(corrections.values()):
        return refined
    roles: dict[int, str] = {}
    for where, found in corrections.items():
        here = [(index, claim) for index, (claim, _, _) in enumerate(refined) if claim.region.where == where]
        for correction in found:
            _give_roles(here, correction, roles)
    return [(claim, subtype, roles.get(index, role)) for index, (claim, subtype, role) in enumerate(refined)]


def _give_roles(here: list[tuple[int, Claim]], correction: Correction, roles: dict[int, str]) -> None:
    """Note the roles of the two entities of a correction; both must be there and of one type."""
    pair = []
    for low, high in (correction.old, correction.new):
        pair.append(
            next(((index, claim) for index, claim in here if claim.start < high and low < claim.end), None)
        )
    (old, new) = pair
    if old is None or new is None or old[0] == new[0] or old[1].type != new[1].type:
        return
    if correction.moved and old[1].type in _NOT_MOVED:
        return
    roles.setdefault(old[0], "from" if correction.moved else "old")
    roles.setdefault(new[0], "to" if correction.moved else "new")
