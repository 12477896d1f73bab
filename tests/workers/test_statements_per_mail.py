"""What a batch costs in statements, and that mails written together end as if they came one by one."""

from __future__ import annotations

from typing import Any

import pytest

from models.store.schema import FACT
from models.store.tickets import add_party
from tests.watched_queries import WatchedStore
from tests.workers.conftest import INCOMPLETE
from workers import batch_writing
from workers.disposing import dispose

MORE = 10


def letters(desk: Any, start: int, count: int) -> None:
    for n in range(start, start + count):
        text = INCOMPLETE.replace("2000061286750", f"20000612867{n}")
        desk.mail(
            text, sender=f"s{n}@shop{n}.example", message_id=f"{n}@shop{n}.example", subject=f"Мест {n}"
        )


def statements(desk: Any, watched: WatchedStore) -> int:
    before = sum(len(sent) for sent in watched.sent.values())
    with watched:
        desk.read()
        desk.work()
    return sum(len(sent) for sent in watched.sent.values()) - before


def test_another_mail_of_another_seller_costs_a_batch_hardly_a_statement(desk: Any) -> None:
    watched = WatchedStore(desk.store)
    letters(desk, 10, 2)
    few = statements(desk, watched)
    letters(desk, 20, 2 + MORE)
    many = statements(desk, watched)
    assert len(desk.tickets()) == 4 + MORE
    assert len(desk.outbox()) == 4 + MORE
    assert (many - few) / MORE <= 0.2, "whatever is asked, locked or written is so for all of them together"


def test_two_parties_who_answer_at_once_are_decided_one_after_the_other(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two mails without a common key concern one ticket: the second one must see what the first did."""
    desk.mail(message_id="1@shop.example")
    desk.read()
    desk.work()
    number, question = desk.tickets()[0].id, desk.outbox()[0].message_id
    with desk.store.write() as db:
        add_party(db, number, "colleague@shop.example")
    groups: list[list[int]] = []

    def watching(db: Any, service: Any, arrivals: Any) -> Any:
        ended = dispose(db, service, arrivals)
        groups.append(list(ended))
        return ended

    monkeypatch.setattr(batch_writing, "dispose", watching)
    desk.mail("ID продавца 1250487", headers={"In-Reply-To": f"<{question}>"}, message_id="2@shop.example")
    tag = {"subject": f"[RZ-{number}]", "sender": "colleague@shop.example"}
    desk.mail("Верно: ID продавца 1250488", message_id="3@shop.example", **tag)
    desk.mail("unsure words", sender="other@third.example", message_id="4@third.example")
    desk.read()
    assert groups == [[2], [3, 4]]
    assert desk.ends() == ["opened", "appended", "appended", "opened"]
    named = [(row.value, row.active) for row in desk.rows(FACT) if row.field == "seller_id"]
    assert named == [("1250487", False), ("1250488", True)], "the newer word stands"
    desk.assert_balanced()
