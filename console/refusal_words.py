"""Why something was refused or happened, in the reader's language.

The rooms behind the console speak English, as logs and the command line do. `words/refusals.toml` knows
what they refuse with, `words/stored.toml` what they store beside a ticket or a mail, `words/warnings.toml`
what reading says of a mail and its files, with {names} for what changes; in go such a sentence and a
language, out comes the same in that language. A sentence that is not known (a reason that somebody typed)
is shown as it is.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

from console.wording import words_of

_NAME: Final = re.compile(r"\{([a-z]+)\}")
_MOST_CHARS: Final = 2000
_BETWEEN_PIECES: Final = "; it "
# Placeholders whose values are codes of a section of words.
_NAMED: Final = {"status": "status", "to": "status", "role": "role", "phase": "phase"}
_LISTS: Final = frozenset({"fields", "signals"})  # codes with commas between them
# What stands there may be a sentence of the list itself, or several.
_NESTED: Final = frozenset({"error", "promised", "found"})
_BETWEEN_NESTED: Final = "; "
_FILES: Final = {"refusals": ("refusals", "stored"), "stored": ("stored", "warnings")}


def refusal(text: str, language: str) -> str:
    """Return a refusal in a language; English and what nobody wrote down stay as they are."""
    if language == "en" or not text or len(text) > _MOST_CHARS:
        return text
    return _told(text, language, "refusals")


def stored_words(text: str, language: str) -> str:
    """Return a stored sentence in a language: in English, too, codes in it are told by their names."""
    if not text or len(text) > _MOST_CHARS:
        return text
    return words_of(language).name("stored", _told(text, language, "stored"))


def _told(text: str, language: str, source: str) -> str:
    for pattern, phrases in _known(source):
        match = pattern.fullmatch(text)
        if match is not None:
            values = {
                name: _value(name, value, language, source) for name, value in match.groupdict().items()
            }
            return phrases[language].format_map(values)
    return text


def _value(name: str, value: str, language: str, source: str) -> str:
    if name == "pieces":
        join = "；" if language == "zh" else "; "
        return join.join(_told(piece, language, source) for piece in value.split(_BETWEEN_PIECES))
    if name in _NESTED:
        whole = _told(value, language, source)
        if whole != value or _BETWEEN_NESTED not in value:
            return whole
        join = "；" if language == "zh" else _BETWEEN_NESTED
        return join.join(_told(piece, language, source) for piece in value.split(_BETWEEN_NESTED))
    words = words_of(language)
    if name in _LISTS:
        told = words.fields if name == "fields" else lambda code: words.name("signal", code.replace(" ", "_"))
        return ("、" if language == "zh" else ", ").join(told(code) for code in value.split(", "))
    return words.name(_NAMED[name], value.replace(" ", "_")) if name in _NAMED else value


@cache
def _known(source: str) -> list[tuple[re.Pattern[str], dict[str, str]]]:
    """Return sentences as patterns, those with the fewest names first: they say the most."""
    folder = resources.files("console").joinpath("words")
    texts = [folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in _FILES[source]]
    listed = [row for text in texts for rows in tomllib.loads(text).values() for row in rows]
    fewest_first = sorted(listed, key=lambda row: len(_NAME.findall(row["en"])))
    return [(_pattern(row["en"]), row) for row in fewest_first]


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _NAME.split(sentence)  # words, name, words, name, words
    made = [re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>.+?)" for at, piece in enumerate(pieces)]
    return re.compile("".join(made), re.DOTALL)
