"""What names a number right before it, and whether that name is one we know.

In go a region, a place and the roles that the number there may play; out comes whether it is labelled as
something else. "номер пропуска 20418", "batch no. 4471", 排队号3391 and "ICQ 384729104" all say what
their numbers are; when no context word stands in such a label, the number is of a kind that no list holds,
and neither its length nor a word farther away may type it. Labels are recognised by how they are built, so
that this holds for nouns nobody thought of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from intake.extraction.lexicon import Cue, load_toml
from intake.extraction.regions import Region

_REACH: Final = 44
_LABELS: Final = load_toml("neighbours.toml")["label"]
_FREE: Final = frozenset(_LABELS["free"])  # words that name nothing: with, under, есть
_WHOSE: Final = frozenset(_LABELS["whose"])  # my, our, нашего: the noun stands behind them
_HOLDS: Final = frozenset(_LABELS["holds"])  # of them, those that stand within a noun phrase
_GENERIC: Final = frozenset(_LABELS["generic"])  # id, code, номер, 编号: they need a noun beside them
_UNNAMING: Final = _FREE | _GENERIC
_SIGN: Final = r"[\s\"'«(]{0,2}(?:(?:№|#|=|[:：]|-|—|no\.?|is|это|是|为)[\s\"'«]{0,2}){0,2}\Z"
_NAMED: Final = re.compile(
    # batch no. 4471, request-id 77, операция №, таб. № 30418, акт о расхождениях №
    r"(?:(?<![a-zа-я])(?P<before>(?:[a-zа-я]{1,20} ){0,3}"
    r"(?:[a-zа-я][a-zа-я'’]{1,24}|(?:таб|инв|рег|сер|лиц|внутр?|лицев|уч|полис|абон)\.))[ _-]{0,2}"
    r"(?:№|#|no\.|nr\.?|n°|(?:no|number|num|id|ид|айди|код|code|номер|ref|reference|key|account|acct)(?![a-zа-я]))"
    # номер пропуска 20418, код домофона, number of the locker
    r"|(?<![a-zа-я])(?:номер(?:ом|у|а)?|код(?:ом|а)?|id|ид|айди|идентификатор|индекс|number|code) "
    r"(?:(?:of|for) (?:the )?)?(?P<after>[a-zа-я]{2,20}(?: [а-я]{3,20}){0,2})"
    # 排队号3391
    r"|(?P<chinese>[\u4e00-\u9fff]{0,5}[\u4e00-\u9fff](?<![编单账帐代号型序])|[a-z]{2,8})"
    r"(?:号码?|编号|代码|编码|码|账号|帐号|账户|序号|id))" + _SIGN
)
# One of these stands in everything that the expression finds.
_HINTS: Final = (
    "ид", "id", "ном", "no", "код", "code", "№", "号", "码", "num", "#", "nr", "n°", "айди", "индекс", "ref",
    "key", "acc", "账户",
)  # fmt: skip
_ACRONYM: Final = re.compile(r"(?<![A-Za-zА-Яа-я0-9_-])(?P<word>[A-ZА-Я]{2,5})[ :：-]{0,2}\Z")
_PAST: Final = ("или", "али", "ули", "ыли", "ила", "ала", "ило", "ало", "ил", "лся")  # присвоили номер 203311
_ADJECTIVE: Final = re.compile("[бвгджзклмпрстфхцчшщь]н(?:ом|ый|ого|ому|ая|ые|ых|их|ими)$")
_SMALL: Final = re.compile("[a-zа-я\u4e00-\u9fff]")
_AROUND: Final = 40
_BLANK: Final = 2  # "store WHCAR 2218045": a word right before the abbreviation may speak too


def is_otherwise_labelled(region: Region, start: int, speaks: Callable[[Cue], bool]) -> bool:
    """Tell whether a label stands right before `start` in which no word `speaks` for the number's roles."""
    begin = _label_start(region, start)
    if begin is None:
        return False
    for cue in region.cues_before(start, 4):
        if cue.end <= begin:
            break
        if cue.word not in _GENERIC and speaks(cue):
            return False
    return True


def is_noun(word: str) -> bool:
    """Tell whether a word may name a thing: no function word, past tense or adjective (в еженедельном №)."""
    return (
        word not in _FREE and word not in _WHOSE and not word.endswith(_PAST) and not _ADJECTIVE.search(word)
    )


def _broken_off(phrase: str) -> int:
    """Return where the last unbroken noun phrase begins: "по товару есть операция" names an operation."""
    begin = end = 0
    for word in phrase.split(" "):
        end += len(word) + 1
        if word.endswith(_PAST) or (word in _FREE and word not in _HOLDS):
            begin = end
    return begin


def _label_start(region: Region, start: int) -> int | None:
    low = max(0, start - _REACH)
    before = region.lower[low:start]
    may_be_named = any(map(before.__contains__, _HINTS))
    match = _NAMED.search(region.lower, low, start) if may_be_named else None
    if match is not None:
        if match["chinese"] is not None:
            return None if match["chinese"] in _WHOSE else match.start()
        if match["before"]:
            noun = match["before"].rpartition(" ")[2]
            return match.start() + _broken_off(match["before"]) if is_noun(noun) else None
        noun = next((word for word in match["after"].split() if word not in _WHOSE), "")
        return match.start() if noun and is_noun(noun) else None
    acronym = _ACRONYM.search(region.folded, low, start)
    if acronym is None or acronym["word"].lower() in _UNNAMING:
        return None
    # Where everything is in capitals they mark no abbreviation.
    around = _SMALL.search(region.folded, max(0, acronym.start() - _AROUND), start + _AROUND)
    return acronym.start() - _BLANK if around is not None else None
