"""Storms, loops, guesses, forgeries (A2-A9, A16, R26): nothing is lost, answered without end or revealed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.workers.conftest import INCOMPLETE, SUPPORT
from workers.tokens import bounce_address, reply_message_id, ticket_address

pytestmark = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)  # the SQL is the same
KEY = b"k" * 32
OWNER, STRANGER = "owner@shop.example", "curious@elsewhere.example"


def settle(desk: Any, service: Any = None) -> None:
    while desk.read(service).count:
        pass
    while desk.work(service).count:
        pass


def states(desk: Any) -> dict[str, int]:
    found = [row.status for row in desk.outbox()]
    return {state: found.count(state) for state in sorted(set(found))}


def test_a8_a_storm_of_one_sender_end_as_tickets_and_few_are_answered(desk: Any) -> None:
    service = desk.make_service(automatic_per_hour=4, batch_size=64)
    for n in range(12):
        text = f"Робот магазина: поставка 20000612{n:05} принята не полностью, не хватает {n} единиц."
        desk.mail(text, sender="robot@shop.example", message_id=f"{n}@shop.example", subject=f"Недостача {n}")
    settle(desk, service)
    assert desk.ends() == ["opened"] * 12
    assert states(desk) == {"muted": 8, "queued": 4}
    desk.assert_balanced()
    desk.pass_time(3601)
    desk.mail(INCOMPLETE, sender="robot@shop.example", message_id="next@shop.example", subject="Ещё одна")
    settle(desk, service)
    assert states(desk) == {"muted": 8, "queued": 5}, "an hour later it is answered again"


def test_a8_many_senders_with_one_subject_stop_at_the_cap_of_all_within_one_batch(desk: Any) -> None:
    service = desk.make_service(automatic_per_hour_all=5, batch_size=64)
    for n in range(12):
        desk.mail(
            INCOMPLETE, sender=f"s{n}@many{n}.example", message_id=f"{n}@many.example", subject="Срочно"
        )
    settle(desk, service)
    assert desk.ends() == ["opened"] * 12
    assert states(desk) == {"muted": 7, "queued": 5}
    desk.pass_time(11)
    other = desk.make_service(automatic_per_hour_all=5)
    desk.mail(INCOMPLETE, sender="late@many.example", message_id="late@many.example")
    settle(desk, other)
    assert states(desk) == {"muted": 8, "queued": 5}, "another process counts what this one wrote"
    assert {row.status for row in desk.tickets() if row.status != "waiting_seller"} == {"new"}


def test_a_draft_is_no_automatic_mail_and_fills_no_cap(desk: Any) -> None:
    from models.store.policies import write_policy

    with desk.store.write() as db:
        write_policy(db, "replies", {"default": "draft"}, author="anna", now_utc=desk.now)
    service = desk.make_service(automatic_per_hour=1, automatic_per_hour_all=1)
    for n in range(3):
        desk.mail(
            INCOMPLETE, message_id=f"{n}@shop.example", subject=f"Недостача {n}", sender=f"s{n}@a.example"
        )
    settle(desk, service)
    assert states(desk) == {"draft": 3}


def test_a8_a_robot_that_opens_a_ticket_for_each_answer_is_answered_to_the_cap(desk: Any, relay: Any) -> None:
    """It names no thread and sets no header: only the cap can end the talk."""
    service = desk.make_service(automatic_per_hour=3)
    for n in range(6):
        desk.mail(
            f"Ваша заявка принята, номер {70000 + n}. Не отвечайте на это письмо, ожидайте специалиста.",
            sender="help@otherdesk.example",
            message_id=f"{n}@otherdesk.example",
            subject=f"Заявка {70000 + n}",
        )
        settle(desk, service)
        desk.pass_time(60)
    assert sum(state in {"queued", "sent"} for state in (row.status for row in desk.outbox())) <= 3
    assert None not in desk.ends()


def test_a2_a_storm_of_bounces_is_kept_and_never_answered(desk: Any, relay: Any) -> None:
    desk.mail()
    settle(desk)
    desk.deliver(relay.port)
    (row,) = desk.outbox()
    address = bounce_address(row.id, KEY, "razbor.local")
    for n in range(8):
        raw = (
            f"From: MAILER-DAEMON@a{n}.example\r\nTo: {address}\r\nSubject: Undelivered Mail {n}\r\n"
            f"Message-ID: <b{n}@a.example>\r\n\r\nNo such user here, part {n}.\r\n"
        )
        desk.mail(raw=raw.encode(), mail_from="", rcpt=address)
    settle(desk)
    assert desk.ends() == ["opened"] + ["auto"] * 8
    assert len(desk.outbox()) == 1
    assert len(desk.tickets()) == 1


CLAIMS = {
    "subject": {"subject": "Re: [RZ-{number}] Выплата"},
    "body": {"text": "Прошу детали по обращению RZ-{number}: что решили, кто отвечает?"},
    "message id": {"headers": {"In-Reply-To": "<{message_id}>", "References": "<{message_id}>"}},
    "address": {"rcpt": "{address}"},
    "escalation": {
        "text": "Требую эскалации обращения RZ-{number}: продажи остановлены, штраф. 1 ноября 2026 писали, "
        "5 ноября 2026 писали снова, ответа нет."
    },
}


@pytest.mark.parametrize(("claim", "marked"), [*((claim, False) for claim in CLAIMS), ("subject", True)])
def test_a16_a_claim_to_anothers_ticket_reads_as_one_to_a_ticket_that_is_not(
    desk: Any, claim: str, *, marked: bool
) -> None:
    """A stranger gets the same words whether the number, the reference or the address is real or made up."""
    desk.mail("Выплата 52 300 ₽ не пришла, договор ООО Ромашка.", sender=OWNER, message_id="own@shop.example")
    settle(desk)
    real, row = desk.tickets()[0].id, desk.outbox()[0]
    true = {
        "number": str(real),
        "message_id": row.message_id,
        "address": ticket_address(SUPPORT, real, KEY),
    }
    made_up = {
        "number": "987654",
        "message_id": reply_message_id(4711, "missing_data", b"x" * 32, "razbor.local"),
        "address": ticket_address(SUPPORT, real, b"x" * 32),
    }
    answers = []
    for n, values in enumerate((true, made_up)):
        given = filled(CLAIMS[claim], values)
        words = given.pop("text", f"Что по нашему делу? {INCOMPLETE}") + (" unsure" if marked else "")
        before = len(desk.outbox())
        desk.mail(words, sender=f"{n}{STRANGER}", message_id=f"{n}@elsewhere.example", **given)
        settle(desk)
        answers.append([(r.kind, r.subject, r.text) for r in desk.outbox()[before:]])
        assert desk.ends()[-1] == "opened"
    numbers = [row.id for row in desk.tickets()]
    assert len(numbers) == 3
    told = [
        [(kind, *(re.sub(rf"RZ-{number}\b", "RZ-own", part) for part in parts)) for kind, *parts in some]
        for number, some in zip(numbers[1:], answers, strict=True)
    ]
    assert told[0] == told[1]
    assert told[0], "both are answered"
    if claim == "subject":
        told = [[(kind, *map(drop_tag, parts)) for kind, *parts in some] for some in told]
    assert not re.search(r"52|Ромашка|owner|RZ-1", repr(told[0]))
    assert (desk.tickets()[0].status, desk.tickets()[0].updated_at_utc) == ("waiting_seller", desk.now)


def drop_tag(words: str) -> str:
    return words.replace("RZ-own", "")


def filled(given: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """Put the real or made-up values into a claim."""
    return {
        name: filled(words, values) if isinstance(words, dict) else words.format(**values)
        for name, words in given.items()
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda address: address.replace("+t", "+T").upper(),  # some servers fold the case: still ours
        lambda address: address.replace("+t1", "+t01"),
        lambda address: address.replace("+t1", "+t２"),
        lambda address: address.replace("@", "a@"),
        lambda address: address[: address.index("@") - 1] + address[address.index("@") :],
        lambda address: re.sub(r"\+t\d+", "+t100002", address),
        lambda address: address.replace("+t", "+x"),
    ],
    ids=["case", "zero", "wide", "longer", "shorter", "other number", "other purpose"],
)
def test_a16_an_address_that_was_tampered_with_leads_nowhere(desk: Any, change: Any) -> None:
    desk.mail(sender=OWNER, message_id="own@shop.example")
    settle(desk)
    address = ticket_address(SUPPORT, desk.tickets()[0].id, KEY)
    changed = change(address)
    desk.mail(
        "Дополняю: коробки опечатаны.",
        sender=OWNER,
        message_id="more@shop.example",
        rcpt=changed,
        subject="x",
    )
    settle(desk)
    assert desk.ends()[-1] == ("appended" if changed.lower() == address.lower() else "opened")
