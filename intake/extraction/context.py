"""How strongly the words around a candidate speak for each role it may play.

In go a region and a candidate, out come evidence scores per role with the words that gave them. A word
right before the number counts in full, less with distance, a blank line or a sentence in between; a word
right behind it counts for half. Nearer words beat farther ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from intake.extraction.candidates import Candidate
from intake.extraction.lexicon import Cue, Meaning, load_toml
from intake.extraction.neighbours import word_behind, word_set
from intake.extraction.regions import Region
from intake.extraction.shapes import SHORT_RANGE

MAX_CUES: Final = 6
_COUNT_DIGITS: Final = 7
_SMALL_DIGITS: Final = 6
_HOUR_DIGITS: Final = 4
# How long the number of each is from which a label right before it is believed whatever noun stands behind.
_OWNED_DIGITS: Final = {"seller_id": 5, "pickup_point_id": 5, "campaign_id": 5, "document_number": 5}
_TIED: Final = 2.2  # what a likely word says right before its number
_CALENDAR: Final = frozenset("年月日号號点點时秒")
_LAST_WORD: Final = re.compile(r".*[\s_-]")
_ABBREVIATION: Final = 4  # letters: a longer word with a full stop ends a sentence
_POSTAL_DIGITS: Final = 6
_TOWN: Final = re.compile(
    r"[,，] {0,2}(?:(?:г\.?|гор\.?|город|пос\.?|обл|респ|край|россия|russia|р-н)(?![а-яa-z])"
    r"|[\u4e00-\u9fff]{2,8}[省市区縣县])"
)
_POSTAL: Final = re.compile(
    r"(?:почтов[а-я]{2,3} индекс|postal|postcode|post code|(?<![a-z.])zip code|邮编|邮政)[^0-9.;。\n]{0,20}$"
    r"|(?<![а-я])индекс[ :—-]{1,3}$"
)
_POSTAL_REACH: Final = 32
_POSTAL_WEIGHT: Final = 4.0
_HIDDEN: Final = frozenset(
    {"...", "***", "** "}
)  # what stands before the digits that were left of an account
# A document's number of three digits stands right behind its name; farther away it counts (his act says 184).
_SHORT_DOCUMENT: Final = 3
_SHORT_TIE: Final = re.compile(
    r"\.?[\s\"'(]{0,2}(?:(?:№|#|no\.?|nr\.?|n|number|номер|号码?|编号)[\s:：.]{0,2}){0,2}"
)
_OF_MANY: Final = ("ам", "ах", "ами")
_HOLDERS: Final = (
    "склад",
    "пропуск",
    "слот",
    "ворот",
    "короб",
)  # склад поставки 33280017: of the second noun
_HEAD_SHARE: Final = 1.1  # the first noun of a chain says what is numbered, whatever the second one says
MAX_GAP: Final = 60
_NEEDS_NEAR: Final = ("document", "none")  # their words are too common to count across other words
_COUNT: Final = "none.count"  # what is counted or measured: of plain numbers only, not of codes
# Words like "номер" or 是 between a context word and its number do not loosen the tie.
_FILLERS: Final = "|".join(load_toml("neighbours.toml")["gap"]["words"])
_TIGHT: Final = re.compile(
    rf"[\s:：#№\"'\[(=.,*>|@-]{{0,6}}(?:(?:{_FILLERS})[\s:：#№.\"'(=-]{{1,4}}"
    rf"|(?:{'|'.join(load_toml('neighbours.toml')['gap']['chinese'])})){{0,3}}"
)
_BARE: Final = frozenset(
    load_toml("neighbours.toml")["gap"]["bare"]
)  # words that say whose number before them
_NAMES_OF_NUMBERS: Final = frozenset({"number", "numbers", "номер", "номера", "编号", "号码"})
_BREAK: Final = re.compile(r"[.!?](?:\s|$)|[。！？;；]|\n\s*\n")
_NUMBER_NEXT: Final = re.compile(r"[\s:：№#]{0,3}(?:[a-zа-я]{1,4}-)?[0-9]")
_BEHIND: Final = re.compile(
    r"\s?[\"'」]?\s?(?P<bracket>[(\[]\s?)?(?:[-—=:：]\s?|is |это |是|(?P<ordinal>[号號]) ?)?"
)
_NUMERO: Final = re.compile(r"^[^0-9\n]{1,40}№ ?$")  # УПД за октябрь № 2610-004471
# weekly reports of October (numbers 698330117, ...; по отчётам, номера последних: ...
_NUMBERS_OF: Final = re.compile(
    r"^[^.!?;\n0-9]{0,30}[(（,，] ?(?:номера?|numbers?|nos?\.?|编号|号码)"
    r"(?: (?:последних|their|их))?[ :：]{0,3}$"
)
_ONE_WORD: Final = re.compile(r" [а-я]{3,14}(?:ия|ии|ой|ей|ого|его|ов|ы|и|а|я) №? ?")  # договор франшизы Ф-12
_CJK_FROM: Final = "\u2e80"
_EQUATION: Final = re.compile("[0-9] ?= ?$")  # 120 = 120
_SIZE: Final = re.compile(r"\s?[x×х*=]\s?[0-9]|\+(?![0-9])|[-–]?(?:й|го|е|м|му|х)(?![а-я])")


class Evidence(NamedTuple):
    """What one word says: how much, and which word it was."""

    weight: float
    word: str


@lru_cache(maxsize=4096)
def _strength(gap: str, word: str) -> float:
    """Return how much `word` counts across `gap`, the text between it and the number."""
    ended = gap.startswith((". ", "! ", "? ", "。", "！")) and len(_LAST_WORD.sub("", word)) > _ABBREVIATION
    if _TIGHT.fullmatch(gap) and not ended:
        return 0.85 if "\n" in gap else 1.0
    if _BREAK.search(gap):
        return 0.25
    if _NUMERO.search(gap) or _NUMBERS_OF.search(gap) or _ONE_WORD.fullmatch(gap):
        return 0.9
    loose = 0.8 if len(gap) <= 12 else 0.6 if len(gap) <= 25 else 0.4 if len(gap) <= 45 else 0.25
    return loose * 0.7 if "\n" in gap else loose


def _add(found: dict[str, Evidence], meaning: Meaning, weight: float, word: str) -> None:
    known = found.get(meaning.role)
    if known is None or known.weight < weight:
        found[meaning.role] = Evidence(weight, word)


def _look_left(region: Region, candidate: Candidate, found: dict[str, Evidence]) -> None:
    damping, shape = 1.0, candidate.shape
    short = len(candidate.value) <= _SHORT_DOCUMENT
    until = nearer = candidate.start
    for cue in region.cues_before(candidate.start, MAX_CUES):
        gap = region.lower[cue.end : until]
        if len(gap) > MAX_GAP:
            break
        heard = shape.heard(cue.word, cue.sense.meanings)
        if not heard and cue.word not in _BARE:
            nearer = cue.start
            continue
        strength = _strength(gap, cue.word)
        plausible = 0.0
        head = (
            found and nearer < candidate.start and region.lower[cue.end : nearer] == " " and strength >= 0.8
        )
        for meaning, prior in heard:
            if meaning.touching and (strength < 1.0 or len(gap) > 3 or "№" in gap):
                continue
            if meaning.role == _COUNT and not _may_count(candidate):
                continue
            if short and meaning.role.startswith("document") and not _is_tied(gap, cue.word):
                continue
            loose = strength < 0.85 and meaning.role.startswith(_NEEDS_NEAR)
            weight = meaning.weight * strength * (0.65 if loose else 1.0)
            if (
                head
                and meaning.role == "none"
                and candidate.value.isdigit()
                and not cue.word.startswith(_HOLDERS)
            ):
                weight = max(weight, meaning.weight * _HEAD_SHARE) / damping  # индекс отделения 109202
            _add(found, meaning, weight * damping, cue.word)
            plausible = max(plausible, prior + weight)
        nearer = cue.start
        if cue.word in _BARE and strength >= 0.85:
            until = cue.start
        elif plausible >= 1.2 and strength >= 0.6 and cue.word not in _NAMES_OF_NUMBERS:
            damping *= 0.65


def _is_tied(gap: str, word: str) -> bool:
    """Tell whether a document's name may name the three digits behind it: по отчётам 251 counts sales."""
    return _SHORT_TIE.fullmatch(gap) is not None and ("№" in gap or not word.endswith(_OF_MANY))


