"""The facts of one mail: its identifiers, dates and amounts under the field names of domain section 2.1.

In goes a read `Mail`, out come `FactValue` records in the order of the mail, the same value
once per field. What fills what is data (`fact_fields.toml`); what a mail says without an
identifier (an address, a promotion's name, a list in the attachment) comes from
`workers.mentions`. Our own earlier letters in the quoted part give no new fact by
themselves: they name fields, not values.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from models.decisions import FactValue
from workers.mentions import mentions_of
from workers.word_lists import TEXT_CAP_CHARS, fold, read_table, word_list

if TYPE_CHECKING:
    from datetime import date

    from models.records import Entity, Finding, Mail
    from workers.word_lists import WordList

FACTS_PER_FIELD: Final = 500  # a table may hold more; the count stands on the attachment
LOOSE_NUMBERS: Final = 20
_LOOSE_NUMBER: Final = re.compile(r"(?<![\w.,:/+*×-])[0-9]{5,13}(?![0-9]|[\w.,:/*×%₽-][0-9])")
_LINE_CHARS: Final = 200
_NOTHING_ELSE: Final = re.compile(r"\W{0,40}([0-9]{3,13})\W{0,40}")  # a mail that is one number: an answer
_QUOTE_HEADER: Final = word_list(["sent:", "date:", "дата:", "отправлено:", "发送时间", "日期", "时间"])
_CUE_CHARS: Final = 30  # how far before an identifier a word may stand that says what it is


def facts_of(mail: Mail, raw_id: int | None) -> tuple[FactValue, ...]:
    """Facts of `mail`, each with its source; `raw_id` is stored as provenance, None in a dry run."""
    texts = field_texts(mail)
    day = mail.date_utc.date() if mail.date_utc is not None else None
    found: list[FactValue] = []
    for entity in mail.entities:
        text = texts.get(entity.where, "")
        if entity.type == "date" and _dates_a_quote(entity, text):
            continue
        fields = ("planned_date",) if _is_future(entity, day) else fields_of_entity(entity, text)
        found += [_fact(entity, name, raw_id) for name in fields]
    for finding in mail.findings:
        found += [_fact(finding, name, raw_id) for name in fields_of_finding(finding)]
    found += _unresolved(mentions_of(mail, raw_id), mail.findings)
    found += _loose_numbers(mail, raw_id)
    return _capped(found)


def field_texts(mail: Mail) -> dict[str, str]:
    """Return the texts of a mail under the names that `Entity.where` uses."""
    texts = {"subject": mail.subject, "body": mail.text, "quoted": mail.quoted, "signature": mail.signature}
    return texts | {f"attachment:{part.name}": part.text for part in mail.attachments}


def fields_of_entity(entity: Entity, text: str) -> tuple[str, ...]:
    """Fields that `entity` fills; `text` is the field of the mail that it stands in."""
    row = read_table("fact_fields.toml")["entity"].get(entity.type)
    if row is None:
        return ()
    kinds: list[dict[str, Any]] = row.get("kinds", [])
    for kind in kinds:
        if entity.subtype in kind["subtypes"]:
            return tuple(kind["fields"])
    if not entity.subtype:
        before = fold(text[max(0, entity.start - _CUE_CHARS) : entity.start])
        for index, kind in enumerate(kinds):
            if _cue_words("entity", entity.type, index).occurs(before):
                return tuple(kind["fields"])
    return tuple(row["fields"])


def fields_of_finding(finding: Finding) -> tuple[str, ...]:
    """Fields that `finding` fills; a `kinds` row looks at its value and its text."""
    row = read_table("fact_fields.toml")["finding"].get(finding.type)
    if row is None:
        return ()
    inside = fold(f"{finding.value}\n{finding.text}")
    for kind in row.get("kinds", []):
        if any(word in inside for word in kind["words_inside"]):
            return tuple(kind["fields"])
    return tuple(row["fields"])


def _unresolved(mentions: tuple[FactValue, ...], findings: tuple[Finding, ...]) -> list[FactValue]:
    """Return the mentions without the periods in words that the reader resolved to days."""
    resolved = [fold(finding.text) for finding in findings if finding.type == "relative_period"]
    return [
        fact
        for fact in mentions
        if fact.type != "period_words" or not any(text in fold(fact.value) for text in resolved)
    ]


@cache
def _cue_words(section: str, name: str, index: int) -> WordList:
    return word_list(read_table("fact_fields.toml")[section][name]["kinds"][index]["words"])


def _is_future(entity: Entity, day: date | None) -> bool:
    """Tell a plan or deadline: a date after the mail's own, a day allowed for time zones east of ours."""
    return entity.type == "date" and day is not None and entity.value > (day + timedelta(days=1)).isoformat()


def _dates_a_quote(entity: Entity, text: str) -> bool:
    """Tell whether a date stands in the line that introduces a quoted letter: it counts for nothing."""
    if entity.where != "quoted":
        return False
    line = text[text.rfind("\n", 0, entity.start) + 1 : entity.start + _LINE_CHARS].partition("\n")[0]
    return line.rstrip(" >").endswith((":", "：")) or _QUOTE_HEADER.occurs(fold(line))


def _loose_numbers(mail: Mail, raw_id: int | None) -> list[FactValue]:
    """Return digits that no entity claims: in some topics a bare number can only be one thing."""
    if bare := _NOTHING_ELSE.fullmatch(mail.text[:_LINE_CHARS]):
        if not any(entity.where == "body" for entity in mail.entities):
            return [FactValue(field="loose_number", value=bare[1], text=bare[1], raw_id=raw_id, where="body")]
        return []
    facts = []
    for where, text in (("subject", mail.subject), ("body", mail.text)):
        taken = [(entity.start, entity.end) for entity in mail.entities if entity.where == where]
        for match in islice(_LOOSE_NUMBER.finditer(text[:TEXT_CAP_CHARS]), LOOSE_NUMBERS):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                digits = match.group(0)
                facts.append(
                    FactValue(field="loose_number", value=digits, text=digits, raw_id=raw_id, where=where)
                )
    return facts


def _fact(found: Entity | Finding, name: str, raw_id: int | None) -> FactValue:
    if found.where.startswith("attachment:"):
        source = "attachment"
    else:
        source = "quoted" if found.where == "quoted" else "message"
    value = found.value or found.text
    return FactValue(
        field=name,
        value=value,
        text=found.text,
        type=found.type,
        source=source,
        raw_id=raw_id,
        where=found.where,
    )


def _capped(found: list[FactValue]) -> tuple[FactValue, ...]:
    kept: dict[tuple[str, str], FactValue] = {}
    counts: dict[str, int] = {}
    for fact in found:
        key = (fact.field, fact.value)
        if key in kept or counts.get(fact.field, 0) >= FACTS_PER_FIELD:
            continue
        kept[key] = fact
        counts[fact.field] = counts.get(fact.field, 0) + 1
    return tuple(kept.values())
