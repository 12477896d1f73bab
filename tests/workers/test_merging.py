"""What goes along when tickets are merged, which reports make one incident, hours of a calendar."""

from __future__ import annotations

from typing import Any

import pytest

from models.store.incidents import open_incidents
from models.store.legal_holds import held_numbers, hold_ticket
from models.store.schema import ASKED
from models.store.sellers import Binding, bind, role_of_sender
from models.store.topic_work import load_ticket_state
from models.topics import Status
from workers import acts
from workers.business_time import parse_calendar


def test_r3_merging_forgets_neither_what_was_asked_nor_the_legal_hold(desk: Any) -> None:
    desk.mail(message_id="one", subject="Недостача")
    desk.mail(message_id="two", subject="Другое", sender="other@shop.example")
    desk.read()
    desk.work()
    first, second = (row.id for row in desk.tickets())
    with desk.store.write() as db:
        asked = load_ticket_state(db, first, desk.now).asked
        db.execute(ASKED.delete().where(ASKED.c.ticket_id == second, ASKED.c.field == min(asked)))
        hold_ticket(db, first, "dispute", "lead", desk.now)
    assert asked
    acts.merge(desk.service, first, "anna", second)
    with desk.store.read() as db:
        assert load_ticket_state(db, second, desk.now).asked >= asked
        assert held_numbers(db, [first, second]) == {first, second}
    with pytest.raises(acts.ActError, match=f"merged into RZ-{second}"):
        acts.move(desk.service, first, "anna", Status.IN_PROGRESS, "by mistake")


def test_r6_the_administrator_of_one_account_is_none_of_anothers(desk: Any) -> None:
    with desk.store.write() as db:
        bind(db, [Binding(address="boss@a.example", seller_id="1111111", role="admin")])
        bind(db, [Binding(address="boss@b.example", seller_id="2222222", role="admin")])
        assert role_of_sender(db, "boss@a.example", ["2222222"]) == "agency"
        assert role_of_sender(db, "boss@a.example", ["1111111"]) == "admin"
        assert role_of_sender(db, "boss@a.example", ["3333333"]) == "unknown", "bound nowhere: not proven"
        assert role_of_sender(db, "boss@a.example", ["1111111", "3333333"]) == "unknown"
        assert role_of_sender(db, "boss@a.example", []) == "admin"


def test_a_fault_with_a_cyrillic_name_is_one_however_it_is_capitalised(desk: Any) -> None:
    desk.predictor.topic = "api_technical"
    for n, words in enumerate(
        ("Внутренняя ошибка сервера", "ВНУТРЕННЯЯ ОШИБКА СЕРВЕРА", "внутренняя ошибка сервера")
    ):
        desk.mail(
            sender=f"seller{n}@shop{n}.example",
            message_id=str(n),
            subject=f"API {n}",
            text=f"Здравствуйте, метод отвечает: «{words}», с утра {n}.",
        )
    desk.read()
    desk.work()
    with desk.store.read() as db:
        assert [(row["sellers"], row["tickets"]) for row in open_incidents(db)] == [(3, 3)]


def test_hours_with_a_zone_of_their_own_are_refused() -> None:
    """They could not be compared with hours without one, and every ticket's clock would stop."""
    with pytest.raises(ValueError, match="hours of mon"):
        parse_calendar({"timezone": "Europe/Moscow", "week": {"mon": "09:00+05:00-18:00"}})
