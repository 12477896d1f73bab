"""Decides what each candidate is: order, SKU, supply, tax number, document, ... or nothing.

The score of a role is its shape's prior plus the strongest context word for it; the best role wins when it
reaches the bar. Three things are decided together, not one candidate at a time: members of a list take
the role of the list's first member, numbers of one series (same length, same first digits) stay together,
and one value has one role throughout the mail. Order of force: context word, shape and check digit,
length, marketplace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from intake.extraction.candidates import CODE, WORDS, Candidate, find_candidates
from intake.extraction.context import Evidence, evidence_around, fits, glued_cue
from intake.extraction.lexicon import load_toml
from intake.extraction.regions import NEW_TEXT, Region

BAR: Final = 1.5
LIST_SHARE: Final = 0.9
_LIST_GAP: Final = re.compile(
    r"[\s,，;；/、|&+·•)(\].\"'>-]{0,6}"
    rf"(?:(?:{'|'.join(load_toml('neighbours.toml')['list']['joiners'])}|[0-9]{{1,2}}[.)])[\s:：]{{0,2}})?"
    r"[\s\"'№(#•-]{0,4}"
)
_NUMERO: Final = re.compile(r"№[\s:：]{0,2}$")
_NUMERO_OF_CODE: Final = re.compile(r"(?:№|#|\bno\.?|\bn[ro]?\.|\bref\.?|号|编号)[\s:：]{0,2}$")
_LIKE_ARTICLE: Final = re.compile(
    r"(?=.{0,40}[A-ZА-ЯЁ])[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё0-9]{0,9}"
    r"(?:[-_/+.][A-Za-zА-Яа-яЁё0-9]{1,14}){1,5}(?:[-/]?[一-鿿]{1,2})?"
)
_LIKE_DOCUMENT: Final = re.compile(r"[A-ZА-Я]{1,5}-(?:[A-ZА-Я]{1,4}-)?[0-9]{4,9}(?:[-/][0-9]{1,6}){0,2}")
ABOUT: Final = 1.0


@dataclass(slots=True)
class Reading:
    """One candidate with the scores of its roles and the role it got."""

    region: Region
    candidate: Candidate
    scores: dict[str, float]
    words: dict[str, str]
    role: str = ""
    cue: float = 0.0  # how much of the winning score came from words

    @property
    def score(self) -> float:
        """Score of the winning role."""
        return self.scores.get(self.role, 0.0)


def _apply(reading: Reading, evidence: dict[str, Evidence]) -> None:
    for role, prior in reading.candidate.shape.roles.items():
        best = max(
            ((item.weight, item.word) for meant, item in evidence.items() if fits(role, meant)),
            default=(0.0, ""),
        )
        reading.scores[role] = prior + best[0]
        if best[0]:
            reading.words[role] = best[1]
    # A context word may be finer than the shape: "act" for a shape that only knows document_number.
    for meant, item in evidence.items():
        head = meant.partition(".")[0]
        if "." in meant and head in reading.scores and item.word == reading.words.get(head):
            reading.scores[meant] = reading.scores[head] + 0.001
            reading.words[meant] = item.word


def _choose(reading: Reading) -> None:
    role, score = max(reading.scores.items(), key=lambda item: item[1], default=("", 0.0))
    reading.role = role if score >= BAR else ""
    prior = reading.candidate.shape.roles.get(role)
    if prior is None:
        prior = reading.candidate.shape.roles.get(role.partition(".")[0], 0.0)
    reading.cue = score - prior


def _read(region: Region, candidate: Candidate, about: frozenset[str]) -> Reading:
    reading = Reading(region, candidate, {}, {})
    if candidate.glued and glued_cue(region, candidate) is None:
        return reading  # letters glued to digits that are no context word: part of a name
    evidence = evidence_around(region, candidate)
    before = region.lower[max(0, candidate.start - 8) : candidate.start]
    numero = _NUMERO_OF_CODE if candidate.shape is CODE else _NUMERO
    if "document_number" in candidate.shape.roles and numero.search(before):
        known = max((item.weight for item in evidence.values()), default=0.0)
        if known < 1.3:
            evidence["document_number"] = Evidence(1.7, "№")
    _apply(reading, evidence)
    for role in reading.scores:
        if role.partition(".")[0] in about or role in about:
            reading.scores[role] += ABOUT
    if candidate.shape is CODE or candidate.shape is WORDS:
        _judge_code(reading)
    _choose(reading)
    return reading


def _judge_code(reading: Reading) -> None:
    """Tell sellers' own codes from numbers of documents by how they are made."""
    value = reading.candidate.value
    if _LIKE_DOCUMENT.fullmatch(value):
        reading.scores["document_number"] = reading.scores.get("document_number", 0.0) + 0.9
    elif _LIKE_ARTICLE.fullmatch(value) and len(value) >= 5:
        parts = len(re.split("[-_/+.]", value))
        reading.scores["article"] += 1.0 + 0.4 * (parts > 2 or reading.candidate.shape is CODE)


