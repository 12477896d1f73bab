"""Templates, macros, splitting with its way back, who else looks, kept lists."""

from __future__ import annotations

import re

import pytest

from models.store.schema import AUDIT, FACT, MESSAGE, SAVED_VIEW
from tests.console.conftest import on_sqlite


@pytest.fixture
def number(web) -> int:
    web.desk.mail()
    web.desk.read()
    web.enter()
    return int(web.desk.tickets()[0].id)


@on_sqlite
def test_templates_come_filled_in_and_a_preview_tells_what_lacks(web, number) -> None:
    from models.store.reply_templates import seed_reply_templates

    with web.desk.store.write() as db:
        seed_reply_templates(db, web.desk.now)
    piece = web.get(f"/tickets/{number}/templates").text
    assert f"RZ-{number}" in piece
    assert "2000061286750" in piece
    assert 'value="ask_for_data"' in piece
    found = web.post(f"/tickets/{number}/preview", {"text": "{supply} {nonsense}"}).json()
    assert "2000061286750" in found["text"]
    assert "nonsense" in found["problems"][0]


@on_sqlite
def test_a_macro_answers_assigns_and_moves(web, number) -> None:
    answer = web.post(f"/tickets/{number}/macro", {"name": "ask_for_data"})
    assert answer.status_code == 303
    ticket = web.desk.tickets()[0]
    assert (ticket.assignee, ticket.status) == ("operator", "waiting_seller")
    assert "Чтобы продолжить работу" in web.desk.outbox()[-1].text
    again = web.post(f"/tickets/{number}/macro", {"name": "ask_for_data"})
    assert again.status_code == 409
    assert web.post(f"/tickets/{number}/macro", {"name": "nonsense"}).status_code == 409
    web.post(f"/tickets/{number}/macro", {"name": "solved"})
    assert web.desk.tickets()[0].status == "closed"


def test_a_mail_is_split_off_with_its_facts_and_merged_back(web, number) -> None:
    first = web.desk.states()[0]
    subject = f"[RZ-{number}] Штраф"
    web.desk.mail("И ещё: штраф по поставке 2000061286999, сумма 1500 руб.", subject=subject)
    web.desk.read()
    second = web.desk.states()[-1].raw_id
    assert web.post(f"/tickets/{number}/split", {"raw_id": 999_999}).status_code == 409
    answer = web.post(f"/tickets/{number}/split", {"raw_id": second})
    fresh = int(re.findall(r"/tickets/(\d+)", answer.headers["location"])[0])
    assert fresh != number
    owners = {row.raw_id: row.ticket_id for row in web.desk.rows(MESSAGE)}
    assert owners == {first.raw_id: number, second: fresh}
    facts = {(row.value, row.ticket_id) for row in web.desk.rows(FACT) if row.field == "supply_ref"}
    assert facts == {("2000061286750", number), ("2000061286999", fresh)}
    assert web.post(f"/tickets/{fresh}/split", {"raw_id": second}).status_code == 409, "its only mail"
    page = web.get(f"/tickets/{fresh}").text
    assert f"split from RZ-{number}" in page
    assert [row.action for row in web.desk.rows(AUDIT) if row.action == "split"] == ["split", "split"]
    token = re.findall(r"undo=([^&]+)", answer.headers["location"])[0]
    web.post("/undo", {"token": token})
    assert {row.ticket_id for row in web.desk.rows(MESSAGE)} == {number}
    web.desk.assert_balanced()


@on_sqlite
def test_the_others_at_a_ticket_are_told(web, number) -> None:
    assert web.get(f"/tickets/{number}/presence?writes=true").json() == []
    web.enter("lead")
    assert web.get(f"/tickets/{number}/presence").json() == [{"login": "operator", "writes": True}]


@on_sqlite
def test_lists_are_kept_shared_by_leads_and_dropped(web) -> None:
    fields = {"name": "Поздние <b>", "query": "view=breached&sort=due", "shared": "1"}
    web.enter("operator")
    assert web.post("/views", fields).headers["location"].startswith("/queues?view=breached&sort=due")
    page = web.get("/queues?view=breached&sort=due").text
    assert "Поздние &lt;b&gt;" in page
    assert [row.is_shared for row in web.desk.rows(SAVED_VIEW)] == [False], "an operator keeps for oneself"
    web.enter("lead")
    assert "Поздние" not in web.get("/queues").text
    web.post("/views", fields)
    web.enter("operator")
    assert web.get("/queues").text.count("Поздние") == 2
    mine, shared = (row.id for row in web.desk.rows(SAVED_VIEW))
    assert web.post(f"/views/{shared}/drop").status_code == 404
    assert web.post(f"/views/{mine}/drop").status_code == 303
    web.enter("viewer")
    assert web.post("/views", fields).status_code == 403
