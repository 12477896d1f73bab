"""What a decision needs that is no identifier: links, warehouses, deadlines, risks, wishes, who writes.

In go the prepared regions and the entities found in them; out come findings in reading order of each kind.
Types: link, warehouse, method_or_screen, deadline, business_risk, preferred_channel, priority_stated,
relative_date, sender_role. Words live in `data/findings.toml`; the key of a list is the finding's value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import Final

from intake.extraction.fields import ATTACHMENT_PREFIX
from intake.extraction.lexicon import Lexicon, load_toml, words_of
from intake.extraction.links import find_links
from intake.extraction.neighbours import WordSet, word_before, word_behind
from intake.extraction.regions import Region
from intake.extraction.relative_dates import find_relative_dates
from models.records import Entity, Finding

MAX_PER_KIND: Final = 20
_FILE: Final = "findings.toml"
_WORDED: Final = ("preferred_channel", "priority_stated", "business_risk", "sender_role")
_METHOD: Final = re.compile(
    r"(?<![a-z0-9.])/?(?:api/v[0-9]|v[0-9]|content/v[0-9])/[a-z0-9_{}/.-]{3,120}", re.IGNORECASE
)
_SCREEN: Final = re.compile(r"\"?[A-ZА-ЯЁ][^\n\"→>]{2,40}(?: ?(?:→|->|>) ?[A-ZА-ЯЁ][^\n\"→>.,;]{2,40}){1,4}")
_ARROW: Final = re.compile("[→>]")
_WAREHOUSE: Final = re.compile(r"[A-ZА-ЯЁ][A-ZА-ЯЁ-]{2,30}_(?:РФЦ|RFC|RFTS)(?:_[A-ZА-ЯЁ]{2,20})?")


def _at(region: Region, kind: str, span: tuple[int, int], value: str) -> Finding:
    start, end = span
    text = region.text[start:end]
    return Finding(type=kind, text=text, value=value, where=region.where, start=start, end=end)


@cache
def _wishes() -> Lexicon:
    """Return the words of all worded kinds; the role of a word is "kind.value"."""
    data = load_toml(_FILE)
    return Lexicon(
        {f"{kind}.{value}": {"sure": words} for value, words in data[kind].items()} for kind in _WORDED
    )


@cache
def _deadline_words(key: str) -> WordSet:
    return WordSet(load_toml(_FILE)["deadline"][key])


def _links(region: Region) -> Iterator[Finding]:
    for link in find_links(region):
        named = f" {link.kind}:{region.lower[link.id_start : link.id_end]}" if link.kind else ""
        yield _at(region, "link", (link.start, link.end), link.host + named)


def _places(region: Region) -> Iterator[Finding]:
    for match in words_of(_FILE, "warehouse", "names").finditer(region.lower, region.starts):
        yield _at(region, "warehouse", match.span(), match[0])
    for match in _WAREHOUSE.finditer(region.folded) if "_" in region.folded else ():
        yield _at(region, "warehouse", match.span(), match[0])
    screens = _SCREEN.finditer(region.folded) if _ARROW.search(region.folded) else ()
    methods = _METHOD.finditer(region.folded) if "/" in region.folded else ()
    for match in (*methods, *screens):
        yield _at(region, "method_or_screen", match.span(), match[0].strip(' ".'))


def _words(region: Region) -> Iterator[Finding]:
    for cue in _wishes().find(region.lower, region.starts):
        for meaning in cue.meanings:
            kind, _, value = meaning.role.partition(".")
            yield _at(region, kind, (cue.start, cue.end), cue.word if kind == "business_risk" else value)


def _deadlines(region: Region, dated: Iterable[tuple[int, int, str]]) -> Iterator[Finding]:
    for start, end, value in dated:
        before, behind = word_before(region.lower, start), word_behind(region.lower, end)
        if _deadline_words("before").before(before) or _deadline_words("behind").behind(behind):
            yield _at(region, "deadline", (start, end), value)


def _of_region(region: Region, entities: list[Entity], mail_date: date | None) -> Iterator[Finding]:
    yield from _links(region)
    yield from _places(region)
    yield from _words(region)
    relative = find_relative_dates(region, mail_date)
    for day in relative:
        yield _at(region, "relative_date", (day.start, day.end), day.value)
    dated = [(item.start, item.end, item.value) for item in entities if item.type == "date"]
    yield from _deadlines(region, dated + [(day.start, day.end, day.value) for day in relative])


def find_findings(regions: list[Region], entities: list[Entity], mail_date: date | None) -> list[Finding]:
    """Return the findings of all fields but the attachments; at most 20 of a kind and field."""
    found: list[Finding] = []
    for region in regions:
        if region.where.startswith(ATTACHMENT_PREFIX):
            continue
        counts: dict[str, int] = {}
        own = [entity for entity in entities if entity.where == region.where]
        for finding in _of_region(region, own, mail_date):
            counts[finding.type] = counts.get(finding.type, 0) + 1
            if counts[finding.type] <= MAX_PER_KIND:
                found.append(finding)
    return found
