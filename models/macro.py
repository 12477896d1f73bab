"""Macros: several acts under one key. The shipped ones stand in `macros.toml`.

A macro answers with a reply template (by its name, in the seller's language), then assigns, notes,
moves or closes. The policy `macros` replaces the shipped list; its shape is that of the file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Macro:
    """What one key does, in the order of the fields."""

    name: str
    titles: dict[str, str]  # by language of the interface
    template: str = ""  # name of a reply template; "" answers nothing
    takes: bool = False  # assigns the ticket to who runs it
    note: str = ""
    status: str = ""  # where it goes then; "closed" needs a resolution
    resolution: str = ""
    topics: tuple[str, ...] = ()  # empty: every topic

    def title(self, language: str) -> str:
        """Return the title for a reader."""
        return self.titles.get(language) or self.titles.get("en") or self.name


@cache
def shipped_macros() -> tuple[Macro, ...]:
    """Return the macros of the file, in its order."""
    return macros_of(tomllib.loads(files("models").joinpath("macros.toml").read_text(encoding="utf-8")))


def macros_of(body: dict[str, Any]) -> tuple[Macro, ...]:
    """Read macros from a policy or the file; raises KeyError or TypeError for another shape."""
    return tuple(
        Macro(
            name=name,
            titles={language: str(title) for language, title in row["titles"].items()},
            template=str(row.get("template", "")),
            takes=bool(row.get("takes", False)),
            note=str(row.get("note", "")),
            status=str(row.get("status", "")),
            resolution=str(row.get("resolution", "")),
            topics=tuple(row.get("topics", ())),
        )
        for name, row in body["macro"].items()
    )
