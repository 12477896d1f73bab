"""Topic work on both engines: asked once, completed once, muted and suppressed as the rules say."""

from __future__ import annotations

from typing import Any

import pytest

from models.store import ticket_states
from models.store.policies import write_policy
from models.store.schema import FACT
from tests.workers.conftest import INCOMPLETE
from workers import topic_batch
from workers.topics import decide_topic


def ask(desk: Any) -> int:
    """Let an incomplete mail open a ticket and be asked about; gives the ticket's number."""
    desk.mail(message_id="first@shop.example")
    desk.read()
    assert desk.work().replies
    number: int = desk.tickets()[0].id
    return number


def test_one_question_then_the_answer_completes_and_nothing_is_asked_twice(desk: Any) -> None:
    number = ask(desk)
    (question,) = desk.outbox()
    assert (question.kind, question.status, question.rcpt_to) == (
        "missing_data",
        "queued",
        "seller@shop.example",
    )
    assert [row.field for row in desk.asked()] == ["seller_id"]
    assert desk.tickets()[0].status == "waiting_seller"
    assert not desk.work().count, "nothing is due a second time"
    desk.mail("ID продавца 1250487", subject=f"[RZ-{number}]", message_id="second@shop.example")
    desk.read()
    assert desk.tickets()[0].status == "new"
    desk.work()
    ticket = desk.tickets()[0]
    assert (list(ticket.missing), ticket.question_count, ticket.status) == ([], 1, "new")
    assert [row.kind for row in desk.outbox()] == ["missing_data", "completed"]


def test_two_mails_of_a_ticket_in_flight_lead_to_one_decision(desk: Any) -> None:
    desk.mail(message_id="1@shop.example")
    follow_up = {"In-Reply-To": "<1@shop.example>", "References": "<1@shop.example>"}
    desk.mail("Забыли: ID продавца 1250487", message_id="2@shop.example", headers=follow_up)
    desk.read()
    assert desk.work().count == 1
    assert [row.kind for row in desk.outbox()] == ["acknowledgement"], "the second mail had the answer"
    assert desk.asked() == []


def test_an_answer_that_lacks_the_data_is_not_asked_again(desk: Any) -> None:
    number = ask(desk)
    desk.mail("Пожалуйста, поскорее!", subject=f"[RZ-{number}]", message_id="2@shop.example")
    desk.read()
    desk.work()
    assert [row.kind for row in desk.outbox()] == ["missing_data"]
    assert desk.tickets()[0].status == "new", "any answer brings it back to the operators"


@pytest.mark.parametrize(("choice", "statuses"), [("draft", ["draft"]), ("off", [])])
def test_policy_keeps_replies_here(desk: Any, choice: str, statuses: list[str]) -> None:
    with desk.store.write() as db:
        write_policy(db, "replies", {"default": choice}, author="lead", now_utc=desk.now)
    desk.mail(message_id="1@shop.example")
    desk.read()
    assert not desk.work().replies
    assert [row.status for row in desk.outbox()] == statuses
    assert desk.tickets()[0].status == "new", "nobody was asked yet"


def test_over_the_cap_replies_are_muted_and_their_tickets_shown(desk: Any) -> None:
    """Rule A8: a storm mutes replies; the mails still end and the tickets still reach the operators."""
    service = desk.make_service(automatic_per_hour=2)
    for n in range(4):
        text = INCOMPLETE.replace("2000061286750", f"200006128675{n}")
        desk.mail(text, message_id=f"{n}@shop.example", subject=f"Недостача {n}")
    desk.mail(INCOMPLETE, sender="calm@shop.example", message_id="calm@shop.example")
    desk.read(service)
    desk.work(service)
    assert desk.ends() == ["opened"] * 5
    assert [row.status for row in desk.outbox()] == ["queued", "queued", "muted", "muted", "queued"]
    statuses = [ticket.status for ticket in desk.tickets()]
    assert statuses == ["waiting_seller", "waiting_seller", "new", "new", "waiting_seller"]


def test_a_mail_that_must_not_be_answered_is_worked_without_a_reply(desk: Any) -> None:
    desk.mail(message_id="1@shop.example", headers={"Precedence": "bulk"})
    desk.read()
    desk.work()
    assert desk.ends() == ["opened"]
    assert desk.outbox() == []
    assert list(desk.tickets()[0].missing) == ["seller_id"]


def test_a_ticket_that_cannot_be_worked_goes_to_review_after_some_attempts(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.mail(message_id="1@shop.example")
    desk.mail(INCOMPLETE, sender="b@shop.example", message_id="2@shop.example")
    desk.read()
    bad = desk.tickets()[0].id

    def failing(state: Any) -> Any:
        if state.number == bad:
            raise AttributeError("odd \x00\udc80 facts")
        return decide_topic(state)

    monkeypatch.setattr(topic_batch, "decide_topic", failing)
    desk.work()
    assert [row.ticket_id for row in desk.outbox()] != [bad]
    assert len(desk.outbox()) == 1, "the other ticket is worked"
    for _ in range(topic_batch.MAX_ATTEMPTS):
        desk.pass_time(121)
        desk.work()
    assert desk.tickets()[0].in_review
    assert desk.topic_work()[0].due_at_utc is None
    error = desk.topic_work()[0].last_error
    assert "AttributeError at " in error
    assert "odd" not in error, "what an error quotes may be a seller's words"


def test_a_fault_of_the_machine_gives_tickets_back(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.mail(message_id="1@shop.example")
    desk.read()

    def failing(_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(topic_batch, "decide_topic", failing)
    with pytest.raises(MemoryError):
        desk.work()
    monkeypatch.undo()
    assert desk.work().count == 1
    assert len(desk.outbox()) == 1


def test_a_ticket_of_very_many_mails_is_worked_from_the_newest(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_states, "MAILS_LOOKED_AT", 2)
    number = ask(desk)
    for n in range(3):
        desk.mail(f"Письмо номер {n}, ждём.", subject=f"[RZ-{number}]", message_id=f"a{n}@shop.example")
    desk.read()
    with desk.store.read() as db:
        state = ticket_states.load_ticket_state(db, number, desk.now)
    assert state.text == "Письмо номер 1, ждём.\n\nПисьмо номер 2, ждём."
    assert state.newest_raw_id == 4


def test_the_same_fact_is_kept_once(desk: Any) -> None:
    number = ask(desk)
    for n in range(3):
        desk.mail("ID продавца 1250487", subject=f"[RZ-{number}]", message_id=f"a{n}@shop.example")
        desk.read()
    values = [(row.field, row.value) for row in desk.rows(FACT)]
    assert len(values) == len(set(values))
