"""One candidate with what its shape and the words around it say: the scores of the roles it may play.

The score of a role is its shape's prior plus the strongest context word for it, plus a little when the whole
mail is about such things; the best role wins when it reaches the bar.
"""

from __future__ import annotations

import re
from typing import Final

from intake.extraction.campaign_numbers import CAMPAIGN, NAMED, is_of_campaign, may_be_campaign
from intake.extraction.candidates import Candidate
from intake.extraction.context import Evidence, evidence_around, glued_cue
from intake.extraction.labels import is_noun
from intake.extraction.lexicon import words_of
from intake.extraction.neighbours import word_before
from intake.extraction.pasted_tables import PastedTables
from intake.extraction.regions import Region
from intake.extraction.shapes import CODE, SHORT_RANGE, WORDS

BAR: Final = 1.5
_NOTHING: Final = Evidence(0.0, "")
ABOUT: Final = 1.2
_BRACKETS: Final = 0.2  # a bare number in brackets names the thing before it
_NUMERO: Final = re.compile(r"№[\s:：]{0,2}$")
_NUMERO_OF_CODE: Final = re.compile(r"(?:№|#|\bno\.?|\bn[ro]?\.|\bref\.?|号|编号)[\s:：]{0,2}$")
_LIKE_ARTICLE: Final = re.compile(
    r"(?=.{0,40}[A-ZА-ЯЁ])[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё0-9]{0,9}"
    r"(?:[-_/+.][A-Za-zА-Яа-яЁё0-9]{1,14}){1,5}(?:[-/]?[一-鿿]{1,2})?"
)
_LOWER_ARTICLE: Final = re.compile(r"[a-z]{2,12}-[a-z]{2,12}-[0-9]{2,5}[a-z]?")
_INN: Final = "tax_id.inn"
_INN_WEIGHTS: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_KPP_BEHIND: Final = re.compile(r"[\s,;/]{1,3}кпп(?![а-я])")
_FIRM_REACH: Final = 40
_NEIGHBOURS: Final = "neighbours.toml"
_BRAND: Final = re.compile(r"(?<![A-Za-z])(?:[A-Z][a-z]{2,15}|[A-Z]{2,5}) $")  # Zebra ZD421
_THING: Final = re.compile(
    r"(?:(?<![a-zа-я])(?!(?:и|или|and|or)[\s№#])[a-zа-я]{2,20} ?№|[\u4e00-\u9fff]号) ?$"
)
_LOOSE_ARTICLE: Final = 2.0
_NAME_OF_FORM: Final = 4.5
_PATH: Final = re.compile("(?:[a-z0-9_]{1,24}/){2,6}[a-z_-]{3,24}")
_SHORT_CODE: Final = 4
_SHORT_MODEL: Final = re.compile("[A-ZА-Я]{1,3}-?[0-9][A-ZА-Я]{1,2}|[А-Я]{2,4}-[0-9]")
_DESK_ROLES: Final = frozenset(
    {"claim_number", "document_number", "document_number.other", "document_number.claim_letter"}
)
_DESK_REACH: Final = 36
# Лермонтова 14, номер 50118; ул. Мира 128, ID 117264; Lenina 76, id 350558: who gives an address and a number
# runs a point there.
_ADDRESS_BEFORE: Final = re.compile(
    r"(?:[A-ZА-ЯЁ][a-zа-яё.-]{3,20},? ?(?:street |st\. ?|avenue )?(?:д\. ?|дом |№ ?|bld\.? ?)?[0-9]{1,3}"
    r"[a-zа-я]?(?:[/кk][0-9]{1,3}[a-zа-я]?)?|[路街][0-9]{1,4}号?)(?:附近|旁边)?"
    r"\s?(?:[,，;(（—-]\s?){1,2}(?P<label>(?:id|ID|Id|ид|ИД|номер|Номер|number|no\.?|№|#|编号|号码|点号|офис|office)"
    r"[\s:：№]{0,3})?$"
)
_ADDRESS_REACH: Final = 52
_ADDRESS_WEIGHT: Final = 2.6
_POSTAL_DIGITS: Final = 6
_BRACKET_WEIGHT: Final = 1.0
_POINT: Final = "pickup_point_id"
_QUOTED_WEIGHT: Final = 2.6
_ACT: Final = "document_number.act"
_THINGS: Final = frozenset({"set", "item", "items", "variant", "variants", "product"})  # that may have sizes
_SINCE: Final = frozenset({"от", "с", "за", "в", "до", "from", "of", "since", "dated", "in", "until"})
# 五区E2-4417, павильон Б-14: a place to go to
_PLACE: Final = re.compile(
    r"(?:[区楼栋幢弄座馆厅路街门位]|货架"
    r"|(?<![а-яa-z])(?:павильон|линия|место|секция|корпус|бокс|ячейк[аеуи]|стеллаж|ряд|полка|паллетоместо|док|рампа"
    r"|hall|stand|stall|booth|unit|bay|cell|rack|shelf|aisle|slot|dock|gate|bin|zone|locker))"
    r"[ №]{0,2}$"
)
_LIKE_DOCUMENT: Final = re.compile(r"[A-ZА-Я]{1,5}-(?:[A-ZА-Я]{1,4}-)?[0-9]{4,9}(?:[-/][0-9]{1,6}){0,2}")


