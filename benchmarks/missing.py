"""How often the missing list is exactly right when the topic is given: extraction and rules alone.

In go the labelled development and training mails (synthetic, `classifier/corpus/`), out comes one
row per part: mails, exact lists, and what is asked needlessly or not asked most often. No model.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.corpus_mail import render
from intake.read_mail import ReadOptions, read_mail
from models.records import Envelope
from workers.facts import facts_of
from workers.required_data import missing_fields
from workers.subkind import subkind_of

CORPUS = Path("classifier/corpus")
RECEIVED = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # the Date of every corpus mail
SHOWN = 5


def run(_rounds: int) -> list[dict[str, Any]]:
    """Return the rows; rounds play no part, the same mails give the same lists."""
    return [_part(name) for name in ("dev", "train")]


def _part(name: str) -> dict[str, Any]:
    needless: Counter[str] = Counter()
    lacking: Counter[str] = Counter()
    exact = 0
    rows = [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        found, gold = set(_found(row)), set(row["missing"])
        exact += found == gold
        needless.update(f"{row['topic']}: {part}" for part in found - gold)
        lacking.update(f"{row['topic']}: {part}" for part in gold - found)
    return {
        "case": f"{name}, topic given",
        "mails": len(rows),
        "exact": round(exact / len(rows), 4),
        "asked needlessly": dict(needless.most_common(SHOWN)),
        "not asked": dict(lacking.most_common(SHOWN)),
    }


def _found(row: dict[str, Any]) -> tuple[str, ...]:
    envelope = Envelope(
        mail_from="seller@shop.example", rcpt_tos=("desk@desk.example",), peer="", received_at_utc=RECEIVED
    )
    mail = read_mail(render(row), envelope, ReadOptions(now_utc=RECEIVED))
    facts = facts_of(mail, None)
    subkind = subkind_of(row["topic"], f"{mail.subject}\n{mail.text}", facts)
    return missing_fields(row["topic"], facts, subkind=subkind)
