"""Lists on both engines: what a filter shows, page by page, counts that are lengths, acts with a way back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from console.queue_pages import CHOICES
from console.wording import INTERFACE_LANGUAGES, _table
from models.store.board import SORTS, TicketFilter, ticket_lines
from models.store.rail_counts import board_counts
from models.store.schema import TICKET
from tests.console.conftest import on_sqlite
from workers.priority import LEVELS


def add_ticket(desk, **values: Any) -> int:
    """Open a ticket by hand."""
    given = {
        "subject": "Недостача",
        "topic": "logistics_acceptance",
        "opened_at_utc": desk.now,
        "updated_at_utc": desk.now,
        "status_at_utc": desk.now,
        **values,
    }
    with desk.store.write() as db:
        return int(db.execute(insert(TICKET).values(**given).returning(TICKET.c.id)).scalar_one())


@pytest.fixture
def board(desk):
    """Seven tickets that differ in what filters ask for."""
    hour = timedelta(hours=1)
    return {
        "late": add_ticket(desk, sla_due_at_utc=desk.now - hour, score=9, priority="high"),
        "mine": add_ticket(desk, assignee="operator", sla_due_at_utc=desk.now + hour, language="ru"),
        "waits": add_ticket(desk, status="waiting_seller", missing=["seller_id"], score=3),
        "review": add_ticket(desk, in_review=True, topic="other", language="zh", marketplace="wb"),
        "up": add_ticket(desk, escalated=True, deadline="2026-11-20", score=5),
        "closed": add_ticket(desk, status="closed"),
        "merged": add_ticket(desk, merged_into_id=1),
    }


CASES = [
    ({}, {"late", "mine", "waits", "review", "up"}),
    ({"view": "all"}, {"late", "mine", "waits", "review", "up", "closed"}),
    ({"view": "mine"}, {"mine"}),
    ({"view": "waiting"}, {"waits"}),
    ({"view": "review"}, {"review"}),
    ({"view": "escalated"}, {"up"}),
    ({"view": "breached"}, {"late"}),
    ({"status": "closed"}, {"closed"}),
    ({"missing": "yes"}, {"waits"}),
    ({"missing": "no", "language": "zh"}, {"review"}),
    ({"priority": "high"}, {"late"}),
    ({"marketplace": "wb"}, {"review"}),
    ({"topic": "other"}, {"review"}),
    ({"deadline": "2026-11-20"}, {"up"}),
    ({"deadline": "2026-11-19"}, set()),
]


def test_filters_show_what_they_say(desk, board) -> None:
    names = {number: name for name, number in board.items()}
    with desk.store.read() as db:
        for given, shown in CASES:
            lines = ticket_lines(db, TicketFilter(**given), login="operator", now_utc=desk.now)
            assert {names[line.number] for line in lines} == shown, given
        counts = board_counts(db, "operator", desk.now)
        for view in ("mine", "waiting", "review", "escalated", "breached", "open"):
            lines = ticket_lines(db, TicketFilter(view=view), login="operator", now_utc=desk.now)
            assert getattr(counts, view) == len(lines), view
        assert counts.topics == {"logistics_acceptance": (4, 1), "other": (1, 0)}


def test_pages_follow_each_other_without_gap_or_repeat(desk) -> None:
    """Equal sort values, absent terms and the page border in the middle of them."""
    numbers = [
        add_ticket(
            desk,
            score=number % 3,
            sla_due_at_utc=None if number % 4 == 0 else desk.now + timedelta(minutes=number // 2),
            updated_at_utc=desk.now + timedelta(seconds=number // 3),
        )
        for number in range(23)
    ]
    with desk.store.read() as db:
        for sort in SORTS:
            seen: list[int] = []
            after = None
            while page := ticket_lines(
                db, TicketFilter(sort=sort), login="x", now_utc=desk.now, after=after, limit=4
            ):
                seen += [line.number for line in page]
                after = page[-1].key
            assert sorted(seen) == numbers, sort
            whole = ticket_lines(db, TicketFilter(sort=sort), login="x", now_utc=desk.now, limit=99)
            assert seen == [line.number for line in whole], sort


def undo_token(answer) -> str:
    found = re.search(r"undo=([^&]+)", answer.headers["location"])
    assert found, answer.headers["location"]
    return found[1]


@on_sqlite
def test_bulk_acts_can_be_undone(web) -> None:
    desk = web.desk
    numbers = [add_ticket(desk), add_ticket(desk, assignee="lead")]
    web.enter("operator")
    answer = web.post("/tickets/bulk", {"act": "assign", "numbers": numbers, "assignee": "operator"})
    assert [row.assignee for row in desk.tickets()] == ["operator", "operator"]
    assert web.get(answer.headers["location"]).text.count("2 tickets assigned") == 1
    token = undo_token(answer)
    web.enter("lead")
    assert "too_late" in web.post("/undo", {"token": token}).headers["location"], "another's act"
    web.enter("operator")
    web.post("/undo", {"token": token})
    assert [row.assignee for row in desk.tickets()] == ["", "lead"]
    assert "too_late" in web.post("/undo", {"token": token}).headers["location"], "once only"

    answer = web.post("/tickets/bulk", {"act": "close", "numbers": numbers, "resolution": "answered"})
    assert [row.status for row in desk.tickets()] == ["closed", "closed"]
    web.post("/undo", {"token": undo_token(answer)})
    assert [row.status for row in desk.tickets()] == ["in_progress", "in_progress"]


@on_sqlite
@pytest.mark.parametrize(
    ("fields", "column", "after"),
    [
        ({"act": "status", "to": "waiting_seller"}, "status", ["waiting_seller", "waiting_seller"]),
        ({"act": "priority", "priority": "urgent"}, "priority", ["urgent", "urgent"]),
        ({"act": "topic", "topic": "fines_appeals"}, "topic", ["fines_appeals", "fines_appeals"]),
    ],
)
def test_status_priority_and_topic_of_many_and_back(web, fields, column, after) -> None:
    desk = web.desk
    numbers = [add_ticket(desk, priority="low"), add_ticket(desk, priority="low", status="in_progress")]
    before = [getattr(row, column) for row in desk.tickets()]
    web.enter("operator")
    answer = web.post("/tickets/bulk", {"numbers": numbers, **fields})
    assert answer.status_code == 303, answer.text
    assert [getattr(row, column) for row in desk.tickets()] == after
    web.post("/undo", {"token": undo_token(answer)})
    assert [getattr(row, column) for row in desk.tickets()] == before
    assert (
        "undo="
        not in web.post(
            "/tickets/bulk", {"numbers": numbers[:1], "act": "status", "to": "in_progress"}
        ).headers["location"]
    ), "rule R20 knows no way back to new"
    wrong = {name: "no such" for name in fields if name != "act"}
    assert web.post("/tickets/bulk", {"numbers": numbers, **fields, **wrong}).status_code == 422


@on_sqlite
def test_bulk_refuses_what_the_rules_refuse(web) -> None:
    number = add_ticket(web.desk)
    web.enter("operator")
    assert web.post("/tickets/bulk", {"act": "close", "numbers": [number]}).status_code == 409
    assert web.post("/tickets/bulk", {"act": "burn", "numbers": [number]}).status_code == 422
    assert web.post("/tickets/bulk", {"act": "assign", "numbers": [999_999]}).status_code == 404
    assert web.post("/tickets/bulk", {"act": "assign", "numbers": list(range(101))}).status_code == 422


@on_sqlite
@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_list_page_in_three_languages(web, language) -> None:
    add_ticket(web.desk, subject="<script>alert(1)</script>", missing=["seller_id", "order_ref|claim_ref"])
    web.enter("operator", language=language)
    page = web.get("/queues").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert f'<html lang="{language}"' in page
    empty = web.get("/queues?view=mine").text
    assert {"ru": "Здесь пусто", "en": "Nothing here", "zh": "这里没有工单"}[language] in empty


@on_sqlite
@pytest.mark.parametrize(
    "address",
    ["/queues?after=nonsense&after_number=1", "/queues?view=none&sort=none&status=none&deadline=never"],
)
def test_hostile_addresses_do_no_harm(web, address) -> None:
    web.enter()
    assert web.get(address).status_code in {200, 404}


def test_every_level_of_priority_has_its_filter_and_name() -> None:
    assert set(CHOICES["priority"]) == set(LEVELS)
    for language in INTERFACE_LANGUAGES:
        assert {f"priority.{level}" for level in LEVELS} <= set(_table(language))
