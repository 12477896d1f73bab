"""The whole of reading: any octets, the same twice, bounded; hashes, dates and language of a mail."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.mail_json import mail_as_json
from intake.read_mail import ReadOptions, read_mail
from models.records import Envelope, Mail
from tests.example_counts import examples

OPTIONS = ReadOptions(own_addresses=frozenset({"seller-support@market.example"}))
SAMPLES = [
    path.read_bytes() for path in sorted((Path(__file__).parent.parent / "mails").glob("[ckm]*/*.eml"))
]
FRAGMENTS = [
    b"\r\n",
    b"\n\n",
    b"--",
    b"\x00",
    b"\xff\xd0",
    b"=?gb2312?B?",
    b"?=",
    b'Content-Type: multipart/mixed; boundary="a"\n',
    b"Content-Type: message/rfc822\n\n",
    b"Content-Transfer-Encoding: base64\n",
    b"charset=utf-7",
    b"name*0*=utf-8''%d0",
    b"<table><tr><td>",
    b"On 1 Jan 2026 at 10:00, a <b@c.d> wrote:\n",
    b"\x1b$B",
    b"{",
    b"message-id: <a\x1ab@c>",
]


def envelope(mail_from: str = "anna@svechi.example") -> Envelope:
    return Envelope(
        mail_from=mail_from,
        rcpt_tos=("seller-support@market.example",),
        peer="192.0.2.1",
        received_at_utc=datetime(2026, 11, 17, 9, 31, tzinfo=UTC),
    )


def read(raw: str | bytes, source: Envelope | None = None) -> Mail:
    return read_mail(raw.encode() if isinstance(raw, str) else raw, source, OPTIONS)


@settings(max_examples=examples(50), deadline=None)
@given(st.binary(max_size=600))
def test_any_octets_are_read(raw: bytes) -> None:
    mail_as_json(read(raw), "x")


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_broken_mails_are_read_and_twice_the_same(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SAMPLES))[:6000])
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.sampled_from(FRAGMENTS))
    mail = read(bytes(raw))
    assert mail == read(bytes(raw))
    assert "\x00" not in repr(mail)
    repr(mail).encode("utf-8")


def nested(levels: int) -> bytes:
    opening = (
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
        for level in range(levels)
    )
    return b"From: a@b.example\n" + b"".join(opening) + b"\ninnermost words"


@pytest.mark.parametrize(
    "raw",
    [
        nested(2_000),
        nested(49) + b"one of many lines\n" * 300_000,
        b"Content-Type: message/rfc822\n\n" * 2_000 + b"x",
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 20_000,
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--\n" * 500_000,
        b"".join(b"X-%d: y\n" % number for number in range(100_000)) + b"\nx",
        b"Subject: " + b"a " * 2_000_000 + b"\n\nx",
        b"Subject: " + b"=?a?b?" * 20_000 + b"\n\nx",
        b"To: " + b", ".join(b"a%d@b.example" % number for number in range(10_000)) + b"\n\nx",
        b"From: " + b"(" * 20_000 + b"\n\nx",
        b"Content-Type: text/plain; " + b"a*0*=" * 16_000 + b"\n\nx",
        b"Content-Type: text/html\n\n" + b"<div>" * 100_000,
        b"Content-Type: text/html\n\n" + b"<blockquote>x" * 30_000,
        b"Content-Type: text/html\n\n" + b"<table><tr><td>" * 30_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 7_000 + b'<a b="' * 100_000,
        bytes(range(128, 256)) * 20_000,
    ],
    ids=lambda raw: raw[:24].decode("ascii", "replace"),
)
def test_a_hostile_mail_costs_little(raw: bytes) -> None:
    started = time.perf_counter()
    read(raw)
    # About 0.1 to 0.7 s each on an idle machine; the limit allows for a busy one.
    assert time.perf_counter() - started < 5


def test_limits_are_named_in_the_warnings() -> None:
    assert "parts: nested deeper than 50, the innermost were not opened" in read(nested(60)).warnings
    assert "header: too large, its end was not read" in read(b"X: y\n" * 5_000 + b"\nwords").warnings
    assert "text: only its first 200000 characters were read" in read("\n\n" + "слово " * 40_000).warnings


def test_the_words_of_a_mail_over_the_header_limit_are_still_read() -> None:
    assert read(b"X: y\n" * 5_000 + b"\nwords").text == "words"


MAIL = """Received: from a by b; Tue, 17 Nov 2026 12:30:01 +0300
From: anna@svechi.example
To: seller-support@market.example
Subject: Re: [RZ-100042] Lamp
Date: Tue, 17 Nov 2026 12:30:00 +0300
Message-ID: <1@svechi.example>

