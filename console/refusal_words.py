"""Why something was refused, in the reader's language.

The rooms behind the console refuse in English, as logs and the command line do. `words/refusals.toml`
knows each of their sentences with {names} for what changes; in go such a sentence and a language, out
comes the same in Russian or Chinese. A sentence that is not known is shown as it is.
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
_NAMED: Final = {"status": "status", "to": "status", "role": "role"}  # placeholder -> section of words
_ERROR: Final = frozenset({"error"})  # what stands there may be a sentence of the list itself


def refusal(text: str, language: str) -> str:
    """Return a refusal in a language; English and what nobody wrote down stay as they are."""
    if language == "en" or not text or len(text) > _MOST_CHARS:
        return text
    for pattern, phrases in _known():
        match = pattern.fullmatch(text)
        if match is not None:
            values = {name: _value(name, value, language) for name, value in match.groupdict().items()}
            return phrases[language].format_map(values)
    return text


def _value(name: str, value: str, language: str) -> str:
    if name == "pieces":
        join = "；" if language == "zh" else "; "
        return join.join(refusal(piece, language) for piece in value.split(_BETWEEN_PIECES))
    if name in _ERROR:
        return refusal(value, language)
    return words_of(language).name(_NAMED[name], value) if name in _NAMED else value


@cache
def _known() -> list[tuple[re.Pattern[str], dict[str, str]]]:
    """Return the sentences as patterns, those with the fewest names first: they say the most."""
    source = resources.files("console").joinpath("words", "refusals.toml").read_text(encoding="utf-8")
    rows = sorted(tomllib.loads(source)["refusal"], key=lambda row: len(_NAME.findall(row["en"])))
    return [(_pattern(row["en"]), row) for row in rows]


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = _NAME.split(sentence)  # words, name, words, name, words
    made = [re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>.+?)" for at, piece in enumerate(pieces)]
    return re.compile("".join(made), re.DOTALL)
