"""A desk full of tickets, made from the bundled corpus (synthetic): `python -m benchmarks fill`.

In go an empty, migrated store and a count; out come so many tickets with their mails, facts,
predictions, labels, replies, status events, terms and the index of words, written straight into the
tables in bulk, the same rows for both databases. Digits of the identifiers are drawn anew for each
ticket, so that they differ as in life. States: a fifth is open (of these some hundreds in review),
the rest closed over half a year; every third ticket has a second mail.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.bulk_rows import Row, settle, write_rows, write_values
from classifier.dataset import default_corpus_paths
from models.store import Store
from models.store.schema import (
    ATTACHMENT,
    AUDIT,
    FACT,
    LABEL,
    MAIL_STATE,
    MESSAGE,
    OUTBOX,
    PARTY,
    PREDICTION,
    STATUS_EVENT,
    TICKET,
)
from models.store.word_index import entry, indexed_texts
from models.topics import SLUGS

NOW: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FIRST_NUMBER: Final = 100_001
PORTION: Final = 2_000
OPEN_SHARE, REVIEW_SHARE, SECOND_SHARE = 0.2, 0.004, 0.33
OPERATORS: Final = ("maria", "ivan", "wei", "anna", "")
FIELDS: Final = {
    "seller_id": "seller_id",
    "order_number": "order_ref",
    "sku": "sku_ref",
    "article": "sku_ref",
    "barcode": "barcode_or_mark",
    "supply_number": "supply_ref",
    "tracking_number": "tracking_number",
    "claim_number": "claim_ref",
    "campaign_id": "campaign_ref",
    "pickup_point_id": "pvz_ref",
    "tax_id": "legal_id",
    "document_number": "document_ref",
    "amount": "amount",
    "date": "event_date",
}
_WORDS: Final = re.compile(r"[^\W\d_]{2,16}")
_DIGITS: Final = re.compile(r"\d")


@dataclass(slots=True)
class Maker:
    """Draws tickets; the same seed gives the same desk."""

    chance: random.Random
    corpus: list[dict[str, Any]]
    raw_id: int = 0
    tables: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    words: list[tuple[int, list[str]]] = field(default_factory=list)

    def ticket(self, number: int, share: float) -> None:
        """Add one ticket; `share` (0 to 1) is its place between the oldest and the newest."""
        mail = _renumbered(self.chance.choice(self.corpus), self.chance)
        opened = NOW - timedelta(days=180) * (1 - share) - timedelta(seconds=self.chance.randrange(3600))
        is_open = self.chance.random() < OPEN_SHARE * (2 * share)
        in_review = is_open and self.chance.random() < REVIEW_SHARE / OPEN_SHARE
        status = self.chance.choice(("new", "in_progress", "waiting_seller")) if is_open else "closed"
        sender = f"{mail['lang']}{self.chance.randrange(4000)}@shop{self.chance.randrange(900)}.example"
        facts = [
            (FIELDS[one["type"]], one["value"], one["type"])
            for one in mail["entities"]
            if one["type"] in FIELDS and one.get("value")
        ]
        seller = next((value for name, value, _ in facts if name == "seller_id"), "")
        topic = mail["topic"] if self.chance.random() < 0.95 else self.chance.choice(SLUGS)
        confidence = self.chance.betavariate(2, 3) if in_review else self.chance.betavariate(12, 1)
        raw_id = self._mail(number, mail, sender, opened, confidence, topic)
        updated = opened + timedelta(hours=self.chance.randrange(1, 72))
        has_term = is_open and status != "waiting_seller"
        parts = {"criticality": self.chance.randrange(4), "identifiers": len(facts) % 4}
        self.tables["ticket"].append(
            {
                "id": number,
                "status": status,
                "topic": topic,
                "in_review": in_review,
                "language": mail["lang"],
                "marketplace": mail["marketplace"],
                "subject": mail["subject"],
                "mailbox": mail["to"],
                "requester": sender,
                "seller_id": seller if self.chance.random() < 0.5 else "",
                "opened_by_raw_id": raw_id,
                "opened_at_utc": opened,
                "updated_at_utc": updated,
                "status_at_utc": updated,
                "closed_at_utc": None if is_open else updated,
                "resolution": "" if is_open else "answered",
                "confidence": confidence,
                "missing": mail.get("missing", []) if is_open else [],
                "priority": self.chance.choices(("urgent", "high", "normal", "low"), (1, 6, 70, 23))[0],
                "priority_parts": parts,
                "score": sum(parts.values()),
                "assignee": self.chance.choice(OPERATORS) if status != "new" else "",
                "deadline": str((opened + timedelta(days=5)).date()) if self.chance.random() < 0.05 else "",
                "escalated": is_open and self.chance.random() < 0.02,
                "sla_phase": "first_reaction" if has_term else "",
                "sla_due_at_utc": updated + timedelta(hours=self.chance.randrange(4, 900))
                if has_term and self.chance.random() < 0.9
                else None,
            }
        )
        self.tables["party"].append({"ticket_id": number, "address": sender})
        self.tables["fact"] += [
            {"ticket_id": number, "raw_id": raw_id, "field": name, "value": value, "text": value}
            | {"type": kind, "created_at_utc": opened}
            for name, value, kind in facts
        ]
        self.tables["status_event"] += [
            {"ticket_id": number, "at_utc": opened, "to_status": "new", "reason": "mail received"},
            {"ticket_id": number, "at_utc": updated, "from_status": "new", "to_status": status},
        ]
        if not in_review:
            self._worked(number, raw_id, topic, sender, mail["lang"], opened)
        if self.chance.random() < SECOND_SHARE:
            alike = [
                one for one in self.corpus if (one["lang"], one["topic"]) == (mail["lang"], mail["topic"])
            ]
            again = _renumbered(self.chance.choice(alike), self.chance) | {"from": mail["from"]}
            self._mail(number, again, sender, updated, None, topic)

    def _worked(self, number: int, raw_id: int, topic: str, sender: str, language: str, at: datetime) -> None:
        self.tables["outbox"].append(
            {
                "ticket_id": number,
                "inbound_raw_id": raw_id,
                "kind": "acknowledgement",
                "status": "sent",
                "message_id": f"r{raw_id}@razbor.local",
                "rcpt_to": sender,
                "language": language,
                "subject": f"[RZ-{number}]",
                "text": "We have your mail.",
                "created_at_utc": at,
                "sent_at_utc": at,
            }
        )
        self.tables["audit_entry"].append(
            {"at_utc": at, "actor": "maria", "action": "assign", "subject": f"ticket:{number}"}
        )
        is_audited = self.tables["prediction"][-1]["audit"] and self.chance.random() < 0.95
        if is_audited or self.chance.random() < 0.1:
            self.tables["label"].append(
                {"raw_id": raw_id, "topic": topic, "author": "maria", "created_at_utc": at}
            )

    def _mail(
        self,
        number: int,
        mail: dict[str, Any],
        sender: str,
        at: datetime,
        confidence: float | None,
        topic: str,
    ) -> int:
        self.raw_id += 1
        raw_id = self.raw_id
        entities = [
            {**one, "where": "body", "start": at_char, "end": at_char + len(one["text"])}
            for one in mail["entities"]
            if one["text"] and (at_char := mail["body"].find(one["text"])) >= 0
        ]
        self.tables["message"].append(
            {
                "raw_id": raw_id,
                "ticket_id": number,
                "received_at_utc": at,
                "message_id": f"m{raw_id}@shop.example",
                "from_address": sender,
                "from_name": mail["from"].partition("<")[0].strip(),
                "reply_address": sender,
                "mailbox": mail["to"],
                "subject": mail["subject"],
                "language": mail["lang"],
                "marketplace": mail["marketplace"],
                "text": mail["body"],
                "entities": entities,
                "text_sha256": str(raw_id),
            }
        )
        self.tables["mail_state"].append(
            {"raw_id": raw_id, "received_at_utc": at, "disposed_at_utc": at, "ticket_id": number}
            | {"disposition": "appended" if confidence is None else "opened"}
        )
        self.tables["attachment"] += [
            {"raw_id": raw_id, "position": place, "name": part["name"], "kind": part["kind"]}
            for place, part in enumerate(mail.get("attachments", []))
        ]
        self.words.append((raw_id, indexed_texts(mail["subject"], mail["body"], entities)))
        self._prediction(raw_id, topic, 0.9 if confidence is None else confidence, at, mail["body"])
        return raw_id

    def _prediction(self, raw_id: int, topic: str, confidence: float, at: datetime, body: str) -> None:
        others = [slug for slug in SLUGS if slug != topic]
        self.chance.shuffle(others)
        shares = [(1 - confidence) * part for part in (0.6, 0.25, *[0.15 / (len(others) - 2)] * len(others))]
        words = sorted(set(_WORDS.findall(body)), key=len)[-4:]
        sure = confidence > 0.8
        self.tables["prediction"].append(
            {
                "raw_id": raw_id,
                "topic": topic,
                "confidence": confidence,
                "sure": sure,
                "threshold": 0.8,
                "decision": "route" if sure else "review",
                "probabilities": {topic: confidence, **dict(zip(others, shares, strict=False))},
                "reasons": [
                    {"text": word, "weight": 0.6 * (place + 1), "topic": topic if place else others[0]}
                    for place, word in enumerate(words)
                ],
                "model": "m-benchmark",
                "margin": confidence - shares[0],
                "audit": sure and self.chance.random() < 0.15,
                "created_at_utc": at,
            }
        )


TABLES: Final = (TICKET, MESSAGE, MAIL_STATE, ATTACHMENT, FACT, PARTY)
MORE_TABLES: Final = (PREDICTION, LABEL, OUTBOX, STATUS_EVENT, AUDIT)


def fill(store: Store, tickets: int, *, seed: int = 7) -> int:
    """Fill an empty store; return the number of mails."""
    maker = Maker(chance=random.Random(seed), corpus=list(_corpus()))
    for start in range(0, tickets, PORTION):
        for place in range(start, min(start + PORTION, tickets)):
            maker.ticket(FIRST_NUMBER + place, place / tickets)
        with store.write() as db:
            for table in (*TABLES, *MORE_TABLES):
                write_rows(db, table, maker.tables[table.name])
            key = "rowid" if store.is_sqlite else "raw_id"
            words = [entry(db.dialect.name, raw_id, texts)["words"] for raw_id, texts in maker.words]
            values: list[list[Any]] = [
                [raw_id, found if store.is_sqlite else " ".join(f"'{token}'" for token in found)]
                for (raw_id, _), found in zip(maker.words, words, strict=True)
            ]
            write_values(db, "mail_words", [key, "words"], values)
        maker.tables.clear()
        maker.words.clear()
    with store.write() as db:
        settle(db)
    if not store.is_sqlite:  # as autovacuum would; SQLite gets no statistics in production either
        with store.lone_cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return maker.raw_id


def _corpus() -> Iterator[dict[str, Any]]:
    for path in default_corpus_paths():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


def _renumbered(mail: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a mail of the corpus with other digits in its identifiers."""
    body, entities = mail["body"], []
    for one in mail["entities"]:
        if one["type"] in {"date", "period", "amount", "secret", "ticket_id"} or one["text"] != one["value"]:
            entities.append(one)
            continue
        fresh = _DIGITS.sub(lambda _: chance.choice("0123456789"), one["text"])
        body = body.replace(one["text"], fresh)
        entities.append({**one, "text": fresh, "value": fresh})
    return {**mail, "body": body, "entities": entities}
