"""Phrases of mail clients, robots and sellers as data: one TOML file per language.

A file name is the language; `other.toml` and `further.toml` hold the clients of more languages. In goes
nothing, out come the lists of one section, all languages together or one by one. What the
sections mean stands at the top of `ru.toml`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("ru", "zh", "en", "other", "further")


@cache
def phrases(language: str, section: str) -> dict[str, Any]:
    """Read one section of one language's file; empty when the file has no such section."""
    text = resources.files(__package__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    section_data = tomllib.loads(text).get(section, {})
    if not isinstance(section_data, dict):
        raise TypeError(f"{language}.toml: [{section}] must be a table of lists; see ru.toml for its keys")
    return section_data


def words(section: str, key: str) -> tuple[str, ...]:
    """Join the list `key` of a section over all languages: longest first, each once."""
    found = {word for language in LANGUAGES for word in phrases(language, section).get(key, [])}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))
