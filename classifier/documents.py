"""What the classifier looks at in a mail: a `Document`, made from a read mail or from a corpus row.

A corpus row has its body as one text. A served mail comes apart: its signature is put back
(it says who writes), its quoted history only when the new words are too few to say anything,
so that «вот номер» takes the topic of what it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.records import Mail
from models.topics import LANGUAGES

FEW_LETTERS: Final = 40  # new text below this leans on the quoted text
_CJK_LETTERS: Final = 3  # a Chinese character says about as much as three letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One mail for the classifier; `mailbox` is the address that received it."""

    subject: str = ""
    text: str = ""
    quoted: str = ""
    language: str = "unknown"
    mailbox: str = ""
    marketplace: str = "unknown"
    attachment_kinds: tuple[str, ...] = ()
    attachment_names: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """Return the new text, with the quoted text behind it when it is too short to stand alone."""
        return f"{self.text}\n{self.quoted}" if _letters(self.text) < FEW_LETTERS else self.text

    @property
    def analyser(self) -> str:
        """Name of the language whose analyser reads this mail; that of its script when unknown."""
        if self.language in LANGUAGES:
            return self.language
        return "zh" if any("\u4e00" <= char <= "\u9fff" for char in self.subject + self.text) else "ru"


def _letters(text: str) -> int:
    return sum(_CJK_LETTERS if "\u4e00" <= char <= "\u9fff" else 1 for char in text[:400] if char.isalpha())


def document_of(mail: Mail, mailbox: str) -> Document:
    """Make the document of a mail as it was read; `mailbox` is the envelope recipient (rule R12)."""
    return Document(
        subject=mail.subject,
        text=f"{mail.text}\n{mail.signature}" if mail.signature else mail.text,
        quoted=mail.quoted,
        language=mail.language,
        mailbox=mailbox,
        marketplace=mail.marketplace,
        attachment_kinds=tuple(part.kind for part in mail.attachments),
        attachment_names=tuple(part.name for part in mail.attachments),
    )


def document_of_row(row: Mapping[str, Any]) -> Document:
    """Make the document of a corpus row (classifier/corpus/README.md)."""
    return Document(
        subject=row["subject"],
        text=row["body"],
        language=row["lang"],
        mailbox=row["to"],
        marketplace=row["marketplace"],
        attachment_kinds=tuple(part["kind"] for part in row["attachments"]),
        attachment_names=tuple(part["name"] for part in row["attachments"]),
    )
