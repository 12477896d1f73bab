"""What is counted in a document: tokens in blocks, each block weighted and normalised on its own.

A token is a string whose first sign names its family; a family belongs to a block. Blocks keep
a long text from drowning the subject or the mailbox. All three languages share one set of
tokens: words and letter n-grams by alphabet, Chinese n-grams, and concepts across languages.
The weights were chosen by cross-validation on the train part of the corpus (docs/quality.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from classifier.documents import Document
from classifier.masking import fold

BLOCKS: Final[dict[str, float]] = {
    "text": 1.12,
    "concepts": 0.35,
    "opening": 0.15,
    "subject": 0.15,
    "context": 0.3,
}


@dataclass(frozen=True, slots=True)
class Family:
    """A family of tokens: its block, and its weight among the families of that block."""

    block: str
    weight: float = 1.0


WORD: Final = "="
GRAM: Final = "~"
CONCEPT: Final = "+"
QUOTED: Final = "?"
OPENING: Final = "^"
SUBJECT: Final = "#"
CONTEXT: Final = "@"
CONCEPT_ROLES: Final = (CONCEPT, QUOTED, OPENING)
FAMILIES: Final[dict[str, Family]] = {
    WORD: Family("text", 1.5),
    GRAM: Family("text", 0.5),
    CONCEPT: Family("concepts"),
    QUOTED: Family("concepts", 0.4),
    OPENING: Family("opening"),
    SUBJECT: Family("subject"),
    CONTEXT: Family("context"),
}
HAN_FAMILY: Final = Family("text")  # n-grams of Chinese characters stand for themselves
PAIR_FAMILY: Final = Family("text", 1.5)  # "stem stem": the only token with a blank inside
MIN_DOCUMENTS: Final[dict[str, int]] = {"text": 2}  # rarer tokens of a block are left out
QUOTED_COUNT: Final = 0.5  # what one occurrence in quoted text counts
OPENING_CLAUSES: Final = 2
NEGATION_REACH: Final = 3  # words that a negation reaches forward
HAN_NEGATION_REACH: Final = 4  # characters
LETTER_GRAMS: Final = (2, 5)  # shortest and longest; the ends of a word count as blanks (`char_wb`)
HAN_GRAMS: Final = 4
_SPLIT_NAME: Final = re.compile(r"[^a-z]+")


def family_of(token: str) -> Family:
    """Return the family of a token."""
    if "\u4e00" <= token[0] <= "\u9fff":
        return HAN_FAMILY
    return FAMILIES.get(token[0], PAIR_FAMILY)


def context_tokens(document: Document) -> Iterator[str]:
    """Yield what is known beside the words: mailbox (rules R11, R12), marketplace, attachments."""
    yield from _mailbox_tokens(document.mailbox[:200])
    yield f"{CONTEXT}at:{document.marketplace}"
    for kind in document.attachment_kinds[:50]:
        yield f"{CONTEXT}file:{kind}"


@lru_cache(maxsize=256)  # a desk has a handful of mailboxes
def _mailbox_tokens(mailbox: str) -> tuple[str, ...]:
    local_part = fold(mailbox).partition("@")[0]
    return tuple(f"{CONTEXT}to:{part}" for part in _SPLIT_NAME.split(local_part) if part)
