"""A value that the seller takes back, and the one that stands in its place (rule R33): "not 1250 but 1260".

In go a read mail, its facts and what the ticket knows so far, out come the values to withdraw and
the facts to add. A bare number has no type of its own; it takes the field of the known value that
it replaces, so "не 1250, а 1260" corrects the sum of 1250 roubles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.decisions import FactValue
    from models.records import Finding, Mail

_ARROW: Final = " -> "  # as intake writes a correction's two values
_SUM: Final = re.compile(r"(\d+)(?:\.(\d{1,2}))?(?: ([A-Z]{3}))?", re.ASCII)
_GROUPING: Final = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a mail changes: facts that it adds, and values that hold no longer."""

    facts: tuple[FactValue, ...]
    withdrawn: frozenset[str] = frozenset()


def corrected(mail: Mail, facts: Sequence[FactValue], known: Iterable[FactValue]) -> Corrected:
    """Apply the corrections of `mail` to its own `facts`; `known` are the active facts of its ticket."""
    old_values = [finding for finding in mail.findings if finding.type == "old_value"]
    if not old_values:
        return Corrected(facts=tuple(facts))
    withdrawn = {finding.value or finding.text for finding in old_values} | _values_at(mail, old_values)
    kept = [fact for fact in facts if fact.value not in withdrawn]
    values = {fact.value for fact in kept}
    for finding in mail.findings:
        old, arrow, new = finding.value.partition(_ARROW)
        if finding.type != "correction" or not arrow:
            continue
        for fact in known:
            if not _is_same(fact.value, old):
                continue
            withdrawn.add(fact.value)
            successor = _in_its_form(new, fact.value)
            if successor not in values and not _has_same(kept, fact.field):
                raw_id = next((given.raw_id for given in facts), None)
                kept.append(replace(fact, value=successor, text=new, source="message", raw_id=raw_id))
    return Corrected(facts=tuple(kept), withdrawn=frozenset(withdrawn))


def _values_at(mail: Mail, findings: Sequence[Finding]) -> set[str]:
    """Return the values of identifiers that stand where a value was taken back: `1250 ₽` for `1250`."""
    return {
        entity.value
        for finding in findings
        for entity in mail.entities
        if entity.where == finding.where and entity.start < finding.end and finding.start < entity.end
    }


def _has_same(kept: Sequence[FactValue], field: str) -> bool:
    """Tell whether the mail itself names a value of that field: then that one takes the place."""
    return any(fact.field == field for fact in kept)


def _is_same(known: str, old: str) -> bool:
    bare = _GROUPING.sub("", old)
    if known == bare:
        return True
    one, other = _SUM.fullmatch(known), _SUM.fullmatch(bare.replace(",", "."))
    if one is None or other is None or one.group(3) is None:
        return False
    return int(one.group(1)) == int(other.group(1)) and _cents(one) == _cents(other)


def _cents(match: re.Match[str]) -> int:
    return int((match.group(2) or "").ljust(2, "0"))


def _in_its_form(new: str, like: str) -> str:
    """Write a bare number as a sum where it takes the place of one."""
    bare = _GROUPING.sub("", new).replace(",", ".")
    currency = _SUM.fullmatch(like)
    number = _SUM.fullmatch(bare)
    if currency is None or currency.group(3) is None or number is None:
        return _GROUPING.sub("", new)
    return f"{int(number.group(1))}.{_cents(number):02d} {currency.group(3)}"
