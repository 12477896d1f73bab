"""What a desk says otherwise about topics than what is shipped: names, required data, what is never asked.

The policy `topics` is a flat table, so that its history can be read row by row: `name/TOPIC/LANGUAGE`
is a text; `required/TOPIC`, `required/TOPIC/KIND` and the same with `skip` are lists of parts, where
`a|b` is met by either. What is not named stays as shipped; an empty policy changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TOPICS: Final = "topics"
MAX_NAME_CHARS: Final = 60
MOST_PARTS: Final = 8
MOST_ALTERNATIVES: Final = 4
RULES: Final = ("required", "skip")
Needs = Mapping[str, Mapping[str, tuple[str, ...]]]  # kind of mail ("" is the topic itself) -> rule -> parts


def names_of(body: Mapping[str, Any], topic: str) -> dict[str, str]:
    """Return the names that a desk gave a topic, by language."""
    start = f"name/{topic}/"
    return {key.removeprefix(start): str(value) for key, value in body.items() if key.startswith(start)}


def needs_of(body: Mapping[str, Any], topic: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the rules that a desk gave a topic and its kinds of mails."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, value in body.items():
        rule, _, rest = key.partition("/")
        slug, _, kind = rest.partition("/")
        if rule in RULES and slug == topic:
            found.setdefault(kind, {})[rule] = tuple(value)
    return found


def rule_key(rule: str, topic: str, kind: str) -> str:
    """Return the row of the policy that holds a rule."""
    return f"{rule}/{topic}/{kind}" if kind else f"{rule}/{topic}"
