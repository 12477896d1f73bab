"""Bytes of an outgoing mail: A1, A5, A10, A11, A13, read back with the standard library's parser."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.store.outbox import OutgoingMail, ReplyAddress
from tests.example_counts import examples
from workers.outgoing import MAX_REFERENCES, Letter, build_letter, build_reply, capped_references

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LETTER = Letter(
    mail_from="support@desk.example",
    rcpt_to="anna@shop.example",
    message_id="rz.7.acknowledgement.abc@desk.example",
    date_utc=NOW,
    subject="Re: [RZ-100042] Не пришла выплата за неделю с девятого по пятнадцатое ноября, 货款没到账",
    text="Здравствуйте!\n\nМы получили ваше письмо.\n.\nПоддержка\n",
    in_reply_to="a.1@mail.shop.example",
    references=("z.0@mail.shop.example", "a.1@mail.shop.example"),
)


def parsed(letter: Letter) -> email.message.EmailMessage:
    message = email.message_from_bytes(build_letter(letter), policy=email.policy.default)
    assert not message.defects
    return message


def test_seller_sees_what_was_written() -> None:
    message = parsed(LETTER)
    assert message["Subject"] == LETTER.subject
    assert message.get_content().replace("\r\n", "\n") == LETTER.text
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert (message["From"], message["To"]) == (LETTER.mail_from, LETTER.rcpt_to)
    assert message["Message-ID"] == f"<{LETTER.message_id}>"
    assert message["Date"].datetime == NOW


def test_a_mail_client_shows_who_writes() -> None:
    for name in ("Поддержка продавцов", "卖家支持", "Seller Support"):
        raw = build_letter(replace(LETTER, sender_name=name))
        sender = email.message_from_bytes(raw, policy=email.policy.default)["From"].addresses
        assert [(a.display_name, a.addr_spec) for a in sender] == [(name, LETTER.mail_from)]
        assert max(map(len, raw.split(b"\r\n"))) <= 100


def test_a1_automatic_mail_says_so_and_an_operators_does_not() -> None:
    assert parsed(LETTER)["Auto-Submitted"] == "auto-replied"
    by_hand = parsed(replace(LETTER, automatic=False))
    assert by_hand["Auto-Submitted"] is None
    assert by_hand["X-Auto-Response-Suppress"] is None


def test_a5_own_loop_header() -> None:
    assert parsed(LETTER)["X-Loop"] == LETTER.mail_from


def test_a10_reply_joins_the_thread() -> None:
    message = parsed(LETTER)
    assert message["In-Reply-To"] == "<a.1@mail.shop.example>"
    assert message["References"].split() == ["<z.0@mail.shop.example>", "<a.1@mail.shop.example>"]


def test_a10_long_message_ids_are_folded_and_not_encoded() -> None:
    ids = tuple(f"{'x' * 120}.{n}@mail.shop.example" for n in range(60))
    content = build_letter(replace(LETTER, references=ids))
    assert b"=?utf-8" not in content.partition(b"References:")[2].partition(b"Subject:")[0]
    kept = parsed(replace(LETTER, references=ids))["References"].split()
    assert len(kept) == MAX_REFERENCES
    assert (kept[0], kept[-1]) == (f"<{ids[0]}>", f"<{ids[-1]}>")


@pytest.mark.parametrize("bad", ["a b@x", "", "a\r\nBcc: b@x", "<<a@x>>", "a" * 300 + "@x", "ю@x"])
def test_a10_hostile_message_ids_are_left_out(bad: str) -> None:
    assert capped_references(["good@x.example", bad]) == ("good@x.example",)
    assert "Bcc" not in parsed(replace(LETTER, in_reply_to=bad, references=(bad,)))


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example\r\nBcc: b@x.example",
        "a@x.example, b@x.example",
        "a b@x.example",
        "",
        "anna",
        "<a@x.example>",
        "ю@x.example",
    ],
)
def test_address_that_no_header_can_hold_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a header"):
        build_letter(replace(LETTER, rcpt_to=address))


def test_plain_english_stays_readable() -> None:
    content = build_letter(replace(LETTER, subject="Re: [RZ-100042] slot", text="Hello,\n\nThanks.\n"))
    assert b"Subject: Re: [RZ-100042] slot\r\n" in content
    assert content.endswith(b"\r\n\r\nHello,\r\n\r\nThanks.\r\n")


def test_reply_from_the_outbox() -> None:
    mail = OutgoingMail(
        outbox_id=3,
        ticket=100042,
        kind="completed",
        automatic=True,
        language="ru",
        subject=LETTER.subject,
        text=LETTER.text,
        address=ReplyAddress(
            mail_from=LETTER.mail_from,
            rcpt_to=LETTER.rcpt_to,
            message_id=LETTER.message_id,
            in_reply_to=LETTER.in_reply_to,
            references=LETTER.references,
        ),
        created_at_utc=NOW,
        attempts=0,
    )
    wanted = build_letter(replace(LETTER, sender_name="Поддержка продавцов"))
    assert build_reply(mail, now_utc=NOW, mail_domain="desk.example") == wanted


@settings(max_examples=examples(75), deadline=None)
@given(subject=st.text(max_size=300), text=st.text(max_size=400))
def test_any_subject_and_text_make_one_well_formed_mail(subject: str, text: str) -> None:
    content = build_letter(replace(LETTER, subject=subject, text=text))
    head, _, body = content.partition(b"\r\n\r\n")
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert len(names) == len(set(names)) == 13
    assert body.endswith(b"\r\n")
    email.message_from_bytes(content, policy=email.policy.default).get_content()
