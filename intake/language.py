"""The language of a text by its script: ru, zh, en or unknown (rule A12).

Text goes in, the language comes out. Letters are counted by script; identifiers, addresses
and links are left out first, so that an API log or a list of articles does not turn a
Russian letter English. A Chinese character weighs as much as a short word. Quoted text must
not be passed in: a Chinese letter above Russian history is Chinese.
"""

from __future__ import annotations

import re
from typing import Final

MAX_CHARS: Final = 20_000
# It begins with a set of characters, so that small Cyrillic and Chinese letters are passed over by a plain
# scan; each branch asks by looking back which of them it was.
_NOISE: Final = re.compile(
    r"[!-~А-ЯЁ\d](?:(?<=h)ttps?://[!-~]{1,500}|(?<=w)ww\.[!-~]{1,200}"
    r"|(?<=[A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{0,79}+@[A-Za-z0-9_.-]{1,120}"
    r"|(?:(?<=\d)|(?<=[A-Za-z_./#-])[A-Za-z_./#-]{0,39}+\d)[A-Za-z0-9_./:#-]{0,60}"
    r"|(?<=[A-Z])(?<!\w.)[A-Z]+[A-Z_]{1,40}\b"
    r"|(?<=[А-ЯЁ])[А-ЯЁ]{1,39}_[А-ЯЁA-Z0-9_]{1,40}"  # a warehouse's name
    r"|(?<=[{}\[\]<>=])[ -~]{0,20}[{}\[\]<>=]"
    r"|(?<=[A-Za-z_])(?<![!-~].)[A-Za-z_]{0,39}[_/\\][A-Za-z0-9_/\\-]{1,80})"
)
# Words of the platform's pages, quoted by the writer: they tell the language of the page, not of the letter.
_CITED: Final = re.compile(r"[\"“”«「『《][^\"“”»」』》\n]{1,120}[\"”“»」』》]")
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
# At most what may be cited of a line, or left out between brackets.
_CITING: Final = re.compile(r"[\"“”«「『《][^\n]*[\"”“»」』》]")
_BRACKETED: Final = re.compile(r"[{}\[\]<>=][^\n]*[{}\[\]<>=]")
_CAPITALS_NAME: Final = re.compile("[А-ЯЁ]_")
_PLAIN_WORD: Final = re.compile(r"(?<!\S)[a-z]{2,40}(?!\S)")  # is never noise
_CYRILLIC: Final = re.compile(r"[\u0400-\u04ff]")
_LATIN_WORD: Final = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}")
_CYRILLIC_WORD: Final = re.compile(r"[\u0400-\u04ff]{2,}")
_MARK_OF_QUOTE: Final = re.compile(r"(?m)^ {0,3}>.*$")
# Russian typed with Latin letters ("otpravlenie ne prinyali"): sellers without the keyboard layout.
_TRANSLIT: Final = frozenset(
    {
        "ne", "na", "po", "ya", "eto", "chto", "kak", "net", "dlya", "iz", "ot", "za", "uzhe", "uje", "mne",
        "moi", "moy", "pri", "esli", "menya", "privet", "spasibo", "dobryi", "dobryj", "dobryy", "dobriy",
        "dobroe", "pochemu", "kogda", "mozhno", "proshu", "pishu", "pomogite", "dengi",
    }
)  # fmt: skip
_TRANSLIT_STEMS: Final = (
    "zdravstvu", "pozhalu", "otpravlen", "posylk", "zakaz", "tovar", "postavk", "kabinet", "sklad", "vozvrat",
    "shtraf", "punkt",
)  # fmt: skip
_TRANSLIT_SHORT: Final = ("nash", "vash")  # with up to three letters of an ending
_SHORT: Final = 7
_CHANCE: Final = 2  # so many such words stand in an English letter, too
_WORD: Final = re.compile(r"\w+")
_ENGLISH: Final = re.compile(
    r"(?i)\b(?:the|is|are|to|and|of|we|you|it|in|for|not|this|that|have|with|my|our|was|please)\b"
)
_HAN_PER_WORD: Final = 1.6
_LETTER_CHARS: Final = 20  # so much beside what is cited is a letter of its own; Chinese needs fewer signs
_LETTER_HAN: Final = 5


