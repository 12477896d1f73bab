"""The measure of the missing lists, and what the rules reach on the training corpus with gold identifiers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources

import pytest

from models.decisions import Decision, Link
from models.records import Address, Attachment, Entity, Mail
from models.topics import Disposition
from workers.missing_scores import MissingCase, score_missing
from workers.topics import decide_topic
from workers.triage import ticket_state_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FLOOR = 0.88  # with gold identifiers alone; dates in words and warehouses come from the extraction


def case(
    gold: str, found: str, *, topic: str = "a", found_topic: str = "a", language: str = "ru"
) -> MissingCase:
    return MissingCase(
        gold=tuple(gold.split()),
        found=tuple(found.split()),
        gold_topic=topic,
        found_topic=found_topic,
        language=language,
    )


def test_scores() -> None:
    scores = score_missing(
        [
            case("x y", "y x"),
            case("x", "", language="zh"),
            case("", "z", topic="b", found_topic="b"),
            case("x", "q", found_topic="b"),
        ]
    )
    assert (scores.n, scores.exact) == (4, 0.25)
    assert (scores.n_topic_right, scores.exact_topic_right) == (3, pytest.approx(1 / 3))
    assert scores.per_language == {"ru": pytest.approx(1 / 3), "zh": 0.0}
    assert scores.per_topic == {"a": pytest.approx(1 / 3), "b": 0.0}
    assert (scores.asked_needlessly, scores.not_asked) == ({"z": 1}, {"x": 1})


def test_nothing_counted_is_no_division_by_zero() -> None:
    assert score_missing([]).exact == 0.0


def mail_of(row: dict[str, object]) -> Mail:
    subject, body = str(row["subject"]), str(row["body"])
    entities = []
    for gold in row["entities"]:  # type: ignore[attr-defined] # JSON
        where, text = ("subject", subject) if gold["text"] not in body else ("body", body)
        start = max(0, text.find(gold["text"]))
        value = gold["value"] or gold["text"]
        entities.append(
            Entity(
                type=gold["type"],
                text=gold["text"],
                value=value,
                where=where,
                start=start,
                end=start + len(gold["text"]),
            )
        )
    parts = [
        Attachment(name=part["name"], content_type="", size_bytes=1, kind=part["kind"])
        for part in row["attachments"]  # type: ignore[attr-defined] # JSON
    ]
    return Mail(
        from_=Address("", "a@b.example"),
        date_utc=NOW,
        subject=subject,
        text=body,
        language=str(row["lang"]),
        marketplace=str(row["marketplace"]),
        entities=tuple(entities),
        attachments=tuple(parts),
    )


@pytest.mark.slow
def test_missing_lists_on_the_synthetic_training_corpus() -> None:
    source = resources.files("classifier").joinpath("corpus", "train.jsonl").read_text(encoding="utf-8")
    cases = []
    for line in source.splitlines()[::2]:
        row = json.loads(line)
        mail = mail_of(row)
        decision = Decision(disposition=Disposition.OPENED, decision="route", topic=row["topic"], link=Link())
        found = decide_topic(ticket_state_of(mail, decision, NOW)).missing
        cases.append(
            MissingCase(
                gold=tuple(row["missing"]),
                found=found,
                gold_topic=row["topic"],
                found_topic=row["topic"],
                language=row["lang"],
            )
        )
    scores = score_missing(cases)
    assert scores.exact >= FLOOR, (scores.asked_needlessly, scores.not_asked)
    assert min(scores.per_language.values()) >= FLOOR - 0.03
