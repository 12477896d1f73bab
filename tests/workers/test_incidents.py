"""Mass incidents (domain 2.1: three sellers with one fault within half an hour): which reports count."""

from __future__ import annotations

from typing import Any

import pytest

from models.store.incidents import close_quiet_incidents, open_incidents
from tests.watched_queries import WatchedStore
from workers.acts import set_fact

on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)  # the SQL is the same
FAULT = "Метод /v3/posting/fbs/list отдаёт ошибку 503 с 11:45 16.11.2026."


@pytest.fixture
def api(desk: Any) -> Any:
    desk.predictor.topic = "api_technical"
    return desk


def report(
    desk: Any, shop: str, *, text: str = FAULT, seller: str = "", minutes: float = 0, **given: Any
) -> None:
    desk.pass_time(60 * minutes)
    words = f"Здравствуйте, пишет магазин {shop}. {f'ID продавца {seller}. ' if seller else ''}{text}"
    desk.mail(words, sender=f"{shop}@{shop}.example", subject=f"API {shop}", **given)
    desk.read()
    desk.work()


def incidents(desk: Any) -> list[tuple[int, int]]:
    with desk.store.read() as db:
        return [(row["sellers"], row["tickets"]) for row in open_incidents(db)]


def test_a_fault_told_in_an_older_ticket_counts(api: Any) -> None:
    """The first seller's ticket is from yesterday, about something else; the fault comes today by mail."""
    report(api, "a", text="Не выгружается отчёт из кабинета с 15.11.2026, ошибка 404 в разделе Аналитика.")
    first = api.tickets()[0].id
    report(api, "b", minutes=24 * 60)
    report(api, "c", minutes=5)
    assert incidents(api) == []
    report(api, "a", minutes=5, headers={"In-Reply-To": f"<{api.outbox()[0].message_id}>"})
    assert incidents(api) == [(3, 3)]
    assert [row.incident_id for row in api.tickets()] == [1, 1, 1]
    assert api.tickets()[0].id == first


@on_sqlite
def test_a_seller_who_chases_an_old_fault_is_no_new_report(api: Any) -> None:
    report(api, "a")
    report(api, "b", minutes=24 * 60)
    report(api, "c", minutes=5)
    report(api, "a", minutes=5, headers={"In-Reply-To": f"<{api.outbox()[0].message_id}>"})
    assert len(api.tickets()) == 3
    assert incidents(api) == []


@on_sqlite
def test_colleagues_of_one_shop_are_one_seller(api: Any) -> None:
    for name in ("a", "b", "c"):
        report(api, name, seller="2457831")
    assert incidents(api) == []
    report(api, "d", seller="1887342")
    report(api, "e", seller="3345120")
    assert incidents(api) == [(3, 5)]


def test_half_an_hour_is_counted_by_when_the_mails_came(api: Any) -> None:
    report(api, "a")
    report(api, "b", minutes=20)
    report(api, "c", minutes=11)
    assert incidents(api) == [], "the first came 31 minutes before the third"
    for shop in ("d", "e"):  # accepted within the half hour, worked two hours later
        api.mail(f"Магазин {shop}. {FAULT}", sender=f"{shop}@{shop}.example", subject=f"API {shop}")
    api.pass_time(7200)
    api.read()
    api.work()
    assert incidents(api) == [(4, 4)], "b, c, d and e within half an hour"


@on_sqlite
def test_an_operator_who_fills_in_the_fault_makes_it_a_report(api: Any) -> None:
    for shop in ("a", "b", "c"):
        report(api, shop, text="Ничего не работает с 11:45 16.11.2026, в кабинете на всех страницах пусто.")
        set_fact(api.service, api.tickets()[-1].id, "anna", "error_ref", "HTTP 503")
        api.work()
    assert incidents(api) == [(3, 3)]


@on_sqlite
def test_an_incident_that_is_over_is_not_opened_again_by_a_thank_you(api: Any) -> None:
    for shop in ("a", "b", "c"):
        report(api, shop)
    assert incidents(api) == [(3, 3)]
    api.pass_time(7 * 3600)
    with api.store.write() as db:
        assert close_quiet_incidents(db, api.now) == 1
    report(api, "a", text="Спасибо!", headers={"In-Reply-To": f"<{api.outbox()[0].message_id}>"})
    assert incidents(api) == []


@on_sqlite
def test_a_known_incident_is_counted_once_for_all_that_join_it_together(api: Any) -> None:
    for shop in "abc":
        report(api, shop, minutes=1)
    for shop in "defg":
        api.mail(f"Магазин {shop}. {FAULT}", sender=f"{shop}@{shop}.example", subject=f"API {shop}")
    api.read()
    with WatchedStore(api.store) as watched:
        api.work()
    sent = [statement for statements in watched.sent.values() for statement, _values in statements]
    assert sum(statement.startswith("UPDATE incident") for statement in sent) == 1
    assert incidents(api) == [(7, 7)]
    assert {row.incident_id for row in api.tickets()} == {1}
