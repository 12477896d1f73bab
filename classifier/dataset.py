"""Labelled mails for training: the bundled corpus, what only teaches, operators' labels.

Rows of the corpus are described in classifier/corpus/README.md (synthetic). Near-duplicates
and mails of one ticket share a group, and a group is never split between training and
judging. Typical requests (classifier/phrases) and written letters (classifier/letters) teach every
model and judge none.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

from classifier.concepts import lexicon
from classifier.documents import Document, document_of_row
from classifier.masking import fold, mask
from models.topics import SLUGS

_ROOM: Final = Path(__file__).parent
PHRASE_WEIGHT: Final = 0.35  # a made-up request teaches less than a whole mail; by cross-validation
LETTER_WEIGHT: Final = 1.0  # a written letter is a whole mail; by cross-validation too
RECIPE: Final = 11  # raise when features or training change, so that unchanged data are trained anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled document."""

    id: str
    document: Document
    topic: str
    group: str
    weight: float = 1.0
    source: str = "corpus"  # corpus, phrase, letter, label, file
    also_topics: tuple[str, ...] = ()  # really asked about too
    author: str = ""  # who gave the label


class Labelled(Protocol):
    """A stored mail with its label, as `models.store.learning` gives it."""

    @property
    def raw_id(self) -> int: ...  # noqa: D102 - fields of a record
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def quoted(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def mailbox(self) -> str: ...  # noqa: D102
    @property
    def marketplace(self) -> str: ...  # noqa: D102
    @property
    def ticket(self) -> int | None: ...  # noqa: D102
    @property
    def author(self) -> str: ...  # noqa: D102


def default_corpus_paths() -> list[Path]:
    """Return the files of the bundled corpus: the shipped model learns from both parts."""
    return [_ROOM / "corpus" / "train.jsonl", _ROOM / "corpus" / "dev.jsonl"]


def letter_paths() -> list[Path]:
    """Return the files of written letters, one per language (classifier/letters/README.md)."""
    return sorted((_ROOM / "letters").glob("*.jsonl"))


def load_corpus(paths: Iterable[Path], *, source: str = "corpus", weight: float = 1.0) -> list[Example]:
    """Load files of the corpus format. Raises ValueError that names the line of a row without known topic."""
    examples = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            row = json.loads(line)
            if row["topic"] not in SLUGS:
                known = ", ".join(SLUGS)
                msg = f"{path.name}, line {number}: {row['topic']!r} is no topic; the topics are {known}"
                raise ValueError(msg)
            document = document_of_row(row)
            examples.append(
                Example(
                    id=row["id"],
                    document=document,
                    topic=row["topic"],
                    group=group_of(document),
                    weight=weight,
                    source=source,
                    also_topics=tuple(row.get("also_topics", ())),
                )
            )
    return examples


def example_of_label(mail: Labelled) -> Example:
    """Make an example of a mail that a person labelled; mails of one ticket stay together."""
    document = Document(
        subject=mail.subject,
        text=mail.text,
        quoted=mail.quoted,
        language=mail.language,
        mailbox=mail.mailbox,
        marketplace=mail.marketplace,
    )
    group = f"ticket-{mail.ticket}" if mail.ticket is not None else group_of(document)
    return Example(
        id=f"raw-{mail.raw_id}",
        document=document,
        topic=mail.topic,
        group=group,
        source="label",
        author=mail.author,
    )


def phrase_examples() -> list[Example]:
    """Return the typical requests of every topic (classifier/phrases), which no judging ever counts."""
    examples = []
    for path in sorted((_ROOM / "phrases").glob("*.toml")):
        for section, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for number, texts in enumerate(rows):
                for language, text in zip(("ru", "zh", "en")[-len(texts) :], texts, strict=True):
                    name = f"phrase-{path.stem}-{section}-{number}-{language}"
                    examples.append(
                        Example(
                            id=name,
                            document=Document(text=text, language=language),
                            topic=path.stem,
                            group=name,
                            weight=PHRASE_WEIGHT,
                            source="phrase",
                        )
                    )
    return examples


def letter_examples() -> list[Example]:
    """Return the written letters of every topic, which no judging ever counts."""
    return load_corpus(letter_paths(), source="letter", weight=LETTER_WEIGHT)


def group_of(document: Document) -> str:
    """Return a name that near-duplicates share: the words without identifiers and numbers."""
    words = " ".join(mask(fold(f"{document.subject} {document.text}")).split())
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def data_hash(examples: Sequence[Example]) -> str:
    """Return a fingerprint of the data and of the recipe, whatever the order of the examples.

    The recipe is this version's features, its concepts, its typical requests and its letters: when
    one of them changes, unchanged mails are worth training anew.
    """
    lines = sorted(
        json.dumps(
            [e.id, e.topic, e.weight, e.also_topics, asdict(e.document)], ensure_ascii=False, sort_keys=True
        )
        for e in examples
    )
    recipe = [f"recipe {RECIPE}", lexicon().digest, _teaching_digest()]
    return hashlib.sha256("\n".join([*recipe, *lines]).encode()).hexdigest()


def _teaching_digest() -> str:
    texts = (path.read_bytes() for path in (*sorted((_ROOM / "phrases").glob("*.toml")), *letter_paths()))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
