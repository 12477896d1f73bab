"""Mails of one sender or matter are worked in the order of their acceptance (ADR 19)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.store.leases import Claim, claim_mails
from models.store.mail_order import MailKeys, order_key
from models.store.schema import MAIL_STATE
from tests.workers.conftest import Desk, letter
from workers.batch import take_in
from workers.order_keys import order_keys
from workers.tokens import ticket_address

KEY = b"k" * 32
FIRST = "1@shop.example"


def claim(desk: Desk, limit: int) -> Claim:
    take_in(desk.service, portions=1)
    return claim_mails(desk.store, now_utc=desk.now, lease_s=60, limit=limit)


def test_a_mail_waits_for_the_older_one_of_its_sender_or_thread(desk: Desk) -> None:
    a1 = desk.mail(message_id=FIRST)
    a2 = desk.mail(message_id="2@shop.example")
    other = desk.mail(message_id="3@shop.example", sender="b@other.example")
    colleague = desk.mail(
        message_id="4@shop.example", sender="c@shop.example", headers={"In-Reply-To": f"<{FIRST}>"}
    )
    held = claim(desk, 1)
    assert held.ids == (a1,)
    assert claim(desk, 10).ids == (other,)
    assert desk.read().count == 0, "nothing of that conversation is anybody's turn"
    desk.pass_time(61)
    assert claim(desk, 10).ids == (a1, a2, other, colleague), "a lost lease holds up nobody for longer"


def test_a_mail_held_for_a_person_holds_up_nobody(desk: Desk) -> None:
    desk.mail(raw=b"From: seller@shop.example\r\nSubject: x\r\n\r\n" + b"word " * 10)
    desk.mail(message_id="2@shop.example")
    desk.predictor.on_document = _fail_once()
    assert desk.read().count == 2
    assert desk.ends() == ["held", "opened"]
    assert all(row.sender_key is None and row.matter_key is None for row in desk.rows(MAIL_STATE))


def _fail_once() -> Any:
    def fail(document: Any) -> None:
        if document.text.startswith("word"):
            msg = "cannot"
            raise ValueError(msg)

    return fail


def test_claims_at_once_never_part_a_conversation(desk: Desk) -> None:
    for number in range(12):
        desk.mail(message_id=f"{number}@shop.example", sender=f"s{number % 3}@shop.example")
    take_in(desk.service, portions=1)
    claims: list[Claim] = []
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        claims.append(claim_mails(desk.store, now_utc=desk.now, lease_s=60, limit=2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holder_of: dict[int, set[str]] = {}
    for taken in claims:
        for raw_id in taken.ids:
            holder_of.setdefault(raw_id % 3, set()).add(taken.token)
    assert holder_of
    assert all(len(holders) == 1 for holders in holder_of.values())


def test_topic_work_waits_for_a_mail_in_flight_but_not_for_ever(desk: Desk) -> None:
    desk.mail(message_id=FIRST)
    desk.read()
    desk.mail("ID 2457831", message_id="2@shop.example")
    assert desk.work().count == 0
    assert not desk.outbox()
    desk.pass_time(3)
    assert desk.work().count == 0, "the mail is still there"
    desk.pass_time(601)
    assert desk.work().count == 1, "a mail that is stuck is overtaken"


def keys(octets: bytes, mail_from: str = "a@shop.example", to: str = "desk@desk.example") -> MailKeys:
    return order_keys(KEY)(octets, mail_from, [to])


@pytest.mark.parametrize(
    ("subject", "to"),
    [
        ("Re: [RZ-100042] Недостача", "desk@desk.example"),
        ("тикет RZ 100042", "desk@desk.example"),
        ("обращение рз_100042", "desk@desk.example"),
        ("［ＲＺ－１０００４２］", "desk@desk.example"),
        ("Недостача", ticket_address("desk@desk.example", 100042, KEY)),
    ],
)
def test_subject_and_address_name_the_matter(subject: str, to: str) -> None:
    raw = letter("x", subject=subject, message_id="9@shop.example")
    assert keys(raw, to=to).matter == order_key("ticket", "100042")


def test_a_thread_is_named_after_its_first_mail() -> None:
    first = keys(letter("x", message_id=FIRST))
    answer = keys(
        letter("x", message_id="2@x.example", headers={"References": f"<{FIRST}> <r@desk.example>"})
    )
    assert first.matter == answer.matter == order_key("mail", FIRST)
    assert first.sender == order_key("from", "SELLER@shop.example")


def test_a_mail_without_from_has_its_smtp_sender() -> None:
    assert keys(b"Subject: a\r\n\r\nb", "vasya@shop.example").sender == order_key(
        "from", "vasya@shop.example"
    )
    assert keys(b"", "").sender is None


@settings(max_examples=100)
@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_octets_have_keys(octets: bytes, mail_from: str) -> None:
    keys(b"From: " + octets, mail_from)
    keys(octets + b"\r\nSubject: RZ-100001\r\n\r\n", mail_from)
