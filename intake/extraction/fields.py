"""The two records at the border of the extraction stage: what it reads and what it answers.

`MailFields` comes in with the texts of one mail; `Extraction` goes out with the same texts redacted and
everything that was found in them. Offsets of entities and findings count characters of the redacted
field that `where` names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from models.records import Entity, Finding, Redaction

ATTACHMENT_PREFIX = "attachment:"


@dataclass(frozen=True, slots=True)
class MailFields:
    """The texts of one mail. An attachment is (name, text); a table comes as TSV, one row per line."""

    subject: str
    body: str  # the new text only, where the caller could tell it from the rest
    quoted: str
    signature: str
    attachments: tuple[tuple[str, str], ...] = ()
    documents: frozenset[str] = frozenset()  # names of attachments that are prose, whatever their first line
    labels: tuple[str, ...] = ()  # names, warnings: redacted like the rest, but nothing is read from them

    def regions(self) -> list[tuple[str, str]]:
        """Return (where, text) in reading order, attachments last."""
        texts = [
            ("subject", self.subject),
            ("body", self.body),
            ("quoted", self.quoted),
            ("signature", self.signature),
        ]
        return texts + [(ATTACHMENT_PREFIX + name, text) for name, text in self.attachments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What was found in one mail; `fields` is redacted, nothing here holds a secret."""

    fields: MailFields
    entities: tuple[Entity, ...] = ()
    findings: tuple[Finding, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    marketplace: str = "unknown"  # ozon, wb, unknown
    subject_tickets: tuple[str, ...] = field(default=())
    body_tickets: tuple[str, ...] = field(default=())
