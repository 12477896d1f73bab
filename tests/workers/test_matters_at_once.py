"""Mails that only their words bring together, worked at the same moment by several workers (ADR 19).

Header and sender tell nothing here: two colleagues of one seller write about one order. What keeps
them apart is the lock on the identifier, so only PostgreSQL is asked: SQLite has one writer.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import text

from models.store.policies import write_policy
from models.store.sellers import Binding, bind
from tests.workers.conftest import Desk
from workers.acts import merge

_WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")

ORDER = "48310070-0070-1"
pytestmark = pytest.mark.parametrize("database_env", ["postgresql"], indirect=True)


@pytest.fixture
def colleagues(desk: Desk) -> Desk:
    """A desk that knows two colleagues of one seller; both wrote about one order."""
    with desk.store.write() as db:
        bind(db, [Binding(address="@shop.example", seller_id="775533", marketplace="ozon", role="employee")])
    desk.predictor.topic = "orders_returns"
    for name in ("anna", "ivan"):
        desk.mail(
            f"Покупатель вернул заказ {ORDER} без товара, {name} просит разобраться.",
            sender=f"{name}@shop.example",
            message_id=f"{name}@shop.example",
            subject=f"Возврат, {name}",
        )
    return desk


def wait_while_locked(desk: Desk, key: str, *acts: Callable[[], object]) -> bool:
    """Run acts while somebody else decides about a matter; tell whether all of them waited for it."""
    with desk.store.write([key]) as db:
        threads = [threading.Thread(target=act) for act in acts]
        for thread in threads:
            thread.start()
        waits = 0
        while waits < len(acts) and all(thread.is_alive() for thread in threads):
            waits = db.scalar(_WAITING) or 0
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    return waits == len(acts)


def both_read(desk: Desk) -> bool:
    service = desk.make_service(batch_size=1)
    return wait_while_locked(desk, f"id:{ORDER}", *[lambda: desk.read(service)] * 2)


def test_two_mails_of_one_matter_open_one_ticket_where_the_policy_appends(colleagues: Desk) -> None:
    with colleagues.store.write() as db:
        write_policy(db, "duplicates", {"same_matter": "append"}, author="lead", now_utc=colleagues.now)
    assert both_read(colleagues)
    assert Counter(colleagues.ends()) == {"opened": 1, "appended": 1}


def test_the_second_of_two_mails_of_one_matter_is_shown_as_a_duplicate(colleagues: Desk) -> None:
    assert both_read(colleagues)
    one, two = colleagues.tickets()
    assert {one.duplicate_of_id, two.duplicate_of_id} == {None, one.id}


def test_a_ticket_is_not_worked_while_a_mail_of_its_matter_is_decided(colleagues: Desk) -> None:
    colleagues.read()
    assert wait_while_locked(colleagues, f"id:{ORDER}", colleagues.work)
    assert not colleagues.topic_work()[0].due_at_utc


def test_a_mail_that_names_a_merged_ticket_waits_for_its_target(colleagues: Desk) -> None:
    colleagues.read()
    one, two = (ticket.id for ticket in colleagues.tickets())
    merge(colleagues.service, one, "lead", into=two)
    colleagues.mail("Дополняю.", sender="anna@shop.example", subject=f"Re: [RZ-{one}] Возврат")
    assert wait_while_locked(colleagues, f"ticket:RZ-{two}", colleagues.read)
    assert colleagues.states()[-1].ticket_id == two
