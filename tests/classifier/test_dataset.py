"""Examples: loaded with their line named on error, hashed whatever their order, phrases for every topic."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from classifier.dataset import (
    Example,
    data_hash,
    default_corpus_paths,
    example_of_label,
    group_of,
    load_corpus,
    phrase_examples,
)
from classifier.documents import Document
from models.topics import LANGUAGES, SLUGS


@pytest.fixture(scope="module")
def bundled() -> list[Example]:
    return load_corpus(default_corpus_paths())


def test_the_bundled_corpus_is_whole(bundled: list[Example]) -> None:
    assert len(bundled) == 2017 + 520
    assert {example.topic for example in bundled} == set(SLUGS)
    assert len({example.id for example in bundled}) == len(bundled)


def test_an_unknown_topic_names_its_line(tmp_path: Path, a_row: dict[str, object]) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [a_row, a_row | {"topic": "weather"}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.jsonl, line 2: 'weather'"):
        load_corpus([path])


def test_the_hash_knows_content_not_order(few_examples: list[Example]) -> None:
    some = few_examples[:30]
    assert data_hash(some) == data_hash(some[::-1])
    assert data_hash(some) != data_hash(some[1:])
    relabelled = [replace(some[0], topic="other" if some[0].topic != "other" else "api_technical"), *some[1:]]
    assert data_hash(some) != data_hash(relabelled)


def test_the_hash_knows_the_recipe(few_examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    before = data_hash(few_examples[:5])
    monkeypatch.setattr("classifier.dataset.RECIPE", 10**6)
    assert data_hash(few_examples[:5]) != before


def test_phrases_cover_topics_and_languages() -> None:
    phrases = phrase_examples()
    per_kind = Counter((phrase.topic, phrase.document.language) for phrase in phrases)
    for topic in SLUGS:
        for language in LANGUAGES:
            assert per_kind[topic, language] >= 30
    assert all(0 < phrase.weight < 1 for phrase in phrases)
    assert len({phrase.document.text for phrase in phrases}) > 0.995 * len(phrases)


def test_no_phrase_is_taken_from_the_mails_that_judge(corpus: Path) -> None:
    """A phrase that stands in the dev part would make its figures look better than they are."""
    rows = (corpus / "dev.jsonl").read_text(encoding="utf-8")
    long_ones = [p.document.text for p in phrase_examples() if len(p.document.text) > 12]
    assert not [text for text in long_ones if json.dumps(text, ensure_ascii=False)[1:-1] in rows]


def test_letters_are_whole_mails_of_every_topic_and_language(letters: list[Example]) -> None:
    per_kind = Counter((one.topic, one.document.language) for one in letters)
    assert all(per_kind[topic, language] >= 20 for topic in SLUGS for language in LANGUAGES)
    assert len({one.id for one in letters}) == len(letters)
    assert {(one.source, one.weight) for one in letters} == {("letter", 1.0)}


def test_no_letter_stands_in_the_corpus(bundled: list[Example], letters: list[Example]) -> None:
    judged = {one.group for one in bundled}
    whole = [one for one in letters if len(one.document.subject + one.document.text) > 25]
    assert not [one.id for one in whole if one.group in judged]


def test_data_hash_knows_the_letters(few_examples: list[Example], monkeypatch: pytest.MonkeyPatch) -> None:
    before = data_hash(few_examples[:5])
    monkeypatch.setattr("classifier.dataset.letter_paths", list)
    assert data_hash(few_examples[:5]) != before


@dataclass(frozen=True)
class StoredMail:
    raw_id: int = 7
    topic: str = "other"
    subject: str = "s"
    text: str = "t"
    quoted: str = "q"
    language: str = "en"
    mailbox: str = "help@x.example"
    marketplace: str = "wb"
    ticket: int | None = 100001
    author: str = "anna"


def test_a_label_becomes_an_example_of_its_ticket() -> None:
    example = example_of_label(StoredMail())
    assert (example.id, example.topic, example.group, example.source) == (
        "raw-7",
        "other",
        "ticket-100001",
        "label",
    )
    assert example.document.quoted == "q"
    alone = example_of_label(StoredMail(ticket=None))
    assert alone.group == group_of(alone.document)


def test_near_equal_texts_share_a_group() -> None:
    first = group_of(Document(subject="Заказ", text="Где заказ 0132960105-0001-1?"))
    assert first == group_of(Document(subject="ЗАКАЗ", text="где заказ 0132960999-0002-1?"))
    assert first != group_of(Document(subject="Заказ", text="Где посылка?"))
