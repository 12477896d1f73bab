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
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
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
_WORD: Final = re.compile(r"\w+")
_ENGLISH: Final = re.compile(
    r"(?i)\b(?:the|is|are|to|and|of|we|you|it|in|for|not|this|that|have|with|my|our|was|please)\b"
)
_HAN_PER_WORD: Final = 1.6
_LETTER_CHARS: Final = 20  # so much beside what is cited is a letter of its own; Chinese needs fewer signs
_LETTER_HAN: Final = 5


def detect_language(text: str) -> str:
    """Language of new text: "ru", "zh", "en", or "unknown" when there are no words."""
    plain = _NOISE.sub(" ", _MARK_OF_QUOTE.sub(" ", text[:MAX_CHARS]))
    uncited = _CITED.sub(" ", plain)
    is_letter = len(uncited) > _LETTER_CHARS or len(_HAN.findall(uncited)) >= _LETTER_HAN
    plain = uncited if is_letter else plain
    han = len(_HAN.findall(plain))
    cyrillic_words = _CYRILLIC_WORD.findall(plain)
    latin_words = _LATIN_WORD.findall(plain)
    if not han and not cyrillic_words and not latin_words:
        return _by_any_letter(text)
    han_words = han / _HAN_PER_WORD
    if han_words and han_words >= 0.45 * len(cyrillic_words) and han_words >= 0.55 * len(latin_words):
        return "zh"
    if cyrillic_words and len(cyrillic_words) >= 0.4 * len(latin_words):
        return "ru"
    translit = _count_translit(plain)
    if translit > 2 and translit > len(_ENGLISH.findall(plain)):
        return "ru"
    return "en" if latin_words else "ru" if cyrillic_words else "zh"


def _count_translit(text: str) -> int:
    """Return how many words of a text are common Russian ones in Latin letters."""
    words = _WORD.findall(text.lower())
    return sum(
        word in _TRANSLIT
        or word.startswith(_TRANSLIT_STEMS)
        or (len(word) <= _SHORT and word.startswith(_TRANSLIT_SHORT))
        for word in words
    )


def _by_any_letter(text: str) -> str:
    """Decide on a text of nothing but identifiers and single letters."""
    counts = {
        "zh": len(_HAN.findall(text[:MAX_CHARS])),
        "ru": len(_CYRILLIC.findall(text[:MAX_CHARS])),
    }
    language, count = max(counts.items(), key=lambda item: item[1])
    return language if count else "unknown"
