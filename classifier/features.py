"""The views of a document: which tokens it has, by kind of evidence.

Each view is weighted and normalised on its own, so that a long text drowns neither the
subject nor the mailbox. Tokens of a view carry the span they came from, for the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from classifier.concepts import concept_pieces
from classifier.documents import Document
from classifier.masking import fold, mask
from classifier.tokens import Piece, han_pieces, letter_pieces, word_pieces

MAX_CHARS: Final = 20_000  # of a mail's text: what stands behind says nothing new about its topic
MAX_PIECES: Final = 120_000

# view -> weight, chosen by cross-validation on the train part
VIEWS: Final[dict[str, float]] = {"words": 1.0, "letters": 1.0, "concepts": 1.0, "subject": 0.5, "facts": 0.3}
MIN_DOCUMENTS: Final[dict[str, int]] = {"words": 1, "letters": 2, "concepts": 1, "subject": 1, "facts": 1}
_SPLIT_LOCAL: Final = re.compile(r"[-_.+]")


def prepared(document: Document) -> str:
    """Return subject and body folded and masked: the text that spans of pieces refer to."""
    return mask(fold(f"{document.subject}\n{document.body}"[:MAX_CHARS]))


def pieces(document: Document, text: str) -> dict[str, list[Piece]]:
    """Return the tokens of every view; `text` is `prepared(document)`."""
    is_han = document.analyser == "zh"
    subject_end = text.find("\n")
    return {
        "words": [] if is_han else list(islice(word_pieces(text), MAX_PIECES)),
        "letters": list(islice(han_pieces(text) if is_han else letter_pieces(text), MAX_PIECES)),
        "concepts": list(islice(concept_pieces(text), MAX_PIECES)),
        "subject": list(
            islice((han_pieces if is_han else word_pieces)(text[: max(subject_end, 0)]), MAX_PIECES)
        ),
        "facts": list(_facts(document)),
    }


def _facts(document: Document) -> Iterator[Piece]:
    """Yield what is known beside the words: mailbox (rules R11, R12), marketplace, attachments."""
    for part in _SPLIT_LOCAL.split(document.mailbox.partition("@")[0].lower()):
        if part:
            yield f"mailbox={part}", 0, 0
    yield f"marketplace={document.marketplace}", 0, 0
    for kind in document.attachment_kinds:
        yield f"attachment={kind}", 0, 0
    yield f"language={document.analyser}", 0, 0
