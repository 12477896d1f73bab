"""What a decision needs that is no identifier: links, places, deadlines, risks, wishes, who writes.

In go the prepared regions and the entities found in them; out come findings in reading order of each kind.
Types: link, warehouse, method_or_screen, campaign_name, courier_address, time_slot, placeholder, deadline,
business_risk, preferred_channel, priority_stated, relative_date, relative_period, correction, old_value,
sender_role.
Words and patterns live in `data/findings.toml`; the key of a list is the finding's value. What somebody
wants, fears or is, counts only in the words of this mail, not in what it quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from intake.extraction.corrections import Correction
from intake.extraction.deadlines import find_deadlines
from intake.extraction.fields import ATTACHMENT_PREFIX
from intake.extraction.finding_words import Mark, find_marks
from intake.extraction.links import find_links
from intake.extraction.places import find_places, place_signs
from intake.extraction.regions import NEW_TEXT, Region
from intake.extraction.relative_dates import find_relative_dates
from intake.extraction.relative_periods import find_relative_periods
from intake.extraction.signs import COUNTED, WITHIN
from intake.extraction.vocabulary import WORDED
from models.records import Entity, Finding

FINDING_TYPES: Final = (
    "link", "warehouse", "method_or_screen", "campaign_name", "courier_address", "time_slot", "placeholder",
    "deadline", "business_risk", "preferred_channel", "priority_stated", "relative_date", "relative_period",
    "correction", "old_value", "sender_role",
)  # fmt: skip
MAX_PER_KIND: Final = 20
MAX_PLACES: Final = 100  # of one field
_OF_TERMS: Final = COUNTED | WITHIN  # without one, a word or a date there is no day and no deadline
_SUM_REACH: Final = 25  # from "грозит штраф" to the sum that it threatens with
_BREAK: Final = re.compile(r"[.!?;]\s|[。！？；\n]")


def _at(region: Region, kind: str, span: tuple[int, int], value: str) -> Finding:
    start, end = span
    text = region.text[start:end]
    return Finding(type=kind, text=text, value=value, where=region.where, start=start, end=end)


def _links(region: Region) -> Iterator[Finding]:
    for link in find_links(region):
        named = f" {link.kind}:{region.lower[link.id_start : link.id_end]}" if link.kind else ""
        yield _at(region, "link", (link.start, link.end), link.host + named)


def _places(region: Region, marks: Sequence[Mark]) -> Iterator[Finding]:
    taken: list[tuple[str, int, int]] = []
    for place in find_places(region, marks):
        if len(taken) >= MAX_PLACES:
            return
        if any(kind == place.kind and low < place.end and place.start < high for kind, low, high in taken):
            continue
        taken.append((place.kind, place.start, place.end))
        yield _at(region, place.kind, (place.start, place.end), place.value)


def _words(region: Region, marks: Sequence[Mark], amounts: list[Entity]) -> Iterator[Finding]:
    for mark in marks:
        if mark.kind not in WORDED:
            continue
        span, value = (mark.start, mark.end), mark.value
        if mark.kind == "business_risk":
            span, value = _with_sum(region, mark.start, mark.end, amounts)
        yield _at(region, mark.kind, span, value)


def _with_sum(region: Region, start: int, end: int, amounts: list[Entity]) -> tuple[tuple[int, int], str]:
    """Return the span and words of a risk with the sum behind it, as in "грозит штраф 50 000 ₽"."""
    for amount in amounts:
        gap = region.lower[end : amount.start]
        if 0 <= amount.start - end <= _SUM_REACH and not _BREAK.search(gap):
            end = amount.end
            break
    return (start, end), region.lower[start:end]


def _corrections(
    region: Region, corrections: Sequence[Correction], entities: list[Entity]
) -> Iterator[Finding]:
    """Yield each correction, and the old value as the entity there has it: it holds no longer (rule R33)."""
    values = {(entity.start, entity.end): entity.value for entity in entities}
    for found in corrections:
        if not found.moved:
            old, new = (region.text[low:high] for low, high in (found.old, found.new))
            yield _at(region, "correction", (found.start, found.end), f"{old} -> {new}")
            yield _at(region, "old_value", found.old, values.get(found.old, "".join(old.split())))


def _of_region(
    region: Region, entities: list[Entity], mail_date: date | None, *, own: bool
) -> Iterator[Finding]:
    marks = find_marks(region)
    if "/" in region.lower:
        yield from _links(region)
    if marks or not region.signs.isdisjoint(place_signs()):
        yield from _places(region, marks)
    if not marks and not entities and region.signs.isdisjoint(_OF_TERMS):
        return
    relative = find_relative_dates(region, marks, mail_date)
    for day in relative:
        yield _at(region, "relative_date", (day.start, day.end), day.value)
    for span in find_relative_periods(region, marks, mail_date):
        yield _at(region, "relative_period", (span.start, span.end), span.value)
    if not own:
        return
    yield from _words(region, marks, [item for item in entities if item.type == "amount"])
    dated = [(item.start, item.end, item.value) for item in entities if item.type == "date"]
    dated += [(day.start, day.end, day.value) for day in relative]
    for term in find_deadlines(region, marks, dated, mail_date):
        yield _at(region, "deadline", (term.start, term.end), term.value)


def find_findings(
    regions: list[Region],
    entities: list[Entity],
    mail_date: date | None,
    corrections: Mapping[str, Sequence[Correction]],
) -> list[Finding]:
    """Return the findings of all fields but the attachments; at most 20 of a kind and field.

    `corrections` are those of each field, by its name.
    """
    found: list[Finding] = []
    has_words = any(region.where == "body" and region.text.strip() for region in regions)
    for region in regions:
        if region.where.startswith(ATTACHMENT_PREFIX):
            continue
        counts: dict[str, int] = {}
        own = region.where in NEW_TEXT or not has_words
        inside = [entity for entity in entities if entity.where == region.where]
        corrected = _corrections(region, corrections.get(region.where, ()), inside)
        for finding in (*_of_region(region, inside, mail_date, own=own), *corrected):
            counts[finding.type] = counts.get(finding.type, 0) + 1
            if counts[finding.type] <= MAX_PER_KIND:
                found.append(finding)
    return found