def _look_right(region: Region, candidate: Candidate, found: dict[str, Evidence]) -> None:
    cue = region.cue_after(candidate.end)
    if cue is None or cue.start < candidate.end or cue.start - candidate.end > 8:
        return
    gap = _BEHIND.fullmatch(region.lower, candidate.end, cue.start)
    if gap is None:
        return
    belongs_to_next = _NUMBER_NEXT.match(region.lower, cue.end) is not None
    share = 0.25 if belongs_to_next and not gap["bracket"] else 0.8 if gap["bracket"] else 0.5
    if gap["ordinal"] or (cue.start == candidate.end and cue.word[0] in "号號"):
        share = 0.9  # 61290号自提点, 第 SH-4471 号通知: the noun of such a number always stands behind it
    for meaning in cue.sense.meanings:
        counts = meaning.role != _COUNT or _may_count(candidate)
        if not meaning.touching and counts:
            _add(found, meaning, meaning.weight * share, cue.word)


def _may_count(candidate: Candidate) -> bool:
    return len(candidate.value) <= _COUNT_DIGITS and candidate.value.isdigit()


def _is_owned(candidate: Candidate, found: dict[str, Evidence]) -> bool:
    """Tell whether a label right before the number says whose it is: shop 402233, акт 8841."""
    for role, item in found.items():
        head = role.partition(".")[0]
        shortest = _OWNED_DIGITS.get(head, 0)
        tied = shortest and item.weight >= _TIED and head in candidate.shape.topics
        if tied and len(candidate.value) >= shortest:
            return True
    return False