def detect_language(text: str) -> str:
    """Language of new text: "ru", "zh", "en", or "unknown" when there are no words."""
    text = text[:MAX_CHARS]
    own = _MARK_OF_QUOTE.sub(" ", text) if ">" in text else text
    return at_first_sight(own) or all_told(own) or _by_any_letter(text)


def all_told(text: str) -> str:
    """Return the language by every word that is no noise and not cited; "" when there is no word."""
    plain = _NOISE.sub(" ", text)
    uncited = _CITED.sub(" ", plain)
    is_letter = len(uncited) > _LETTER_CHARS or _count_han(uncited) >= _LETTER_HAN
    plain = uncited if is_letter else plain
    han = _count_han(plain)
    cyrillic_words = len(_CYRILLIC_WORD.findall(plain))
    latin_words = len(_LATIN_WORD.findall(plain))
    if not han and not cyrillic_words and not latin_words:
        return ""
    han_words = han / _HAN_PER_WORD
    if han_words and han_words >= 0.45 * cyrillic_words and han_words >= 0.55 * latin_words:
        return "zh"
    if cyrillic_words and cyrillic_words >= 0.4 * latin_words:
        return "ru"
    translit = _count_translit(plain)
    if translit > _CHANCE and translit > len(_ENGLISH.findall(plain)):
        return "ru"
    return "en" if latin_words else "ru" if cyrillic_words else "zh"


def at_first_sight(text: str) -> str:
    """Return the language where it is the same whatever is left out as noise or cited; else "".

    All words of the text in other scripts stand against those of one script that are left in any case: no
    noise holds Chinese characters, and only names with an underscore hold Cyrillic letters.
    """
    sure = _CITING.sub("|", text)  # what stands beside it becomes no word of its own
    latin_words = len(_LATIN_WORD.findall(text))
    cyrillic_words = 0
    if not text.isascii():
        cyrillic_words = len(_CYRILLIC_WORD.findall(text))
        if _HAN.search(text) is not None:
            han_words = _count_han(sure) / _HAN_PER_WORD
            return "zh" if han_words >= max(0.45 * cyrillic_words, 0.55 * latin_words, 1.0) else ""
    if cyrillic_words:
        if "_" in text and _CAPITALS_NAME.search(text) is not None:
            return ""
        left = cyrillic_words if len(sure) == len(text) else len(_CYRILLIC_WORD.findall(sure))
        return "ru" if left and left >= 0.4 * latin_words else ""
    if latin_words and _count_translit(text) <= _CHANCE:
        return "en" if _PLAIN_WORD.search(_BRACKETED.sub("|", sure)) else ""
    return ""


def _count_han(text: str) -> int:
    return sum(map(len, _HAN.findall(text)))


def _count_translit(text: str) -> int:
    """Return how many words of a text are common Russian ones in Latin letters."""
    small = text.lower()
    words = _WORD.findall(small)
    if _TRANSLIT.isdisjoint(words) and not any(map(small.__contains__, (*_TRANSLIT_STEMS, *_TRANSLIT_SHORT))):
        return 0
    return sum(
        word in _TRANSLIT
        or word.startswith(_TRANSLIT_STEMS)
        or (len(word) <= _SHORT and word.startswith(_TRANSLIT_SHORT))
        for word in words
    )


def _by_any_letter(text: str) -> str:
    """Decide on a text of nothing but identifiers and single letters."""
    counts = {
        "zh": _count_han(text),
        "ru": len(_CYRILLIC.findall(text)),
    }
    language, count = max(counts.items(), key=lambda item: item[1])
    return language if count else "unknown"