def _list_like(earlier: Reading, later: Reading) -> bool:
    start, end = earlier.candidate.end, later.candidate.start
    return (
        earlier.region is later.region
        and 0 < end - start <= 14
        and _LIST_GAP.fullmatch(later.region.lower, start, end) is not None
    )


def _same_kind(one: Candidate, other: Candidate) -> bool:
    if one.value.isdigit() != other.value.isdigit():
        return False
    return abs(len(one.value) - len(other.value)) <= (1 if one.value.isdigit() else 8)


def _inherit(readings: list[Reading]) -> None:
    """Give list members without a word of their own the role of the member before (or after) them."""
    for earlier, later in pairwise(readings):
        _pass_on(earlier, later)
    for later, earlier in pairwise(reversed(readings)):
        if earlier.role in ("", "none"):
            _pass_on(later, earlier, backwards=True)


def _pass_on(giver: Reading, taker: Reading, *, backwards: bool = False) -> None:
    if (
        not giver.role
        or giver.cue < 0.5
        or (taker.role and taker.cue >= 1.3)
        or not _same_kind(giver.candidate, taker.candidate)
    ):
        return
    near = _list_like(taker, giver) if backwards else _list_like(giver, taker)
    series = giver.candidate.value[:4] == taker.candidate.value[:4] and giver.region is taker.region
    if not near and not (series and abs(giver.candidate.start - taker.candidate.end) < 120):
        return
    head = giver.role.partition(".")[0]
    for role in list(taker.candidate.shape.roles):
        if fits(role, giver.role) or role == head:
            given = taker.candidate.shape.roles[role] + giver.cue * LIST_SHARE
            if given > taker.scores.get(role, 0.0):
                taker.scores[role] = given
                taker.words[role] = giver.words.get(giver.role, "") + " (list)"
                if "." in giver.role and role == head:
                    taker.scores[giver.role] = given + 0.001
                    taker.words[giver.role] = taker.words[role]
    _choose(taker)


def _agree(readings: list[Reading]) -> None:
    """Give one value the same role wherever it stands; short numbers repeat by chance."""
    readings = [reading for reading in readings if len(reading.candidate.value) >= 6]
    best: dict[str, Reading] = {}
    for reading in readings:
        known = best.get(reading.candidate.value)
        if reading.role and (known is None or reading.score > known.score):
            best[reading.candidate.value] = reading
    for reading in readings:
        winner = best.get(reading.candidate.value)
        if winner is None or winner is reading or winner.cue <= reading.cue:
            continue
        if winner.region.where in NEW_TEXT or reading.region.where not in NEW_TEXT:
            reading.role = winner.role
            reading.scores[winner.role] = max(winner.score - 0.5, BAR)
            reading.words[winner.role] = "same value elsewhere"


def read_identifiers(regions: list[Region]) -> list[Reading]:
    """Return every candidate of the mail with the role it got; "" and "none" mean no entity.

    What stands in quotes, signature and attachments never changes what is read in subject and new text.
    """
    readings: list[Reading] = []
    about = frozenset(
        meaning.role
        for region in regions
        if region.where in NEW_TEXT
        for cue in region.cues
        for meaning in cue.meanings
        if meaning.about
    )
    for region in regions:
        of_region = [_read(region, candidate, about) for candidate in find_candidates(region)]
        if len(of_region) > 1:
            _inherit(of_region)
        readings += of_region
    _agree([reading for reading in readings if reading.region.where in NEW_TEXT])
    _agree(readings)
    return [reading for reading in readings if reading.candidate.shape is not WORDS or reading.role]
