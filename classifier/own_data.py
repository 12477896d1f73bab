"""Labelled mails of one's own: the corpus format or CSV, for `train FILE…` and `evaluate FILE…`.

CSV has a header. Needed columns: `topic` and `text` (or `body`). Optional: `id`, `subject`,
`language` (or `lang`; ru, zh, en: read from the script when absent), `mailbox` (or `to`),
`marketplace`, `also_topics` (separated by blanks), `ticket` (mails of one ticket stay together).
A topic that nobody shipped is data like any other; with few mails it is for review only.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from classifier.dataset import Example, group_of
from classifier.documents import Document, document_of_row
from models.topics import LANGUAGES

MOST_CHARS: Final = 200_000  # of one field
_SLUG: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_COLUMNS: Final = "topic, text (or body), and optionally id, subject, language, mailbox, marketplace, ticket"
_CORPUS_KEYS: Final = ("id", "lang", "to", "subject", "body", "attachments", "topic")


class OwnDataError(ValueError):
    """A file cannot be used; the message names the line and the remedy."""


def load_own(path: Path) -> list[Example]:
    """Load labelled mails from a `.csv` file or one of JSON lines. Raises OwnDataError."""
    try:
        rows = list(_csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path))
    except UnicodeDecodeError:
        msg = f"{path}: not UTF-8: save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise OwnDataError(msg) from None
    except OSError as error:
        msg = f"{path}: {error.strerror}: give the path of a readable file"
        raise OwnDataError(msg) from None
    if not rows:
        msg = f"{path} holds no mails: one labelled mail a line is expected"
        raise OwnDataError(msg)
    seen: dict[str, int] = {}
    for number, example in rows:
        if example.id in seen:
            msg = f"{path}, line {number}: id {example.id!r} stands in line {seen[example.id]} too"
            raise OwnDataError(msg)
        seen[example.id] = number
    return [example for _, example in rows]


def _csv_rows(path: Path) -> Iterator[tuple[int, Example]]:
    csv.field_size_limit(min(MOST_CHARS, sys.maxsize))
    with path.open(encoding="utf-8-sig", newline="") as file:
        sample = file.read(4096)
        file.seek(0)
        delimiter = max(",;\t", key=sample.partition("\n")[0].count)
        reader = csv.DictReader(file, delimiter=delimiter)
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        if "topic" not in names or not {"text", "body"} & set(names):
            found = ", ".join(names) or "none"
            msg = f"{path}, line 1: the header needs the columns {_COLUMNS}; it has {found}"
            raise OwnDataError(msg)
        try:
            for row in reader:
                yield reader.line_num, _example_of_cells(path, reader.line_num, row)
        except csv.Error as error:
            msg = f"{path}, line {reader.line_num}: {error}: quote fields that hold commas or line ends"
            raise OwnDataError(msg) from None


def _example_of_cells(path: Path, number: int, row: Mapping[str, Any]) -> Example:
    if None in row or None in row.values():
        msg = f"{path}, line {number}: the number of fields differs from the header's: quote commas in texts"
        raise OwnDataError(msg)
    text = row.get("text") or row.get("body") or ""
    language = (row.get("language") or row.get("lang") or "unknown").strip().lower()
    if language not in {*LANGUAGES, "unknown"}:
        msg = f"{path}, line {number}: language {language!r}: write ru, zh or en, or leave it empty"
        raise OwnDataError(msg)
    if not (text.strip() or (row.get("subject") or "").strip()):
        msg = f"{path}, line {number}: neither subject nor text: leave the line out"
        raise OwnDataError(msg)
    document = Document(
        subject=row.get("subject") or "",
        text=text,
        language=language,
        mailbox=row.get("mailbox") or row.get("to") or "",
        marketplace=row.get("marketplace") or "unknown",
    )
    ticket = row.get("ticket") or ""
    return Example(
        id=row.get("id") or f"{path.name}:{number}",
        document=document,
        topic=_topic(path, number, row["topic"]),
        group=f"ticket-{ticket}" if ticket else group_of(document),
        source="file",
        also_topics=tuple((row.get("also_topics") or "").split()),
        author=path.name,
    )


def _json_rows(path: Path) -> Iterator[tuple[int, Example]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                msg = (
                    f"{path}, line {number}: no JSON object ({error.msg}): one object a line, or a .csv file"
                )
                raise OwnDataError(msg) from None
            absent = [key for key in _CORPUS_KEYS if not isinstance(row, dict) or key not in row]
            if absent:
                msg = f"{path}, line {number}: lacks {', '.join(absent)}; see classifier/corpus/README.md"
                raise OwnDataError(msg)
            try:
                document = document_of_row(row)
            except (AttributeError, KeyError, TypeError) as error:
                msg = f"{path}, line {number}: a field has another shape than in the corpus ({error})"
                raise OwnDataError(msg) from None
            yield (
                number,
                Example(
                    id=str(row["id"]),
                    document=document,
                    topic=_topic(path, number, row["topic"]),
                    group=group_of(document),
                    source="file",
                    also_topics=tuple(row.get("also_topics", ())),
                    author=path.name,
                ),
            )


def _topic(path: Path, number: int, name: Any) -> str:
    slug = str(name).strip()
    if not _SLUG.fullmatch(slug):
        msg = (
            f"{path}, line {number}: topic {slug!r}: a topic is a word of small latin letters, "
            "digits and underscores, such as account_access"
        )
        raise OwnDataError(msg)
    return slug


def load_folder(folder: Path) -> list[Example]:
    """Load all labelled files that `razbor train FILE…` kept; a later file wins where ids are the same."""
    if not folder.is_dir():
        return []
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".csv", ".jsonl", ".json"})
    return list({example.id: example for path in paths for example in load_own(path)}.values())
