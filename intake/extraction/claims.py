"""Collects the claims of all extractors over all fields of a mail.

Scores are comparable across extractors: 5 and more is a shape that nothing else has, 4 a full date or a
sum with its currency, 3 a sure context word, 1.5 the bar below which nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from intake.extraction.amounts import find_amounts
from intake.extraction.compete import Claim
from intake.extraction.date_context import in_quote_head, plausible
from intake.extraction.dates import find_dates
from intake.extraction.errors import find_error_texts, find_errors
from intake.extraction.fields import ATTACHMENT_PREFIX
from intake.extraction.identifiers import read_identifiers
from intake.extraction.links import find_blocked, find_links
from intake.extraction.marking import find_marking_codes
from intake.extraction.named_periods import find_periods
from intake.extraction.neighbours import word_set
from intake.extraction.periods import join_dates
from intake.extraction.phones import EXTENSION, find_phones
from intake.extraction.readings import Reading
from intake.extraction.regions import Region
from intake.extraction.signs import CHINESE_MONTH, HALVES, QUARTERS
from intake.extraction.tables import header_roles, table_claims
from intake.extraction.ticket_tags import find_tickets
from intake.extraction.vocabulary import MONTH

_OF_TIME: Final = HALVES | QUARTERS | {CHINESE_MONTH}  # without one, a number or a month there is no date
_TOTALS: Final = word_set("amount", "totals")  # no identifier behind one, but perhaps a sum
BLOCKED: Final = 50.0  # digits inside an address are no identifiers, whatever words stand before it


def claims_of(
    regions: list[Region], mail_date: date | None, language: str, documents: frozenset[str] = frozenset()
) -> list[Claim]:
    """Return every claim of every extractor; overlaps are settled by `compete.settle`.

    `documents` names the attachments that are no tables although their first line may look like a header.
    """
    claims: list[Claim] = []
    texts: list[Region] = []
    for region in regions:
        name = region.where.removeprefix(ATTACHMENT_PREFIX)
        may_be_table = name != region.where and name not in documents
        roles = header_roles(region) if may_be_table else None
        if roles:
            claims += table_claims(region, roles)
        else:
            texts.append(region)
    for region in texts:
        claims += _of_region(region, mail_date, language)
    if not any(claim.type == "error_code" for claim in claims):
        claims += [
            _claim(region, text.start, text.end, "error_code", text.value, text.score)
            for region in texts
            for text in find_error_texts(region)
        ]
    return claims + [
        _of_reading(reading)
        for reading in read_identifiers(texts)
        if reading.role and not (reading.role == "none" and _TOTALS.before(reading.words.get("none", "")))
    ]


def _of_reading(reading: Reading) -> Claim:
    head, _, subtype = reading.role.partition(".")
    candidate, word = reading.candidate, reading.words.get(reading.role)
    shape = candidate.shape.name
    return Claim(
        reading.region,
        candidate.start,
        candidate.end,
        "" if head == "none" else head,
        candidate.value,
        reading.score,
        subtype,
        reasons=(shape, word) if word else (shape,),
    )


def _of_region(region: Region, mail_date: date | None, language: str) -> Iterator[Claim]:
    if region.has_digit:
        for ticket in find_tickets(region):
            yield _claim(region, ticket.start, ticket.end, "ticket_id", ticket.value, 9.0)
    if region.has_many_digits:
        for code in find_marking_codes(region):
            yield _claim(region, code.start, code.end, "marking_code", code.value, 8.0)
        for phone in find_phones(region):
            yield _claim(region, phone.start, phone.end, "phone", phone.value, phone.score)
            extension = EXTENSION.match(region.lower, phone.end)
            if extension is not None:
                yield _claim(region, *extension.span("d"), "", "", phone.score)
    if region.has_digit or MONTH in region.hits or not region.signs.isdisjoint(_OF_TIME):
        yield from _dates(region, mail_date, language)
    for amount in find_amounts(region):
        yield _claim(region, amount.start, amount.end, "amount", amount.value, amount.score, amount.word)
    for error in find_errors(region):
        kind = "error_code" if error.value else ""
        yield _claim(region, error.start, error.end, kind, error.value, error.score)
    if "/" in region.lower or "@" in region.lower or region.digits:
        yield from _links(region)


def _links(region: Region) -> Iterator[Claim]:
    for start, end in find_blocked(region):
        yield _claim(region, start, end, "", "", BLOCKED)
    for link in find_links(region):
        yield _claim(region, link.start, link.id_start, "", "", BLOCKED)
        yield _claim(region, link.id_end, link.end, "", "", BLOCKED)
        if link.kind:
            value = region.lower[link.id_start : link.id_end]
            yield Claim(
                region=region,
                start=link.id_start,
                end=link.id_end,
                type=link.kind,
                value=value,
                score=BLOCKED,
                subtype=link.subtype,
                reasons=(link.host,),
            )


def _dates(region: Region, mail_date: date | None, language: str) -> Iterator[Claim]:
    marks = find_dates(region, language, mail_date, plausible)
    periods, dates = join_dates(region, marks, mail_date) if marks else ([], marks)
    for period in [*periods, *find_periods(region, mail_date)]:
        kind = "" if in_quote_head(region, period.start, period.end) else "period"
        yield _claim(region, period.start, period.end, kind, period.value, period.score)
    for mark in dates:
        day = mark.resolved(mail_date)
        if day is not None:
            kind = "" if in_quote_head(region, mark.start, mark.end) else "date"
            yield _claim(region, mark.start, mark.end, kind, day.isoformat(), mark.score)


def _claim(
    region: Region, start: int, end: int, kind: str, value: str, score: float, reason: str = ""
) -> Claim:
    return Claim(region, start, end, kind, value, score, reasons=(reason,) if reason else ())
