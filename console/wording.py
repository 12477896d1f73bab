"""The words of the interface: `words/LANGUAGE.toml`, the same keys in every language.

Those of dashboard, models, settings and audit log stand in `words/LANGUAGE_oversight.toml`,
those of tokens and webhooks in `words/LANGUAGE_api.toml`, those of files, macros and kept lists in
`words/LANGUAGE_desk.toml`.

A key is "section.name". Where a number decides the form, the entry is a table of the plural
categories of the Unicode CLDR: one, few, many for Russian, one, other for English, other for
Chinese.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Final

INTERFACE_LANGUAGES: Final = ("ru", "en", "zh")
_RUSSIAN_MARKS: Final = str.maketrans({",": "\u00a0", ".": ","})
_PARTS: Final = ("", "_oversight", "_api", "_desk")
LANGUAGE_NAMES: Final = {"ru": "Русский", "en": "English", "zh": "中文"}


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._table = _table(language)

    def __call__(self, key: str, /, n: int | None = None, **values: object) -> str:
        """Return a phrase with its variables filled in; raises KeyError for a key that is nowhere."""
        phrase = self._table[key]
        if isinstance(phrase, dict):
            category = plural_category(self.language, n or 0)
            phrase = phrase[category]
        return phrase.format(n=n, **values) if n is not None or values else phrase

    def said(self, key: str, values: dict[str, str]) -> str:
        """Return what an act left to say; values come from an address, so only known names count."""
        phrase = self._table.get(f"said.{key}")
        if phrase is None:
            return ""
        number = values.get("n", "0")
        count = int(number) if number.isdecimal() and len(number) < 9 else 0
        if isinstance(phrase, dict):
            phrase = phrase[plural_category(self.language, count)]
        ticket = values.get("number", "")
        return phrase.format(n=count, number=ticket if ticket.isdecimal() else "")

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number as the language does: 12 400,5 in Russian, 12,400.5 in English and Chinese."""
        written = f"{value:,.{digits}f}"
        return written.translate(_RUSSIAN_MARKS) if self.language == "ru" else written

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share of 1 as per cent; a whole number of them without a fraction."""
        shown = round(share * 100, digits)
        gap = "\u00a0" if self.language == "ru" else ""
        return f"{self.number(shown, 0 if shown == int(shown) else digits)}{gap}%"

    def fields(self, group: str) -> str:
        """Return the names of required data; "a|b" are alternatives."""
        return " / ".join(self.name("field", field) for field in group.split("|"))

    def section(self, section: str) -> list[str]:
        """Return the coded values that a section names, in its order."""
        return [key.partition(".")[2] for key in self._table if key.startswith(f"{section}.")]

    def name(self, section: str, value: str) -> str:
        """Return the name of a coded value, or the code itself where it has none."""
        found = self._table.get(f"{section}.{value}", value)
        return found if isinstance(found, str) else value


def plural_category(language: str, number: int) -> str:
    """Return the CLDR plural category of a whole number."""
    if language == "zh":
        return "other"
    if language == "en":
        return "one" if number == 1 else "other"
    tens, units = number % 100, number % 10
    if units == 1 and tens != 11:
        return "one"
    return "few" if 2 <= units <= 4 and not 12 <= tens <= 14 else "many"


@cache
def words_of(language: str) -> Words:
    """Return the words of a language; Russian for one that is not spoken here."""
    return Words(language if language in INTERFACE_LANGUAGES else "ru")


def language_of(accepted: str) -> str:
    """Choose the interface language from an Accept-Language header (RFC 9110 12.5.4), best first."""
    ranked: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), tag.strip().lower()[:2]))
        except ValueError:
            continue
    known = [tag for _, tag in sorted(ranked, key=lambda pair: pair[0]) if tag in INTERFACE_LANGUAGES]
    return known[0] if known else "ru"


@cache
def _table(language: str) -> dict[str, str | dict[str, str]]:
    folder = resources.files("console").joinpath("words")
    texts = (folder.joinpath(f"{language}{part}.toml").read_text(encoding="utf-8") for part in _PARTS)
    return {
        f"{section}.{name}": phrase
        for text in texts
        for section, phrases in tomllib.loads(text).items()
        for name, phrase in phrases.items()
    }
