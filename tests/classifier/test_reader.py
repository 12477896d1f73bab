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

PIECES = st.sampled_from(
    ["поставка ", "не ", "акции ", "扫描枪坏了", "没有", "order ", "v1/x ", "12.11 ", "! ", "\n", "a@b.cc "]
)
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
    tokens = list(reader.vocabulary)
    return {tokens[c]: float(n) for c, n in zip(reading.columns, reading.counts, strict=True)}


@given(DOCUMENTS)
@settings(max_examples=150, deadline=None)
def test_serving_reads_what_training_read(document: Document) -> None:
    growing = Reader({}, growing=True)
    learnt = growing.read(document)
    served = Reader(growing.vocabulary).read(document)
    assert counted(growing, learnt) == pytest.approx(counted(growing, served))
    assert served.unseen_share in {0.0, 1.0} if served.words == 0 else served.unseen_share == 0.0
    assert np.bincount(served.places, weights=served.shares) == pytest.approx(served.counts)
    assert served.spans[:, 0].sum() == len(served.places)
    assert (served.spans[:, 1] <= served.spans[:, 2]).all()
    assert served.spans[:, 2].max(initial=0) <= len(served.canvas)


def test_quoted_words_count_half() -> None:
    reader = Reader({}, growing=True)
    text = "Этот текст достаточно длинный, чтобы стоять сам по себе, без цитаты"
    found = counted(reader, reader.read(Document(text=text, quoted="водитель")))
    assert found["=водител"] == 0.5
    assert found["?driver"] == 0.5
    assert "+driver" not in found


def test_few_new_words_lean_on_the_quote() -> None:
    reader = Reader({}, growing=True)
    found = counted(reader, reader.read(Document(text="вот номер", quoted="Водителя не пускают")))
    assert found["=водител"] == 1
    assert found["+driver"] == 1


def test_unknown_words_are_a_share() -> None:
    growing = Reader({}, growing=True)
    growing.read(Document(text="склад и товар"))
    reading = Reader(growing.vocabulary).read(Document(text="склад абракадабра"))
    assert reading.unseen_share == 0.5


def test_subject_and_mailbox_have_tokens_of_their_own() -> None:
    reader = Reader({}, growing=True)
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
    reading = Reader({}).read(Document(subject=huge, text=huge, quoted=huge))
    assert reading.words < 30_000
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
