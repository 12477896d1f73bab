"""Decides what each candidate is: order, SKU, supply, tax number, document, ... or nothing.

Each candidate is scored by itself first (`readings`); then they are resolved together: members of a list
take the role of the list's first member, numbers of one series (same length, same first digits) stay
together, a lonely number is the seller's, and one value has one role throughout the mail. Order of force:
context word, shape, length, marketplace.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from intake.extraction.candidates import Candidate, find_candidates
from intake.extraction.damaged import find_damaged
from intake.extraction.doubts import doubt
from intake.extraction.leftovers import adopt_leftovers
from intake.extraction.lexicon import load_toml
from intake.extraction.pasted_tables import pasted_tables
from intake.extraction.readings import BAR, Reading, choose, read_candidate
from intake.extraction.regions import NEW_TEXT, Region
from intake.extraction.shapes import WORDS, fits
from intake.extraction.vocabulary import GOODS

SERIES_SHARE: Final = 0.85
_SETTING: Final = "point_setting"
_SETTING_SURE: Final = "point_setting.strong"
_SETTINGS: Final = 2  # different words for what belongs to a pickup point
_STEM: Final = 4
MAX_GIVEN: Final = 3.0
MAX_ITEM: Final = 50  # from one member of a list with a remark to the next
_LINE_HEAD: Final = re.compile(r"(?:^|\n)\s{0,3}(?:[0-9]{1,2}[.)]|[-*•—])?\s{0,2}$")
_LIST_GAP: Final = re.compile(
    r"[\s,，;；/、&+·•)(\].\"'>-]{0,6}"
    rf"(?:(?:{'|'.join(load_toml('neighbours.toml')['list']['joiners'])}|[0-9]{{1,2}}[.)])[\s:：]{{0,2}})?"
    r"[\s\"'№(#•-]{0,4}"
)

# The second of two shops told apart: "2177304 (empty) and 2181190".
_REMARK_GAP: Final = re.compile(r"\s?\([^()\n]{1,40}\)(?:[,，、;] ?|,? (?:и|and|&) |和|与)")


def _list_like(earlier: Reading, later: Reading) -> bool:
    start, end = earlier.candidate.end, later.candidate.start
    if earlier.region is not later.region or not 0 < end - start <= MAX_ITEM:
        return False
    lower = later.region.lower
    if end - start <= 14 and _LIST_GAP.fullmatch(lower, start, end):
        return True
    if _REMARK_GAP.fullmatch(lower, start, end):
        return True
    if _in_brackets(earlier) and _in_brackets(later):
        return "\n" not in lower[start:end]
    return _opens_line(earlier) and _opens_line(later) and lower.count("\n", start, end) == 1


def _opens_line(reading: Reading) -> bool:
    before = reading.region.lower[max(0, reading.candidate.start - 8) : reading.candidate.start]
    return _LINE_HEAD.search(before) is not None


def _in_brackets(reading: Reading) -> bool:
    lower, here = reading.region.lower, reading.candidate
    return lower[max(0, here.start - 1) : here.start] == "(" and lower[here.end : here.end + 1] == ")"


def _same_kind(one: Candidate, other: Candidate) -> bool:
    if one.value.isdigit() != other.value.isdigit():
        return False
    return abs(len(one.value) - len(other.value)) <= (1 if one.value.isdigit() else 8)


def _candidates(region: Region) -> list[Candidate]:
    found, damaged = find_candidates(region), find_damaged(region)
    return sorted([*found, *damaged], key=lambda item: (item.start, -item.end)) if damaged else found


def _inherit(readings: list[Reading]) -> None:
    """Give list members without a word of their own the role of the member before (or after) them."""
    for earlier, later in pairwise(readings):
        _pass_on(earlier, later)
    for earlier, later in pairwise([reading for reading in readings if _opens_line(reading)]):
        _pass_on(earlier, later)
    for later, earlier in pairwise(reversed(readings)):
        if earlier.role.partition(".")[0] in ("", "none"):
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
            given = taker.candidate.shape.roles[role] + min(giver.cue, MAX_GIVEN) * (
                1.0 if near else SERIES_SHARE
            )
            if given > taker.scores.get(role, 0.0):
                taker.scores[role] = given
                taker.words[role] = giver.words.get(giver.role, "") + " (list)"
                if "." in giver.role and role == head:
                    taker.scores[giver.role] = given + 0.001
                    taker.words[giver.role] = taker.words[role]
    choose(taker)


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


def _matters(regions: list[Region]) -> frozenset[str]:
    """Return the roles that subject and new text speak of."""
    cues = [cue for region in regions if region.where in NEW_TEXT for cue in region.cues if cue.sense.about]
    about = frozenset([role for cue in cues for role in cue.sense.about])
    if any(GOODS in region.hits for region in regions if region.where in NEW_TEXT):
        about |= {GOODS}
    if _SETTING_SURE not in about:
        settings = {cue.word[:_STEM] for cue in cues if _SETTING in cue.sense.about}
        if len(settings) < _SETTINGS:
            return about
    return about | {"pickup_point_id"}


def read_identifiers(regions: list[Region]) -> list[Reading]:
    """Return every candidate of the mail with the role it got; "" and "none" mean no entity.

    What stands in quotes, signature and attachments never changes what is read in subject and new text.
    """
    readings: list[Reading] = []
    candidates = [(region, found) for region in regions if (found := _candidates(region))]
    if not candidates:
        return readings
    about = _matters(regions)
    for region, found in candidates:
        tables = pasted_tables(region)
        of_region = [read_candidate(region, candidate, about, tables) for candidate in found]
        for reading in of_region:
            doubt(reading, about)
        if len(of_region) > 1:
            _inherit(of_region)
        readings += of_region
    adopt_leftovers(readings, about)
    if len(readings) > 1:
        _agree([reading for reading in readings if reading.region.where in NEW_TEXT])
        _agree(readings)
    return [reading for reading in readings if reading.candidate.shape is not WORDS or reading.role]
