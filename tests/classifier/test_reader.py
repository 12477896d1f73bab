"""Reading is the same while training and while serving, and bounded whatever comes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.dataset import Example
from classifier.documents import Document, document_of, document_of_row
from classifier.reader import Reader, Reading
from models.records import Attachment, Mail
from tests.classifier import plain_reading
from tests.example_counts import examples

WORDS = [
    "中 ",
    "поставка ",
    "не ",
    "акции ",
    "order ",
    "не прошла ",
    "isn't ",
    "я",
    "ё",
    "扫描枪坏了",
    "没有",
    "价格不符合",
]
SIGNS = [
    "v1/x ",
    "12.11 ",
    "! ",
    "\n",
    "a@b.cc ",
    "卢布",
    "404 ",
    "2000012345678 ",
    "rub ",
    ". ",
    "，",
    "中 ",
]
PIECES = st.sampled_from([*WORDS, *SIGNS])
DOCUMENTS = st.builds(
    lambda subject, text, quoted, mailbox: Document(
        subject=subject, text=text, quoted=quoted, mailbox=mailbox
    ),
    st.lists(PIECES, max_size=4).map("".join),
    st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)),
    st.lists(PIECES, max_size=10).map("".join),
    st.text(max_size=30),
)


def counted(reader: Reader, reading: Reading) -> dict[str, float]:
    tokens = reader.spelling.tokens_of(reading.columns.tolist())
    return dict(zip(tokens, reading.counts.tolist(), strict=True))


@given(st.lists(DOCUMENTS, min_size=1, max_size=3))
@settings(max_examples=examples(50), deadline=None)
def test_arrays_count_what_the_definition_counts(documents: list[Document]) -> None:
    """In training and in serving, alone and in a batch, with and without places."""
    growing = Reader()
    learnt = growing.read_all(documents)
    vocabulary = growing.spelling.tokens_of(np.unique(learnt.columns).tolist())
    serving = Reader(vocabulary)
    served = serving.read_all(documents, with_places=True)
    for number, document in enumerate(documents):
        expected = plain_reading.counted(document)
        columns, counts = learnt.row(number)
        assert dict(zip(growing.spelling.tokens_of(columns.tolist()), counts, strict=True)) == expected
        reading = serving.reading(served, number, document)
        tokens = [vocabulary[column] for column in reading.columns]
        assert dict(zip(tokens, reading.counts, strict=True)) == expected
        assert served.unseen_shares[number] == (0.0 if served.words[number] else 1.0)
        assert np.bincount(reading.places, weights=reading.shares) == pytest.approx(reading.counts)
        assert reading.spans[:, 0].sum() == len(reading.places)
        assert (reading.spans[:, 1] <= reading.spans[:, 2]).all()
        assert reading.spans[:, 2].max(initial=0) <= len(reading.canvas)


def test_mails_of_the_corpus_count_what_the_definition_counts(few_examples: list[Example]) -> None:
    reader = Reader()
    documents = [example.document for example in few_examples[::9]]
    readings = reader.read_all(documents)
    for number, document in enumerate(documents):
        columns, counts = readings.row(number)
        tokens = reader.spelling.tokens_of(columns.tolist())
        assert dict(zip(tokens, counts, strict=True)) == plain_reading.counted(document)


def test_quoted_words_count_half() -> None:
    reader = Reader()
    text = "Этот текст достаточно длинный, чтобы стоять сам по себе, без цитаты"
    found = counted(reader, reader.read(Document(text=text, quoted="водитель")))
    assert found["=водител"] == 0.5
    assert found["?driver"] == 0.5
    assert "+driver" not in found


def test_few_new_words_lean_on_the_quote() -> None:
    reader = Reader()
    found = counted(reader, reader.read(Document(text="вот номер", quoted="Водителя не пускают")))
    assert found["=водител"] == 1
    assert found["+driver"] == 1


def test_unknown_words_are_a_share() -> None:
    reader = Reader(["=склад", "=и", "=товар", "库", "存", "库存"])
    readings = reader.read_all(
        [Document(text="склад абракадабра"), Document(text="库存存库"), Document(), Document(text="!")]
    )
    assert readings.unseen_shares.tolist() == [0.5, 0.5, 1.0, 1.0]


def test_history_says_nothing_of_unknown_words() -> None:
    reader = Reader(["=склад", "=товар"])
    text = "склад товар " * 5
    assert reader.read_all([Document(text=text, quoted="абракадабра")]).unseen_shares.tolist() == [0.0]


def test_subject_and_mailbox_have_tokens_of_their_own() -> None:
    reader = Reader()
    document = Document(
        subject="Штраф", text="x", mailbox="pvz-help+a@market.example", attachment_kinds=("act",)
    )
    found = counted(reader, reader.read(document))
    assert {"#штраф", "@to:pvz", "@to:help", "@file:act", "@at:unknown"} <= set(found)


@pytest.mark.parametrize(
    "piece", ["а", "слово ", "中", "没有库存", "1", "a.", "> ", "не не ", "\n", "http://a "]
)
def test_a_mail_of_megabytes_is_read_in_bounded_time(piece: str) -> None:
    huge = piece * (2_000_000 // len(piece))
    began = time.perf_counter()
    reading = Reader([]).read_all([Document(subject=huge, text=huge, quoted=huge)], with_places=True)
    assert reading.words[0] < 30_000
    assert time.perf_counter() - began < 4


def test_row_and_mail_give_the_same_document(a_row: dict[str, object]) -> None:
    of_row = document_of_row(a_row)
    mail = Mail(
        subject=of_row.subject,
        text=of_row.text,
        quoted=of_row.quoted,
        language=of_row.language,
        marketplace=of_row.marketplace,
        attachments=tuple(
            Attachment(name=name, kind=kind, content_type="x/y", size_bytes=1)
            for name, kind in zip(of_row.attachment_names, of_row.attachment_kinds, strict=True)
        ),
    )
    assert document_of(mail, of_row.mailbox) == of_row


def test_history_of_a_row_is_split_off(train_examples: list[Example]) -> None:
    body = "Вот номер 123\n> Уточните номер\n\n-----Исходное сообщение-----\nстарое"
    row = {"subject": "", "body": body, "lang": "ru", "to": "", "marketplace": "wb", "attachments": []}
    document = document_of_row(row)
    assert document.text == "Вот номер 123\n"
    assert "Уточните" in document.quoted
    assert "старое" in document.quoted
    with_quotes = sum(bool(example.document.quoted) for example in train_examples)
    assert 100 < with_quotes < len(train_examples) / 4
