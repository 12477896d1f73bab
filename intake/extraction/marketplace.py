"""Which marketplace a mail is about, from its words; the mailbox's hint decides where they are silent."""

from __future__ import annotations

import re
from functools import cache

from intake.extraction.lexicon import load_toml, word_pattern
from intake.extraction.regions import Region


@cache
def _signs() -> dict[str, re.Pattern[str]]:
    tables = load_toml("marketplaces.toml")
    return {
        name: re.compile("|".join([word_pattern(table["words"]).pattern, *table["patterns"]]))
        for name, table in tables.items()
        if isinstance(table, dict)
    }


def infer_marketplace(regions: list[Region], hint: str) -> str:
    """Return ozon, wb or unknown: the words of subject and new text, then of the rest, then the hint."""
    for part in (regions[:2], regions[2:4]):
        counts = {
            name: sum(len(pattern.findall(region.lower)) for region in part)
            for name, pattern in _signs().items()
        }
        first, second = sorted(counts.values(), reverse=True)[:2]
        if first > second:
            return max(counts, key=lambda name: counts[name])
    return hint