class Reading:
    """One candidate with the scores of its roles and the role it got."""

    __slots__ = ("candidate", "cue", "region", "role", "scores", "words")

    def __init__(self, region: Region, candidate: Candidate) -> None:
        self.region = region
        self.candidate = candidate
        self.scores: dict[str, float] = {}
        self.words: dict[str, str] = {}
        self.role = ""
        self.cue = 0.0  # how much of the winning score came from words

    @property
    def score(self) -> float:
        """Score of the winning role."""
        return self.scores.get(self.role, 0.0)


def _apply(reading: Reading, evidence: dict[str, Evidence]) -> None:
    shape = reading.candidate.shape
    reading.scores = shape.roles.copy()
    if not evidence:
        return
    best: dict[str, Evidence] = {}
    for meant, item in evidence.items():
        for role in shape.fitting(meant):
            if role not in best or item > best[role]:
                best[role] = item
    for role, (weight, word) in best.items():
        if weight:
            reading.scores[role] += weight
            reading.words[role] = word
    # A context word may be finer than the shape: "act" for a shape that only knows document_number.
    for meant, item in evidence.items():
        head = meant.partition(".")[0]
        if "." in meant and head in reading.scores and item.word == reading.words.get(head):
            reading.scores[meant] = reading.scores[head] + 0.001
            reading.words[meant] = item.word


def choose(reading: Reading) -> None:
    """Give the reading its best role, "" when none reaches the bar."""
    role = max(reading.scores, key=reading.scores.__getitem__, default="")
    score = reading.scores.get(role, 0.0)
    reading.role = role if score >= BAR else ""
    prior = reading.candidate.shape.roles.get(role)
    if prior is None:
        prior = reading.candidate.shape.roles.get(role.partition(".")[0], 0.0)
    reading.cue = score - prior


def _evidence(region: Region, candidate: Candidate, tables: PastedTables) -> dict[str, Evidence]:
    """Return what words, a column head and a "№" say of the candidate."""
    evidence = evidence_around(region, candidate)
    if tables.are_there and len(candidate.value) > 4:
        for role, weight in tables.roles_at(candidate.start).items():
            if role not in evidence or evidence[role].weight < weight:
                evidence[role] = Evidence(weight, "column head")
    if candidate.shape.name == "year":
        _leave_years(region, candidate, evidence)
    if candidate.shape.name == SHORT_RANGE and evidence.get("article", _NOTHING).word in _THINGS:
        del evidence["article"]  # socket set 8-32
    if _POINT in candidate.shape.roles:
        _add_address(region, candidate, evidence)
    before = region.lower[max(0, candidate.start - 8) : candidate.start]
    numero = _NUMERO_OF_CODE if candidate.shape is CODE else _NUMERO if "№" in before else None
    if numero is not None and "document_number" in candidate.shape.roles and numero.search(before):
        if before.endswith("#") and candidate.value[:2].isalpha():
            return evidence  # #осень2026
        known = max((item.weight for item in evidence.values()), default=0.0)
        if known < 1.3:
            evidence["document_number"] = Evidence(0.9 if _names_thing(region, candidate) else 1.7, "№")
    return evidence


