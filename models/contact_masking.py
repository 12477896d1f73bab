"""Taking telephone numbers and postal addresses out of a stored mail, its other words kept.

In go the columns of a message and the texts of its attachments, out come those that change. A
number is replaced by as many dots as it had characters, so that the offsets of everything else
still hold. Which kinds count is `CONTACT_FIELDS` (fact fields) and `CONTACT_TYPES` (findings).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

CONTACT_FIELDS: Final = ("contact", "address")  # facts, domain 2.1
CONTACT_TYPES: Final = frozenset({"phone", "courier_address"})  # entities and findings
MASK: Final = "•"
_COLUMN_OF: Final = {"subject": "subject", "body": "text", "quoted": "quoted", "signature": "signature"}
_ATTACHMENT: Final = "attachment:"


def masked_columns(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a message that change; empty where it names no contact."""
    found = [*message["entities"], *message["findings"]]
    spans = [item for item in found if item["type"] in CONTACT_TYPES]
    if not spans:
        return {}
    changed: dict[str, Any] = {
        name: [item for item in message[name] if item["type"] not in CONTACT_TYPES]
        for name in ("entities", "findings")
    }
    for where, column in _COLUMN_OF.items():
        mine = [span for span in spans if span["where"] == where]
        if mine:
            changed[column] = _masked(message[column], mine)
    return changed


def masked_attachment(message: Mapping[str, Any], name: str, text: str) -> str:
    """Return the text of the attachment `name` of a message without its contacts."""
    found = [*message["entities"], *message["findings"]]
    where = f"{_ATTACHMENT}{name}"
    return _masked(text, [s for s in found if s["type"] in CONTACT_TYPES and s["where"] == where])


def _masked(text: str, spans: Iterable[Mapping[str, Any]]) -> str:
    letters = list(text)
    for span in spans:
        start, end = max(0, int(span["start"])), min(len(letters), int(span["end"]))
        letters[start:end] = MASK * max(0, end - start)
    return "".join(letters)