def _is_quantity(region: Region, candidate: Candidate, found: dict[str, Evidence]) -> bool:
    """Tell whether the number counts or measures what stands behind it; `found` is what stands before."""
    if len(candidate.value) == _POSTAL_DIGITS and _TOWN.match(region.lower, candidate.end):
        return True
    behind = word_behind(region.lower, candidate.end)
    if len(candidate.value) > _HOUR_DIGITS and behind[:1] in _CALENDAR:
        return False  # 61290号自提点, 88014点的老板
    return (
        word_set("quantity", "measures" if _is_owned(candidate, found) else "units").behind(behind)
        or _SIZE.match(region.lower, candidate.end) is not None
        or _EQUATION.search(region.lower, max(0, candidate.start - 4), candidate.start) is not None
    )


def _quantity_weight(region: Region, candidate: Candidate) -> float:
    """Return more for a whole word of a measure than for "г" or 年, which also stand behind years."""
    numero = "№" in region.lower[max(0, candidate.start - 3) : candidate.start]
    behind = word_behind(region.lower, candidate.end)
    plain = len(behind.rstrip(".")) > 2 if behind < _CJK_FROM else behind[0] not in "年月日号號"
    return 3.3 if plain and behind and not numero else 2.5


def evidence_around(region: Region, candidate: Candidate) -> dict[str, Evidence]:
    """Return role (as the words name it) -> strongest evidence beside the candidate."""
    found: dict[str, Evidence] = {}
    _look_left(region, candidate, found)
    _look_right(region, candidate, found)
    if len(candidate.value) == _POSTAL_DIGITS and _POSTAL.search(
        region.lower, max(0, candidate.start - _POSTAL_REACH), candidate.start
    ):
        _add(found, Meaning("none", _POSTAL_WEIGHT, touching=False), _POSTAL_WEIGHT, "a postal code")
    hidden = region.lower[max(0, candidate.start - 3) : candidate.start] in _HIDDEN
    if hidden and candidate.value.isdigit() and len(candidate.value) <= _SMALL_DIGITS:
        _add(
            found,
            Meaning("none", _POSTAL_WEIGHT, touching=False),
            _POSTAL_WEIGHT,
            "an end of a hidden number",
        )
    small = candidate.value.isdigit() and len(candidate.value) <= _SMALL_DIGITS
    if (small or candidate.shape.name == SHORT_RANGE) and _is_quantity(region, candidate, found):
        weight = _quantity_weight(region, candidate)
        _add(found, Meaning("none", weight, touching=False), weight, "a quantity")
    return found


def glued_cue(region: Region, candidate: Candidate) -> Cue | None:
    """Return the context word that is written together with the candidate (nm397577297)."""
    for cue in region.cues_before(candidate.start, 1):
        if cue.end == candidate.start:
            return cue
    return None
