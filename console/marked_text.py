"""A mail's text cut into pieces that are marked: words that decided, facts that were found.

In go the text, the reasons of the classifier and the entities with their offsets; out come
pieces in their order, whose texts joined are the text again, so nothing can be lost or slipped in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST_HITS: Final = 100  # of one reason; a word on every line tells nothing more
STRONG, MIDDLING = 0.66, 0.33


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text under the same marks."""

    text: str
    topic: str = ""  # the topic that these words spoke for
    weight: int = 0  # 1 to 3
    figure: float = 0.0
    fact: str = ""  # entity type
    value: str = ""  # as normalised


def pieces(
    text: str,
    *,
    reasons: Sequence[dict[str, Any]] = (),
    entities: Iterable[dict[str, Any]] = (),
    where: str = "body",
) -> list[Piece]:
    """Cut `text` at the borders of all marks; of two reasons on the same words the stronger one shows."""
    owners: list[dict[str, Any] | None] = [None] * len(text)
    facts: list[dict[str, Any] | None] = [None] * len(text)
    for reason in sorted(reasons, key=lambda reason: float(reason["weight"])):
        for start, end in _hits(text, str(reason["text"])):
            owners[start:end] = [reason] * (end - start)
    for entity in entities:
        start, end = int(entity["start"]), int(entity["end"])
        if entity["where"] == where and 0 <= start < end <= len(text):
            facts[start:end] = [entity] * (end - start)
    strongest = max((abs(float(reason["weight"])) for reason in reasons), default=1.0) or 1.0
    cut: list[Piece] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or owners[at] is not owners[start] or facts[at] is not facts[start]:
            cut.append(_piece(text[start:at], owners[start], facts[start], strongest))
            start = at
    return cut


def _hits(text: str, words: str) -> list[tuple[int, int]]:
    if not words.strip():
        return []
    edge = r"(?<!\w)" if words[0].isascii() or "а" <= words[0].lower() <= "ё" else ""
    found = re.finditer(edge + re.escape(words), text, re.IGNORECASE)
    return [match.span() for _, match in zip(range(MOST_HITS), found, strict=False)]


def _piece(text: str, reason: dict[str, Any] | None, fact: dict[str, Any] | None, strongest: float) -> Piece:
    figure = float(reason["weight"]) if reason else 0.0
    share = abs(figure) / strongest
    weight = (3 if share > STRONG else 2 if share > MIDDLING else 1) if reason else 0
    return Piece(
        text=text,
        topic=str(reason["topic"]) if reason else "",
        weight=weight,
        figure=figure,
        fact=str(fact["type"]) if fact else "",
        value=str(fact["value"]) if fact else "",
    )
