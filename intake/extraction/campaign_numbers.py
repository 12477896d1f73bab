"""Numbers of campaigns and promotions: told by a name in quotes, kept from budgets, bids and counts.

In go a region and a candidate, out comes whether the text around lets it be a campaign's id.
"""

from __future__ import annotations

import re
from typing import Final

from intake.extraction.candidates import Candidate
from intake.extraction.lexicon import words_of
from intake.extraction.neighbours import word_before, word_set
from intake.extraction.regions import Region

CAMPAIGN: Final = "campaign_id"
NAMED: Final = "a name in quotes"  # the reason of an id that stands behind a campaign's name
_FILE: Final = "neighbours.toml"
_NAME_BEFORE: Final = re.compile(
    r"(?P<before>[^\"\n]{0,14})\"[^\"\n]{2,48}\"\s?[,，]?\s?\(?\s?"
    r"(?:id|ид|айди|no\.?|№|#|编号|номер)[\s:：№]{0,3}$"
)
_NAME_REACH: Final = 80
_NAME_LABEL: Final = 16  # from the closing quote to the number
_SURE_DIGITS: Final = 7  # shorter numbers beside a campaign are rather sums, clicks and visitors
_BY_PLACE: Final = frozenset({NAMED, "column head"})
_LABEL_GAP: Final = re.compile(
    r"[\s:：#№\"'(\[=-]{0,4}"
    r"(?:(?:id|ид|айди|no\.?|number|номер|编号|号码?)(?: is| это|是|为)?[\s:：№#-]{0,3})?"
)


def is_of_campaign(region: Region, candidate: Candidate, about: frozenset[str]) -> bool:
    """Tell whether a name in quotes, of no firm, has the number as its id: promo "Warm Days" (ID 1440)."""
    if '"' not in region.lower[max(0, candidate.start - _NAME_LABEL) : candidate.start]:
        return False
    named = _NAME_BEFORE.search(region.lower, max(0, candidate.start - _NAME_REACH), candidate.start)
    if named is None or words_of(_FILE, "campaign", "firms").search(named["before"]):
        return False
    return CAMPAIGN in about or words_of(_FILE, "campaign", "promos").search(named["before"]) is not None


def may_be_campaign(region: Region, candidate: Candidate, word: str) -> bool:
    """Tell whether `candidate`, for which `word` speaks, is no budget, bid or count."""
    if not candidate.value.isdigit():
        return True
    before = word_before(region.lower, candidate.start)
    if before and word_set("campaign", "sums").before(before):
        return False
    if len(candidate.value) >= _SURE_DIGITS or word in _BY_PLACE:
        return True
    nearest = region.cues_before(candidate.start, 1)
    return bool(nearest) and _LABEL_GAP.fullmatch(region.lower, nearest[0].end, candidate.start) is not None
