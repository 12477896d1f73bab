"""What goes along when tickets are merged, which reports make one incident, hours of a calendar."""

from __future__ import annotations

from typing import Any

import pytest

from models.store.facts import load_facts
from models.store.incidents import open_incidents
from models.store.legal_holds import held_numbers, hold_ticket
from models.store.schema import ASKED, OUTBOX
from models.store.sellers import Binding, bind, bound_seller, role_of_sender
from models.store.ticket_life import set_ticket
from models.store.ticket_states import load_ticket_state
from models.topics import Status
from tests.workers.conftest import INCOMPLETE
from workers import acts
from workers.business_time import parse_calendar
from workers.upkeep import sweep

on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)  # the SQL is the same


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


@on_sqlite
def test_a8_a_merged_ticket_counts_the_questions_and_the_reminder_of_both(desk: Any) -> None:
    for name in ("one", "two"):
        desk.mail(message_id=name, subject=f"Недостача {name}", text=f"Магазин {name}. {INCOMPLETE}")
    desk.read()
    desk.work()
    first, second = (row.id for row in desk.tickets())
    with desk.store.write() as db:
        for row in desk.outbox():
            db.execute(OUTBOX.update().where(OUTBOX.c.id == row.id).values(status="sent"))
        set_ticket(db, second, desk.now, question_count=0)
        db.execute(ASKED.delete().where(ASKED.c.ticket_id == second))
        set_ticket(db, first, desk.now, reminded_at_utc=desk.now, escalated=True, escalated_at_utc=desk.now)
        set_ticket(db, first, desk.now, seller_id="2457831")
    acts.merge(desk.service, first, "anna", second)
    row = desk.tickets()[1]
    assert (row.question_count, row.escalated, row.seller_id) == (1, True, "2457831")
    assert row.reminded_at_utc == desk.tickets()[0].reminded_at_utc
    desk.work()
    desk.pass_time(5 * 24 * 3600)
    sweep(desk.service, 0)
    kinds = [row.kind for row in desk.outbox()]
    assert (kinds.count("missing_data"), kinds.count("reminder")) == (2, 0), "nothing more is asked"


@on_sqlite
def test_two_sellers_tickets_are_not_merged(desk: Any) -> None:
    with desk.store.write() as db:
        for n, name in enumerate(("a", "b"), 1):
            bind(db, [Binding(address=f"x@{name}.example", seller_id=f"{n}457831", role="admin")])
    for name in ("a", "b"):
        desk.mail(message_id=name, sender=f"x@{name}.example", subject=f"Недостача {name}")
    desk.read()
    first, second = (row.id for row in desk.tickets())
    with pytest.raises(acts.ActError, match="of two sellers"):
        acts.merge(desk.service, first, "anna", second)
    assert [row.status for row in desk.tickets()] == ["new", "new"], "the refused act leaves no trace"


@on_sqlite
def test_of_two_seller_ids_a_merged_ticket_keeps_the_newer(desk: Any) -> None:
    for name, seller in (("one", "1250487"), ("two", "2457831")):
        desk.mail(f"Здравствуйте, магазин {name}, ID продавца {seller}. {INCOMPLETE}", message_id=name)
    desk.read()
    first, second = (row.id for row in desk.tickets())
    acts.merge(desk.service, second, "anna", first)
    with desk.store.read() as db:
        sellers = [fact.value for fact in load_facts(db, first) if fact.field == "seller_id"]
    assert sellers == ["2457831"]


def test_r6_the_administrator_of_one_account_is_none_of_anothers(desk: Any) -> None:
    with desk.store.write() as db:
        bind(db, [Binding(address="boss@a.example", seller_id="1111111", role="admin")])
        bind(db, [Binding(address="boss@b.example", seller_id="2222222", role="admin")])
        assert role_of_sender(db, "boss@a.example", ["2222222"]) == "agency"
        assert role_of_sender(db, "boss@a.example", ["1111111"]) == "admin"
        assert role_of_sender(db, "boss@a.example", ["3333333"]) == "unknown", "bound nowhere: not proven"
        assert role_of_sender(db, "boss@a.example", ["1111111", "3333333"]) == "unknown"
        assert role_of_sender(db, "boss@a.example", []) == "admin"


@on_sqlite
def test_r6_a_whole_domain_is_nobodys_administrator(desk: Any) -> None:
    """A row of `sellers import` with domains and the role admin: the shop's clerk is a party and no more."""
    with desk.store.write() as db:
        bind(db, [Binding(address="@shop.example", seller_id="1111111", role="admin")])
        bind(db, [Binding(address="boss@shop.example", seller_id="1111111", role="admin")])
        bind(db, [Binding(address="@agency.example", seller_id="1111111", role="agency")])
        assert role_of_sender(db, "boss@shop.example", []) == "admin"
        assert role_of_sender(db, "clerk@shop.example", []) == "unknown"
        assert role_of_sender(db, "clerk@shop.example", ["1111111"]) == "unknown"
        assert bound_seller(db, "clerk@shop.example") == "1111111"
        assert role_of_sender(db, "anna@agency.example", ["1111111"]) == "agency"


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
