"""Numbers without a word: a pickup point or campaign in a mail about such, the seller at a letter's end.

Asked only when the mail names no other number of that kind and one single number can be meant: joint
resolution instead of a default for every number of that length.
"""

from __future__ import annotations

import re
from typing import Final

from intake.extraction.labels import is_otherwise_labelled
from intake.extraction.lexicon import Cue
from intake.extraction.readings import BAR, Reading
from intake.extraction.regions import NEW_TEXT

_SELLER_SHAPES: Final = frozenset({"6 digits", "7 digits", "uuid"})
_TOPICAL: Final = (
    ("pickup_point_id", frozenset({"5 digits", "6 digits"})),
    ("campaign_id", frozenset({"7 digits", "8 digits"})),
)
_BEFORE: Final = re.compile(
    r"(?:^\s{0,2}|[,，—(/:：;。？！!?]\s{0,2}|[.-]\s{1,2})(?:(?:number|no\.?|id|номер|ид|№|编号|号) ?)?$"
)
_BEHIND: Final = re.compile(r"\s{0,2}[).。]?\s{0,2}(?:$|\n)")
_POSTAL: Final = re.compile(r",? {0,2}(?:г\.|гор|обл|респ|россия|russia|moscow|shanghai|[а-яa-z]{3,20},)")
# What an address before a number makes a postal code.
_ADDRESS: Final = re.compile(
    r"(?<![а-яa-z])(?:а/я|ул\.|ул |улица|просп|пр-т|шоссе|обл\.|обл,|область|край,|г\. ?[а-я]|город "
    r"|дом \d|д\. ?\d|street|road|avenue|p\.? ?o\.? box)|[省市区县][^0-9]{0,20}[路街道号]"
)
_LETTERS: Final = re.compile(r"[^\W\d_]")
_MAX_LINE: Final = 60
_MAX_NAME: Final = 40  # of a person and a firm before the number
_WORD_AND_SIGN: Final = 12
_WEAK: Final = 1.3  # what a mail's topic alone gives


def _stands_alone(reading: Reading) -> bool:
    region, candidate = reading.region, reading.candidate
    before = region.lower[region.line_start(candidate.start) : candidate.start]
    behind = _BEHIND.match(region.lower, candidate.end)
    if _BEFORE.search(before[-_WORD_AND_SIGN:]) is None or _ADDRESS.search(before[-_MAX_LINE:]):
        return False
    if is_otherwise_labelled(region, candidate.start, _names_seller):
        return False
    if behind is None:  # "Элина, Nota Bene, 228617. При сборке": who writes stands at the very beginning
        return (
            len(before) <= _MAX_NAME
            and "\n" not in region.lower[: candidate.start].strip()
            and before.rstrip().endswith((",", "，"))  # a name, not only "Здравствуйте!"
            and _ends(reading)
        )
    ends_text = not region.lower[behind.end() :].strip()
    return len(before) <= _MAX_LINE or before.rstrip()[-1:] in ("？", "！", "。", ".", "!", "?") or ends_text


def _names_seller(cue: Cue) -> bool:
    return any(meaning.role == "seller_id" for meaning in cue.sense.meanings)


def _ends_letter(reading: Reading) -> bool:
    region, end = reading.region, reading.candidate.end
    if region.lower[end:].strip(" .。)\n"):
        return False
    return region.lower[: reading.candidate.start].rstrip().endswith((",", "，"))


def _ends(reading: Reading) -> bool:
    """Tell whether a sentence ends behind the number."""
    end = reading.candidate.end
    return reading.region.lower[end : end + 2] in (". ", ".\n") or reading.region.lower[end : end + 1] == "。"


def _adopt(role: str, reason: str, fitting: list[Reading]) -> None:
    """Give the role to the fitting readings when all are one number."""
    if len({reading.candidate.value for reading in fitting}) != 1:
        return
    for reading in fitting:
        reading.role = role
        reading.scores[role] = max(BAR, reading.scores.get(role, 0.0))
        reading.words[role] = reason


def adopt_leftovers(readings: list[Reading], about: frozenset[str]) -> None:
    """Give roles to the lonely numbers of the new text; `about` are the roles that the mail speaks of."""
    new = [reading for reading in readings if reading.region.where in NEW_TEXT]
    texts = {reading.region.where: reading.region.lower for reading in new}
    if not any(_LETTERS.search(text) for text in texts.values()):
        return  # a number and nothing else: nobody said what it is
    named = {reading.role.partition(".")[0] for reading in new}
    for role, shapes in _TOPICAL:
        if role in about and role not in named:
            free = [reading for reading in new if not reading.role and reading.candidate.shape.name in shapes]
            if role == "campaign_id":  # "Murat, 1735509" at a letter's end is who writes
                free = [item for item in free if not (_stands_alone(item) and _ends_letter(item))]
            free = [item for item in free if not _POSTAL.match(item.region.lower, item.candidate.end)]
            _adopt(role, "the only number in a mail about such", free)
    if "seller_id" not in named:
        lonely = [
            reading
            for reading in new
            if reading.candidate.shape.name in _SELLER_SHAPES
            and (not reading.role or (reading.cue <= _WEAK and reading.role != "none"))
            and _stands_alone(reading)
        ]
        _adopt("seller_id", "the only number left", lonely)
