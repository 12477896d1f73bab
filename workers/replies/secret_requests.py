"""Finding a request for a secret in a letter of the desk (rules R54, R58).

In goes a text, out comes whether it asks for a password, a code, a key, card data or a passport. A
secret is asked for when the nearest asking word before it in the sentence is no prohibition, or one
stands right behind it; forbidding one thing excuses nothing else ("you need not wait, send the
password"). The words are data (`secret_words.toml`); every pattern is bounded, so time is linear.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from workers.replies.shown_text import spoken_forms
from workers.word_lists import read_table

BEFORE_CHARS: Final = 80  # how far before a secret a word may stand that asks for it
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])(?=\s|[\u4e00-\u9fff]|$)")
_ENDS: Final = re.compile(
    r"\s?(?:$|[.,;:!?。，；！？)]|(?:нам|мне|сюда|в|на|по|to|in|us|me|here|by)\b|[给到我])"
)
_GAP: Final = re.compile(r"[\s,，:-]{0,3}(?:(?:нам|мне|ваш|your|it|to us|is)\s){0,2}")
_YOURS: Final = re.compile(r"\s?(?:your|ваш\w{0,2}|您的?)\s?")  # "Your password?" says no verb at all
_NOTHING: Final = re.compile(r"[\s.!?？。…]*")
_CJK: Final = re.compile("[\u4e00-\u9fff]")


def asks_for_secret(text: str) -> bool:
    """Tell whether a text asks for a secret, in whatever script, spacing or spelling a reader sees it."""
    return any(
        _asks(sentence)
        for form in spoken_forms(text)
        for sentence in _SENTENCE.split(" ".join(_pattern("polite").sub(" ", form).split()))
    )


def _asks(sentence: str) -> bool:
    return any(_is_asked_for(sentence, secret) for secret in _pattern("secret").finditer(sentence))


def _is_asked_for(sentence: str, secret: re.Match[str]) -> bool:
    if _pattern("excused_secret").match(sentence, secret.end()):
        return False
    start = max(0, secret.start() - BEFORE_CHARS)
    before = [*_pattern("ask").finditer(sentence, start, secret.start())]
    if _pattern("frame_end").match(sentence, secret.end()):
        before += _pattern("frame").finditer(sentence, start, secret.start())
    if before:
        nearest = max(before, key=lambda match: match.start())
        is_about = _pattern("between").search(sentence, nearest.end(), secret.start())
        if is_about is not None or _forbids(sentence, nearest.start()):
            return False
        return not _is_entered_at_its_place(sentence, nearest, secret.end())
    if _YOURS.fullmatch(sentence, 0, secret.start()) and _NOTHING.fullmatch(sentence, secret.end()):
        return True
    gap = _GAP.match(sentence, secret.end())
    behind = _pattern("ask_after").match(sentence, gap.end() if gap else secret.end())
    return behind is not None and _ENDS.match(sentence, behind.end()) is not None


def _is_entered_at_its_place(sentence: str, ask: re.Match[str], end: int) -> bool:
    """Tell whether a secret is to be entered where it belongs, as a code on the page that asks for it."""
    if not _pattern("enter").match(ask.group(0)):
        return False
    before = sentence[max(0, ask.start() - BEFORE_CHARS) : ask.start()]
    return bool(_pattern("place").match(sentence, end) or _pattern("place_before").search(before))


def _forbids(sentence: str, ask: int) -> bool:
    """Tell whether a prohibition ends right where an asking word begins."""
    start = max(0, ask - BEFORE_CHARS)
    return any(match.end() == ask for match in _pattern("excused_ask").finditer(sentence, start, ask))


@cache
def _pattern(name: str) -> re.Pattern[str]:
    words: list[str] = read_table("replies/secret_words.toml")[name]["words"]
    free = name in {"excused_secret", "between", "frame_end", "place", "place_before"}  # may begin anywhere
    begins = {word: "" if free or _CJK.search(word) else r"(?<![a-zа-я0-9])" for word in words}
    return re.compile("|".join(f"{start}(?:{word})" for word, start in begins.items()))
