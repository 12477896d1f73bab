"""Takes a role back for which too little speaks, whatever the scores say.

Two doubts, both about numbers that their length or make alone typed, or a word farther away: a label right
before the number calls it something that no list knows (`labels`), or the mail speaks of no goods and the
number only looks like goods. In goes a reading, which is changed in place.
"""

from __future__ import annotations

from typing import Final

from intake.extraction.labels import is_otherwise_labelled
from intake.extraction.lexicon import Cue
from intake.extraction.readings import BAR, Reading, choose
from intake.extraction.vocabulary import GOODS

_SURE_SHAPE: Final = 2.2  # of a shape that stands alone: supplies, postings, tracking numbers
_SURE_WORDS: Final = frozenset({"column head", "an address"})
_SHAPE_ONLY: Final = 0.5  # less than this from words: the shape alone speaks
_LABELLED_OTHERWISE: Final = 1.0  # the most that a role scores beside a label that speaks for none
_OWNED_OTHERWISE: Final = 1.0  # what an owner's word takes from every role that only the shape speaks for
_OWNERS: Final = frozenset({"seller_id", "campaign_id", "pickup_point_id"})
_GOODS_ROLES: Final = frozenset({"sku", "article", "order_number", "barcode"})
_TRADE: Final = frozenset({GOODS, "feedback_id", "campaign_id"})


def doubt(reading: Reading, about: frozenset[str]) -> None:
    """Leave a number untyped for whose role too little speaks; `about` are the roles the mail speaks of."""
    if reading.role in ("", "none") or _prior(reading) >= _SURE_SHAPE:
        return
    _doubt_labelled(reading)
    if not _TRADE & about:
        _doubt_without_goods(reading)


def _prior(reading: Reading) -> float:
    return reading.candidate.shape.roles.get(reading.role, 0.0)


def _doubt_labelled(reading: Reading) -> None:
    head, here = reading.role.partition(".")[0], reading.candidate
    word = reading.words.get(reading.role, "")
    if word in _SURE_WORDS or (word == "№" and any(char in here.value for char in "-/")):
        return  # 88-441/П is a document by its make, whatever it is called

    def speaks(cue: Cue) -> bool:
        return any(meaning.role.partition(".")[0] == head for meaning in cue.sense.meanings)

    if is_otherwise_labelled(reading.region, here.start, speaks):
        for role in reading.scores:
            reading.scores[role] = min(reading.scores[role], _LABELLED_OTHERWISE)
        reading.scores["none"] = max(reading.scores.get("none", 0.0), BAR)
        reading.words["none"] = "a label of its own"
        choose(reading)
    elif reading.cue < _SHAPE_ONLY and _is_owned(reading):
        for role in reading.scores:
            reading.scores[role] -= _OWNED_OTHERWISE * (role != "none")
        choose(reading)


def _is_owned(reading: Reading) -> bool:
    """Tell whether the word right before names an owner of another kind than the shape allows."""
    lower, start = reading.region.lower, reading.candidate.start
    cue = next(iter(reading.region.cues_before(start, 1)), None)
    if cue is None or cue.end == start or lower[cue.end : start].strip(" :：#№"):
        return False
    return any(meaning.role in _OWNERS for meaning in cue.sense.meanings)


def _doubt_without_goods(reading: Reading) -> None:
    head = reading.role.partition(".")[0]
    by_make = reading.cue < _SHAPE_ONLY or (head == "article" and not reading.words.get(reading.role))
    if head in _GOODS_ROLES and by_make and _prior(reading) < _SURE_SHAPE:
        reading.role = ""
