"""Strings ordered by their rarest character, so that a look for many of them can skip most.

In go needles in lower case, out come groups of (character, needles that hold it): where the character is
absent from a text, so are all needles of its group, and one look answers for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# Letters of Russian and English by how often they stand in a letter, rising; what is not here is rarer.
_FREQUENCY: Final = "zqxjхцщэфжюшkvwчbйыгзьбyfpgmяuкдпcмlрвсhdнtrsiтоеaаn0123456789, "
Groups = tuple[tuple[str, tuple[str, ...]], ...]


def by_rarest_letter(needles: Iterable[str]) -> Groups:
    """Return the needles (none of them empty) in groups that share their rarest character."""
    groups: dict[str, list[str]] = {}
    for needle in needles:
        groups.setdefault(min(needle, key=_FREQUENCY.find), []).append(needle)
    return tuple((letter, tuple(sharing)) for letter, sharing in groups.items())
