"""Which marketplace a mail is about, from its words; the mailbox's hint decides where they are silent."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from intake.extraction.lexicon import MARKETPLACE, load_toml
from intake.extraction.regions import NEW_TEXT, Region


@cache
def _signs() -> dict[str, re.Pattern[str]]:
    """Return marketplace -> shapes that only its identifiers have."""
    tables = load_toml("marketplaces.toml")
    return {
        name: re.compile("|".join(table["patterns"]))
        for name, table in tables.items()
        if isinstance(table, dict)
    }


def _counts(regions: list[Region]) -> Counter[str]:
    found: Counter[str] = Counter()
    for region in regions:
        found.update(
            meaning.role.removeprefix(MARKETPLACE)
            for cue in region.cues
            for meaning in cue.meanings
            if meaning.about and meaning.role.startswith(MARKETPLACE)
        )
        for name, pattern in _signs().items():
            found[name] += len(pattern.findall(region.lower))
    return found


def infer_marketplace(regions: list[Region], hint: str) -> str:
    """Return ozon, wb or unknown: the words of subject and new text, then of the rest, then the hint."""
    new = [region for region in regions if region.where in NEW_TEXT]
    old = [region for region in regions if region.where in ("quoted", "signature")]
    for part in (new, old):
        counts = _counts(part)
        (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
        if most > next_most:
            return first
    return hint