def _leave_years(region: Region, candidate: Candidate, evidence: dict[str, Evidence]) -> None:
    """Let no document speak for a year: the Consumer Rights Act 2015, на старой оферте от 2022."""
    if evidence.get(_ACT, _NOTHING).word == "act":
        del evidence[_ACT]
    if word_before(region.lower, candidate.start) in _SINCE:
        for role in [role for role in evidence if role.startswith("document")]:
            del evidence[role]


def _add_address(region: Region, candidate: Candidate, evidence: dict[str, Evidence]) -> None:
    """Let an address right before a number speak for a pickup point, a postal code apart."""
    low = max(0, candidate.start - _ADDRESS_REACH)
    address = _ADDRESS_BEFORE.search(region.folded, low, candidate.start)
    if address is None:
        return
    if not (address["label"] or address[0].rstrip()[-1] in "(（"):
        if len(candidate.value) == _POSTAL_DIGITS:
            evidence.setdefault("none", Evidence(_ADDRESS_WEIGHT, "a postal code"))
        return
    weight = _ADDRESS_WEIGHT if address["label"] else _BRACKET_WEIGHT
    if evidence.get(_POINT, _NOTHING).weight < weight:
        evidence[_POINT] = Evidence(weight, "an address")


def _names_thing(region: Region, candidate: Candidate) -> bool:
    """Tell whether "№" follows a noun of no list (школа № 1247, 叫号B045): documents are in the lists."""
    made_like_one = not candidate.value.isdigit() and any(char in candidate.value for char in "-/")
    thing = (
        None if made_like_one else _THING.search(region.lower, max(0, candidate.start - 24), candidate.start)
    )
    return thing is not None and is_noun(thing[0].rstrip(" №"))


def _add_topic(reading: Reading, about: frozenset[str]) -> None:
    """Count for a role that the whole mail is about such things."""
    shape = reading.candidate.shape
    if about.isdisjoint(shape.topics) and about.isdisjoint(reading.scores):
        return
    heads = shape.heads
    for role in reading.scores:
        if role in about or (heads.get(role) or role.partition(".")[0]) in about:
            reading.scores[role] += ABOUT


def read_candidate(
    region: Region, candidate: Candidate, about: frozenset[str], tables: PastedTables
) -> Reading:
    """Score one candidate; `about` are the roles that the whole mail speaks of."""
    reading = Reading(region, candidate)
    if candidate.glued and glued_cue(region, candidate) is None:
        return reading  # letters glued to digits that are no context word: part of a name
    evidence = _evidence(region, candidate, tables)
    if CAMPAIGN in candidate.shape.roles and is_of_campaign(region, candidate, about):
        evidence[CAMPAIGN] = Evidence(_QUOTED_WEIGHT, NAMED)
        evidence.pop("seller_id", None)
    _judge_desk(reading, evidence)
    _apply(reading, evidence)
    if about:
        _add_topic(reading, about)
    if CAMPAIGN in reading.scores and not may_be_campaign(region, candidate, reading.words.get(CAMPAIGN, "")):
        reading.scores[CAMPAIGN] = 0.0
    if "sku" in reading.scores and region.lower[candidate.start - 1 : candidate.start] == "(":
        reading.scores["sku"] += _BRACKETS  # 麦克风（3238141808）
    if candidate.shape is CODE or candidate.shape is WORDS:
        _judge_code(reading)
        _judge_small_words(reading)
    if _INN in candidate.shape.roles and len(candidate.value) == 10:
        _judge_inn(reading)
    choose(reading)
    return reading


def _inn_valid(digits: str) -> bool:
    """Tell whether the control digit of a ten-digit tax number fits."""
    total = sum(weight * int(digit) for weight, digit in zip(_INN_WEIGHTS, digits, strict=False))
    return total % 11 % 10 == int(digits[9])


