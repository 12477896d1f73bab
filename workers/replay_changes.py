"""What differs between a stored reading and today's, in words that may be shown.

A stored reading and today's columns go in, changes come out. Stored text is redacted with
today's rules before a bit of it is shown; a stored value that today's redacted mail no longer
shows is told by its length alone, and so is a phone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from intake.extraction.regions import read_view
from intake.extraction.secrets import redact
from models.decisions import FactValue
from models.records import Mail
from models.store import Db
from models.store.replay import StoredReading, fact_changes

_TEXTS: Final = ("subject", "text", "quoted", "signature", "from_name")
_SETS: Final = ("entities", "findings", "redacted", "warnings")
_SHOWN_CHARS: Final = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `before` and `after` are short and redacted, "" where there is nothing."""

    field: str
    before: str
    after: str


def column_changes(before: StoredReading, columns: dict[str, Any]) -> Iterator[Change]:
    """Compare the stored columns of a message with today's."""
    shown = "\n".join([*(columns[name] for name in _TEXTS), *columns["warnings"]])
    for name, after in columns.items():
        old = before.columns[name]
        if _plain(old) == _plain(after):
            continue
        if name in _TEXTS:
            yield Change(name, *_first_difference(_without_secrets(str(old)), str(after)))
        elif name in _SETS:
            yield from _set_changes(name, old, after, shown)
        elif name not in {"content_sha256", "text_sha256"}:
            yield Change(name, _short(str(old or "")), _short(str(after or "")))
        else:
            yield Change(name, "other", "other")


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _set_changes(name: str, old: list[Any], new: list[Any], shown: str) -> Iterator[Change]:
    """Compare lists of records as bags; moved offsets alone are one change."""
    left, right = Counter(_named(item) for item in old), Counter(_named(item) for item in new)
    for kind, value in (left - right).elements():
        yield Change(name, f"{kind} {_masked(value, '' if kind.startswith('phone') else shown)}".strip(), "")
    for kind, value in (right - left).elements():
        told = _masked(value, "") if kind.startswith("phone") else _short(value)
        yield Change(name, "", f"{kind} {told}".strip())
    if left == right:
        yield Change(name, "elsewhere", "elsewhere")


def _named(item: Any) -> tuple[str, str]:
    if isinstance(item, str):
        return "", item
    kind = "/".join(filter(None, (item["type"], item.get("subtype", ""), item.get("role", ""))))
    return f"{kind} in {item['where'].partition(':')[0]}", item.get("value") or item.get("text", "")


def part_changes(before: StoredReading, parts: Sequence[dict[str, Any]], mail: Mail) -> Iterator[Change]:
    """Compare the stored attachments with today's; they come in the same order."""
    if len(before.attachments) != len(parts):
        yield Change("attachments", f"{len(before.attachments)}", f"{len(parts)}")
        return
    shown = "\n".join(part.name for part in mail.attachments)
    for old, new in zip(before.attachments, parts, strict=True):
        for name in new:
            if old[name] == new[name]:
                continue
            if name == "text":
                pair = _first_difference(_without_secrets(str(old[name])), str(new[name]))
                yield Change("attachment text", *pair)
            else:
                yield Change(
                    f"attachment {name}", _masked(str(old[name] or ""), shown), _short(str(new[name] or ""))
                )


def fact_differences(
    db: Db, before: StoredReading, mail: Mail, facts: Sequence[FactValue]
) -> Iterator[Change]:
    """Tell which facts the mail's ticket would lose and gain."""
    shown = f"{mail.subject}\n{mail.text}\n{mail.quoted}\n{mail.signature}"
    gone, fresh = fact_changes(db, before, facts)
    for row in gone:
        yield Change("facts", f"{row.field} {_masked(row.value, shown)}", "")
    for fact in fresh:
        yield Change("facts", "", f"{fact.field} {_short(fact.value)}")


def _without_secrets(text: str) -> str:
    """Redact text that was stored by older code with today's."""
    views, _ = redact([read_view("body", text)], "ru")
    return views[0].text


def _first_difference(old: str, new: str) -> tuple[str, str]:
    """Return the first place where two texts differ, with a little before it."""
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, at - _SHOWN_CHARS // 3)
    return _short(old[start:]), _short(new[start:])


def _masked(value: str, shown: str) -> str:
    """Show a value that was stored only if today's redaction shows it too."""
    return _short(value) if not value or value in shown else f"({len(value)} characters)"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"
