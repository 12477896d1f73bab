"""Topics in the settings: names and required data over the shipped ones, looked at and taken back."""

from __future__ import annotations

import re

import pytest

from models.store.policies import read_policy
from models.store.schema import AUDIT, OUTBOX, TICKET
from models.store.ticket_states import load_ticket_state
from tests.console.conftest import on_sqlite
from workers.policy_acts import policy_problem
from workers.topics import decide_topic

PAGE = "/settings/topics/fines_appeals"
NAMES = {"name.ru": "Удержания", "name.en": "Penalties & appeals", "name.zh": "扣款"}


def form(**fields: str) -> dict[str, str]:
    """Fill the form in as the page shows it: three lines, of which the third is `event_date|amount`."""
    return {
        "was": "0",
        "shown": "0",
        **NAMES,
        "row.0": ".",
        "part.0.0.0": "seller_id",
        "part.0.1.0": "fine_ref",
        "part.0.2.0": "event_date",
        "part.0.2.1": "amount",
        **fields,
    }


def body_of(web) -> dict:
    with web.desk.store.read() as db:
        return read_policy(db, "topics")


@on_sqlite
def test_a_changed_topic_is_worked_asked_and_called_so(web) -> None:
    web.enter("admin", language="en")
    assert 'href="/settings/topics/fines_appeals"' in web.get("/settings/topics").text
    assert "the amount" in web.get(PAGE).text, "the question of today"
    changed = form(**{"part.0.3.0": "document_ref", "quiet.0.1": "1"})
    preview = web.post(f"{PAGE}/preview", changed).text
    assert "Удержания" in preview
    assert "номер документа" in preview
    assert "扣款" in preview
    assert "the order, supply or product" not in preview, "what is not asked for is in no question"
    assert body_of(web) == {}, "a preview changes nothing"

    assert "undo=" in web.post(PAGE, changed).headers["location"]
    assert body_of(web)["required/fines_appeals"] == [
        "seller_id",
        "fine_ref",
        "event_date|amount",
        "document_ref",
    ]
    assert body_of(web)["skip/fines_appeals"] == ["fine_ref"]
    assert "Penalties &amp; appeals" in web.get("/queues").text
    assert [row.action for row in web.desk.rows(AUDIT)] == ["policy"]

    web.desk.mail("fines_appeals Апелляция на штраф, прошу отменить")
    web.desk.read()
    number = int(web.desk.rows(TICKET)[0].id)
    web.console.desk.choose_topic(number, "anna", "fines_appeals", "review", 0)
    with web.desk.store.read() as db:
        decision = decide_topic(load_ticket_state(db, number, web.desk.now))
    assert decision.missing == ("seller_id", "fine_ref", "event_date|amount", "document_ref")
    assert decision.ask == ("seller_id", "event_date|amount", "document_ref")
    assert decision.reply is not None
    assert "номер документа" in decision.reply.text
    assert "Удержания" in decision.reply.text
    assert not [row for row in web.desk.rows(OUTBOX) if row.status == "draft"]


@on_sqlite
def test_a_change_is_taken_back_by_its_toast_by_history_and_as_shipped(web) -> None:
    web.enter("admin", language="ru")
    said = web.post(PAGE, form()).headers["location"]
    token = re.search(r"undo=([\w-]+)", said)
    assert token
    assert body_of(web) == {f"name/fines_appeals/{key[5:]}": name for key, name in NAMES.items()}
    web.post("/undo", {"token": token[1], "back": "/settings/topics"})
    assert body_of(web) == {}
    assert "Штрафы и апелляции" in web.get("/queues").text
    assert web.post(PAGE, form()).status_code == 409, "made from a version that is over"
    assert web.post(PAGE, form(was="2")).status_code == 303
    assert web.post(PAGE, form(was="3", act="shipped")).status_code == 303
    assert body_of(web) == {}
    assert web.post("/settings/policies/topics/restore", {"version": "3"}).status_code == 303
    assert len(body_of(web)) == 3


@on_sqlite
def test_a_lead_looks_and_an_administrator_changes(web) -> None:
    web.enter("lead")
    assert "disabled" in web.get(PAGE).text
    assert web.post(PAGE, form()).status_code == 403
    web.enter("operator")
    assert web.get(PAGE).status_code == 403
    web.enter("admin")
    assert web.get("/settings/topics/no_such").status_code == 404
    assert web.get("/settings/topics/spam_phishing").status_code == 404, "nobody is asked there"
    assert web.post(PAGE, form(**{"part.0.0.0": "favourite_colour"})).status_code == 409
    assert web.post(PAGE, form(was="x")).status_code == 422


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"name/fines_appeals/ru": "Две\nстроки"}, "on one line"),
        ({"name/fines_appeals/fr": "Amendes"}, "on one line"),
        ({"name/nowhere/ru": "Нигде"}, "names no topic"),
        ({"colour/fines_appeals": ["amount"]}, "is no rule"),
        ({"required/fines_appeals": "amount"}, "parts"),
        ({"required/fines_appeals": ["amount", "amount"]}, "twice"),
        ({"required/fines_appeals": ["amount|amount"]}, "nobody could be asked"),
        ({"required/fines_appeals": [["amount"]]}, "nobody could be asked"),
        ({"skip/fines_appeals/claim": ["risk"]}, "nobody could be asked"),
    ],
)
def test_a_rule_that_no_worker_could_use_is_refused(row, cause) -> None:
    assert cause in policy_problem("topics", row)