def _judge_inn(reading: Reading) -> None:
    """Let the control digit, and a firm's name beside a number that has it, tell tax numbers from goods."""
    if not _inn_valid(reading.candidate.value):
        reading.scores[_INN] -= 0.8
        return
    lower, here = reading.region.lower, reading.candidate
    if _KPP_BEHIND.match(lower, here.end):
        reading.scores[_INN] += 2.5
        reading.words.setdefault(_INN, "кпп behind")
    around = lower[max(0, here.start - _FIRM_REACH) : here.end + _FIRM_REACH // 2]
    if words_of(_NEIGHBOURS, "tax", "firm").search(around):
        reading.scores[_INN] += 1.5
        reading.words.setdefault(_INN, "control digit")


def _judge_desk(reading: Reading, evidence: dict[str, Evidence]) -> None:
    """Leave the number of a request untyped whose desk, named in the same clause, is somebody else's."""
    here, lower = reading.candidate, reading.region.lower
    if _DESK_ROLES.isdisjoint(evidence) or not here.value.isdigit():
        return
    strongest = max(evidence[role] for role in _DESK_ROLES.intersection(evidence))
    if not words_of(_NEIGHBOURS, "desk", "requests").fullmatch(strongest.word):
        return
    before = lower[max(0, here.start - _DESK_REACH) : here.start]
    clause = re.split(r"[.!?;。！？；\n]", before)[-1]
    if words_of(_NEIGHBOURS, "desk", "foreign").search(clause):
        evidence["none"] = Evidence(strongest.weight + 1.0, "desk of others")


def _judge_small_words(reading: Reading) -> None:
    """Take no word in small letters for a document's number: statements are half-monthly."""
    if reading.candidate.shape is WORDS and reading.candidate.value.islower():
        for role in reading.scores:
            if role.startswith("document_number"):
                reading.scores[role] = 0.0


def _judge_code(reading: Reading) -> None:
    """Tell sellers' own codes from numbers of documents by how they are made."""
    value, end = reading.candidate.value, reading.candidate.end
    if reading.region.lower[end : end + 2].strip() == "№" or _PATH.fullmatch(value):
        reading.scores["none"] = _NAME_OF_FORM  # МХ-1 № 5519-К, content/v2/cards
    separated = any(char in value for char in "-_/+.")
    if _PLACE.search(reading.region.lower, max(0, reading.candidate.start - 12), reading.candidate.start):
        reading.scores["none"] = max(reading.scores.get("none", 0.0), 2.6)
    before = reading.region.folded[max(0, reading.candidate.start - 18) : reading.candidate.start]
    if before[-1:] == " " and _BRAND.search(before) and reading.scores["article"] < _LOOSE_ARTICLE:
        reading.scores["article"] -= 1.5  # the name of a model, not of a seller's article
    short = len(value) <= _SHORT_CODE or _SHORT_MODEL.fullmatch(value) is not None
    if short and reading.scores["article"] < _LOOSE_ARTICLE:
        reading.scores["article"] -= 0.8  # G-14, BL-5C
    if not separated and reading.words.get("article") == "code":
        reading.scores["article"] -= 1.0  # "code BIRDS15" is a coupon
    if value[0].isdigit() and separated and reading.scores["article"] < _LOOSE_ARTICLE:
        reading.scores["article"] -= 0.5  # 07-14-С-02: a place as well as an article
    if _LIKE_DOCUMENT.fullmatch(value):
        long = sum(char.isdigit() for char in value) > 5 or not value[0].isascii()
        reading.scores["document_number" if long else "article"] += 1.5 if long else 1.3
    elif _LOWER_ARTICLE.fullmatch(value):
        reading.scores["article"] += 1.3
    elif not short and _LIKE_ARTICLE.fullmatch(value):
        parts = len(re.split("[-_/+.]", value))
        reading.scores["article"] += 1.0 + 0.4 * (parts > 2 or reading.candidate.shape is CODE)
        if parts > 2 and reading.candidate.shape is WORDS:
            reading.scores["article"] += 0.8
