"""Which marketplace a mail is about, from its words; the mailbox's hint decides where they are silent."""

from __future__ import annotations

import re
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


def _most_named(regions: list[Region]) -> str:
    """Return the marketplace that is named most often, "" when none or two are."""
    found = dict.fromkeys(_signs(), 0)
    for region in regions:
        for cue in region.cues:
            for role in cue.sense.about:
                if role.startswith(MARKETPLACE):
                    found[role.removeprefix(MARKETPLACE)] += 1
        if region.has_digit:
            for name, pattern in _signs().items():
                found[name] += len(pattern.findall(region.lower))
    counts = sorted(found.values(), reverse=True)
    return max(found, key=found.__getitem__) if counts[0] > sum(counts[1:2]) else ""


def infer_marketplaces(regions: list[Region], hint: str) -> tuple[str, str]:
    """Return the marketplace of the whole mail and that of its new text by itself: ozon, wb or `hint`.

    The words of subject and new text decide; for the whole mail, where these are silent, those of quotes
    and signature.
    """
    new = _most_named([region for region in regions if region.where in NEW_TEXT])
    if new:
        return new, new
    old = _most_named([region for region in regions if region.where in ("quoted", "signature")])
    return old or hint, hint
