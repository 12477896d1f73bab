"""Finds what a seller should never have sent and takes it out of every text before anything is stored.

Kinds: password, code (one-time), api_key, token, card, and the personal data bank_account, passport and
snils. In go the fields as written, out come the same fields with `[СКРЫТО:пароль]`, `[已隐藏]` or
`[REDACTED:password]` in place of each secret, and where these stand. A secret found in one place is taken
out wherever else the same characters stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from intake.extraction.lexicon import load_toml
from intake.extraction.regions import View, may_hold_secret, read_view
from intake.extraction.secret_shapes import Span, find_numbers, find_tokens
from intake.extraction.secret_values import find_stated
from intake.extraction.secret_words import find_keys, find_spoken

PERSONAL: Final = frozenset({"bank_account", "passport", "snils"})  # hidden, but there is nothing to re-issue
_MIN_COPY: Final = 6  # shorter secrets are not looked for elsewhere: 1234 is also a quantity
_MAX_KNOWN: Final = 200
_BREAKS: Final = re.compile(r"[\s>]+|=\n")
MAX_TOLD: Final = 500  # of one field; all are taken out, but nobody needs a longer list of where they stood


class Secret(NamedTuple):
    """Where a secret stood: the span of its placeholder in the redacted text."""

    where: str
    start: int
    end: int
    kind: str


def placeholder(kind: str, language: str) -> str:
    """Return the text that stands where a secret of this kind stood."""
    if language == "zh":
        return "[已隐藏]"
    names: dict[str, Any] = load_toml("secrets.toml")["names"]
    return f"[REDACTED:{kind}]" if language == "en" else f"[СКРЫТО:{names[kind]}]"


def find_secrets(view: View) -> list[Span]:
    """Return (start, end, kind) of every secret of one field, without overlaps, in order."""
    if not view.has_digit and not may_hold_secret(view.text):
        return []
    found = [
        *find_tokens(view),
        *find_stated(view),
        *find_keys(view.lower),
        *find_spoken(view),
        *find_numbers(view),
    ]
    if not found:
        return found
    kept: list[Span] = []
    for span in sorted(found, key=lambda item: (item[0], item[0] - item[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
        elif span[1] > kept[-1][1]:
            kept[-1] = (kept[-1][0], span[1], kept[-1][2])
    return kept


def _with_copies(
    text: str, known: dict[str, str], pattern: re.Pattern[str] | None, spans: list[Span]
) -> list[Span]:
    """Add the places where an already known secret stands without its word."""
    if pattern is None:
        return spans
    taken = bytearray(len(text))
    for start, end, _ in spans:
        taken[start:end] = b"\x01" * (end - start)
    extra = [
        (match.start(), match.end(), known[match[0]])
        for match in pattern.finditer(text)
        if not any(taken[match.start() : match.end()])
    ]
    return sorted(spans + extra)


def redact(
    views: list[View], language: str, unsuspected: Iterable[View] = ()
) -> tuple[list[View], list[Secret]]:
    """Return the fields with placeholders for all secrets, and where the placeholders stand.

    `unsuspected` can hold a secret only where it was found elsewhere: where none was found they are not asked
    for and not returned.
    """
    found = [(view, find_secrets(view) if view.text else []) for view in views]
    if not any(spans for _, spans in found):
        return views, []
    found += [(view, []) for view in unsuspected]
    spelled = ((view.text[start:end], kind) for view, spans in found for start, end, kind in spans)
    known = dict([pair for pair in spelled if len(pair[0]) >= _MIN_COPY][:_MAX_KNOWN])
    # A key that was broken over lines stands whole elsewhere.
    known |= {_BREAKS.sub("", word): kind for word, kind in known.items() if kind == "api_key"}
    by_length = sorted(known, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(word) for word in by_length)) if known else None
    clean: list[View] = []
    secrets: list[Secret] = []
    for view, own in found:
        spans = _with_copies(view.text, known, pattern, own)
        text, places = _replace(view, spans, language)
        clean.append(read_view(view.where, text) if spans else view)
        secrets += places
    return clean, secrets


def _replace(view: View, spans: list[Span], language: str) -> tuple[str, list[Secret]]:
    parts: list[str] = []
    places: list[Secret] = []
    position = length = 0
    for start, end, kind in spans:
        mark = placeholder(kind, language)
        length += start - position
        if len(places) < MAX_TOLD:
            places.append(Secret(view.where, length, length + len(mark), kind))
        parts += [view.text[position:start], mark]
        length += len(mark)
        position = end
    return "".join(parts) + view.text[position:], places
