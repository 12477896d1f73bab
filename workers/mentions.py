"""What a mail says without an identifier: an address, a promotion's name, a list or label photo attached.

In goes a read `Mail`, out come weak facts. They count for the required data (domain 2.4: "a
file described as a list of orders, SKUs or codes counts for that field, a clear label photo
for barcode_or_mark") and tell an operator where to look; nothing is linked by them. The
patterns are data (`mentions.toml`), each capped in length, run over capped text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from models.decisions import FactValue
from workers.word_lists import TEXT_CAP_CHARS, fold, read_table, word_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.records import Attachment, Mail
    from workers.word_lists import WordList

MENTIONS_PER_PATTERN: Final = 20
_NEAR_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class _Pattern:
    name: str
    fields: tuple[str, ...]
    regex: re.Pattern[str]
    needs: tuple[str, ...]  # one of them stands in every match; () when nothing is known
    near: WordList | None

    def may_match(self, folded: str) -> bool:
        """Tell whether a text is worth a search: most hold none of the words, and that is seen quickly."""
        if self.needs and not any(word in folded for word in self.needs):
            return False
        return self.near is None or self.near.may_occur(folded)


def mentions_of(mail: Mail, raw_id: int | None) -> tuple[FactValue, ...]:
    """Weak facts of `mail`: from its subject, new text and quoted text, and from its attachments' names."""
    found: list[FactValue] = []
    texts = (("subject", mail.subject), ("body", mail.text), ("quoted", mail.quoted))
    folded = "\n".join(fold(text) for _, text in texts)
    likely = [pattern for pattern in _patterns() if pattern.may_match(folded)]
    for where, text in texts:
        if not text:
            continue
        for pattern in likely:
            for value in _matches(pattern, text[:TEXT_CAP_CHARS]):
                source = "quoted" if where == "quoted" else "message"
                found += [
                    _mention(pattern.name, name, value, where, source, raw_id) for name in pattern.fields
                ]
    told = fold(f"{mail.subject}\n{mail.text}\n{mail.quoted}")
    for part in mail.attachments:
        name = _file_field(part, told)
        if name:
            found.append(
                _mention("attachment", name, part.name, f"attachment:{part.name}", "attachment", raw_id)
            )
    return tuple(found)


def _matches(pattern: _Pattern, text: str) -> Iterator[str]:
    for count, match in enumerate(pattern.regex.finditer(text)):
        if count >= MENTIONS_PER_PATTERN:
            return
        around = text[max(0, match.start() - _NEAR_CHARS) : match.end() + _NEAR_CHARS]
        if pattern.near is None or pattern.near.occurs(fold(around)):
            yield " ".join((match.group(1) or match.group(2)).split())


def _file_field(part: Attachment, told: str) -> str:
    """Name the stand-in field that a file counts for: `list_file`, `label_photo` or none."""
    name = fold(part.name)
    if part.kind == "table":
        if _words("list_names").occurs(name):
            return "list_file" if not _words("report_names").occurs(name) else ""
        return (
            "list_file"
            if _words("list_words").occurs(told) and not _words("report_names").occurs(name)
            else ""
        )
    if part.kind in {"photo", "screenshot"} and _words("photo_words").occurs(f"{name}\n{told}"):
        return "label_photo"
    return ""


def _mention(kind: str, name: str, value: str, where: str, source: str, raw_id: int | None) -> FactValue:
    return FactValue(
        field=name, value=value, text=value, type=kind, source=source, raw_id=raw_id, where=where
    )


@cache
def _words(key: str) -> WordList:
    return word_list(read_table("mentions.toml")["files"][key])


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(
            name=row["name"],
            fields=tuple(row["fields"]),
            regex=re.compile(row["regex"], re.IGNORECASE | re.MULTILINE),
            needs=tuple(row.get("needs", ())),
            near=word_list(row["near"]) if "near" in row else None,
        )
        for row in read_table("mentions.toml")["pattern"]
    )
