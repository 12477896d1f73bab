"""Takes a role back for which too little speaks, whatever the scores say.

Two doubts, both about numbers that their length or make alone typed, or a word farther away: a label right
before the number calls it something that no list knows (`labels`), or the mail speaks of no goods and the
number only looks like goods. In goes a reading, which is changed in place.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from intake.extraction.labels import is_otherwise_labelled
from intake.extraction.lexicon import Cue, words_of
from intake.extraction.readings import BAR, Reading, choose
from intake.extraction.vocabulary import GOODS

_SURE_SHAPE: Final = 2.2  # of a shape that stands alone: supplies, postings, tracking numbers
_SURE_WORDS: Final = frozenset({"column head", "an address"})
_SHAPE_ONLY: Final = 0.5  # less than this from words: the shape alone speaks
_LABELLED_OTHERWISE: Final = 1.0  # the most that a role scores beside a label that speaks for none
_OF_A_PLACE: Final = 2  # digits of A-18, which numbers a place
_HINT: Final = 1.2
_FOREIGN_REACH: Final = 28
_CLAUSE_END: Final = re.compile(r"[.,;!?:\n。；！？，、：(（]")
_CHAIN_CUES: Final = 3
_CHAIN: Final = re.compile(r"| (?:of (?:the |this |that )?)?")
_OWNERS: Final = frozenset({"seller_id", "campaign_id", "pickup_point_id"})
_GOODS_ROLES: Final = frozenset({"sku", "article", "order_number", "barcode"})
_TRADE: Final = frozenset({GOODS, "feedback_id", "campaign_id"})


def doubt(reading: Reading, about: frozenset[str]) -> None:
    """Leave a number untyped for whose role too little speaks; `about` are the roles the mail speaks of."""
    if reading.role in ("", "none") or _prior(reading) >= _SURE_SHAPE:
        return
    _doubt_labelled(reading)
    if _TRADE.isdisjoint(about):
        _doubt_without_goods(reading)


def _prior(reading: Reading) -> float:
    return reading.candidate.shape.roles.get(reading.role, 0.0)


def _doubt_labelled(reading: Reading) -> None:
    head, here = reading.role.partition(".")[0], reading.candidate
    word = reading.words.get(reading.role, "")
    if word in _SURE_WORDS or (word == "№" and _is_made_like_document(here.value)):
        return  # 88-441/П is a document by its make, whatever it is called

    def speaks(cue: Cue) -> bool:
        return any(meaning.role.partition(".")[0] == head for meaning in cue.sense.meanings)

    if is_otherwise_labelled(reading.region, here.start, speaks):
        for role in reading.scores:
            reading.scores[role] = min(reading.scores[role], _LABELLED_OTHERWISE)
        reading.scores["none"] = max(reading.scores.get("none", 0.0), BAR)
        reading.words["none"] = "a label of its own"
        choose(reading)
    elif here.value.isdigit() and (_is_governed_otherwise(reading) or _is_foreign(reading)):
        for role in reading.scores:
            reading.scores[role] = min(reading.scores[role], _LABELLED_OTHERWISE)
        choose(reading)


def _is_made_like_document(value: str) -> bool:
    return any(char in value for char in "-/") and sum(char.isdigit() for char in value) > _OF_A_PLACE


def _is_governed_otherwise(reading: Reading) -> bool:
    """Tell whether the word right before names another kind of number than the role that won by others."""
    lower, start = reading.region.lower, reading.candidate.start
    cues = reading.region.cues_before(start, _CHAIN_CUES)
    if not cues or cues[0].end == start or lower[cues[0].end : start].strip(" :：#№"):
        return False
    meanings = [meaning for meaning in cues[0].sense.meanings if meaning.role != "none"]
    if max((meaning.weight for meaning in meanings), default=0.0) <= _HINT:
        return False
    if reading.cue < _SHAPE_ONLY:
        return any(meaning.role in _OWNERS for meaning in meanings)
    for first, second in pairwise(cues):
        if _CHAIN.fullmatch(lower, second.end, first.start) is None:
            break
        meanings += second.sense.meanings  # штрихкод единицы, INN of our branch: the first noun of a chain
    head, fitting = reading.role.partition(".")[0], reading.candidate.shape.fitting
    return not any(fitting(item.role) or item.role.partition(".")[0] == head for item in meanings)


def _is_foreign(reading: Reading) -> bool:
    """Tell whether the clause names another marketplace or program, whose numbers are none of ours."""
    lower, start = reading.region.lower, reading.candidate.start
    low = max(0, start - _FOREIGN_REACH)
    named = words_of("neighbours.toml", "foreign", "places").search(lower[low:start])
    if named is None and reading.role == "pickup_point_id":
        named = words_of("neighbours.toml", "foreign", "carriers").search(lower[low:start])
    return named is not None and _CLAUSE_END.search(lower, low + named.end(), start) is None


def _doubt_without_goods(reading: Reading) -> None:
    head = reading.role.partition(".")[0]
    by_make = reading.cue < _SHAPE_ONLY or (head == "article" and not reading.words.get(reading.role))
    if head in _GOODS_ROLES and by_make and _prior(reading) < _SURE_SHAPE:
        reading.role = ""