The lamp is broken.
"""


def test_a_redelivery_has_the_same_content_hash() -> None:
    again = "Received: from c by d; Tue, 17 Nov 2026 13:00:00 +0300\nX-Spam: no\nDKIM-Signature: v=1\n" + MAIL
    assert read(MAIL).content_sha256 == read(again).content_sha256
    assert read(MAIL).content_sha256 == read(MAIL.replace("\n", "\r\n")).content_sha256
    assert read(MAIL).content_sha256 != read(MAIL.replace("broken", "lost")).content_sha256
    assert read(MAIL).content_sha256 != read(MAIL.replace("[RZ-100042]", "[RZ-100043]")).content_sha256


def test_a_letter_sent_again_has_the_same_text_hash() -> None:
    again = (
        MAIL.replace("<1@", "<2@")
        .replace("Re: ", "")
        .replace("12:30:00", "15:00:00")
        .replace("The lamp", "The  lamp")
    )
    assert read(MAIL).text_sha256 == read(again).text_sha256
    assert read(MAIL).text_sha256 != read(MAIL.replace("broken", "lost")).text_sha256
    assert read("Subject: x\n\n").text_sha256 == ""


def test_a_null_reverse_path_forbids_an_answer_and_the_envelope_wins_over_the_header() -> None:
    assert read(MAIL, envelope("")).suppress_replies == "A3: null reverse-path"
    assert read("Return-Path: <>\n" + MAIL).suppress_replies == "A3: null reverse-path"
    assert read("Return-Path: <>\n" + MAIL, envelope()).suppress_replies == ""


@pytest.mark.parametrize(
    ("date_header", "source", "day"),
    [
        ("Tue, 17 Nov 2026 23:30:00 +0000", None, "2026-11-18"),  # Moscow is three hours ahead
        ("Sat, 17 Nov 2029 12:30:00 +0300", envelope(), "2026-11-17"),  # a clock that runs three years ahead
        ("nonsense", envelope(), "2026-11-17"),
    ],
)
def test_the_day_of_a_mail_gives_dates_their_year(
    date_header: str, source: Envelope | None, day: str
) -> None:
    year = day[:4]
    mail = read(
        f"From: a@b.example\nDate: {date_header}\nSubject: x\n\nПриняли 11 ноября, акта нет.\n", source
    )
    assert [entity.value for entity in mail.entities if entity.type == "date"] == [f"{year}-11-11"]


def test_quoted_history_does_not_decide_the_language() -> None:
    history = "On 17 Nov 2026, at 10:02, S <s@m.example> wrote:\n> Здравствуйте, укажите номер."
    raw = f"Subject: x\n\n货件号在这里，谢谢。\n\n{history}\n"
    assert read(raw).language == "zh"


def test_an_empty_letter_takes_the_language_of_its_subject() -> None:
    assert read("Subject: Где мои деньги\n\n").language == "ru"
    assert read("Subject: 123\n\n").language == "unknown"


def test_a_mail_in_another_time_zone_and_with_unknown_zone_is_read() -> None:
    assert (
        read_mail(MAIL.encode(), None, ReadOptions(timezone="No/Such_Zone")).subject == "Re: [RZ-100042] Lamp"
    )


def test_control_characters_in_a_returned_identifier_are_dropped() -> None:
    raw = b"From: mailer-daemon@x.example\nSubject: failure\n\nfailed\nmessage-id: <a\x1ab@c.example>\n"
    bounce = read(raw).bounce
    assert bounce is not None
    assert bounce.original_message_id == "ab@c.example"
