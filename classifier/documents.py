"""What the classifier looks at in a mail: a `Document`, made from a read mail or from a corpus row.

A served mail comes apart into new text, quoted history and signature; the signature is put
back, since it says who writes. A corpus row has its body as one text, so its quoted lines are
split off here by the same rule of thumb: training and serving then see the same two fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.records import Mail
from models.topics import LANGUAGES

FEW_LETTERS: Final = 40  # new text below this leans on the quoted text
_HAN_LETTERS: Final = 3  # a Chinese character says about as much as three letters
_HAN: Final = re.compile("[\u4e00-\u9fff]")
_QUOTED_LINE: Final = re.compile(r"\s{0,8}>")
_HISTORY_HEAD: Final = re.compile(
    r"\s{0,8}-{2,}\s{0,8}(?:исходн|пересыл|пересл|original|forward|转发|原始|原邮|邮件)", re.IGNORECASE
)


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
    def leans_on_quote(self) -> bool:
        """Tell whether the new text is too short to stand alone: «вот номер» has its quote's topic."""
        return _letters(self.text[: 2 * FEW_LETTERS]) < FEW_LETTERS and _letters(self.text) < FEW_LETTERS

    @property
    def analyser(self) -> str:
        """Language that confidence and thresholds are taken for; that of the script when unknown."""
        if self.language in LANGUAGES:
            return self.language
        return (
            "zh" if any("\u4e00" <= char <= "\u9fff" for char in (self.subject + self.text)[:2000]) else "ru"
        )


def _letters(text: str) -> int:
    """Count letters, Chinese characters several times; only the beginning matters."""
    beginning = text[:400]
    return sum(map(str.isalpha, beginning)) + (_HAN_LETTERS - 1) * len(_HAN.findall(beginning))


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
    text, quoted = _split_history(row["body"])
    return Document(
        subject=row["subject"],
        text=text,
        quoted=quoted,
        language=row["lang"],
        mailbox=row["to"],
        marketplace=row["marketplace"],
        attachment_kinds=tuple(part["kind"] for part in row["attachments"]),
        attachment_names=tuple(part["name"] for part in row["attachments"]),
    )


def _split_history(body: str) -> tuple[str, str]:
    """Split quoted lines, and all that follows the head of a forwarded mail, from the new text."""
    new: list[str] = []
    quoted: list[str] = []
    is_history = False
    for line in body.split("\n"):
        is_history = is_history or bool(_HISTORY_HEAD.match(line))
        (quoted if is_history or _QUOTED_LINE.match(line) else new).append(line)
    return "\n".join(new), "\n".join(quoted)
