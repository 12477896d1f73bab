"""Every hot query of the console goes by an index, on both databases, whatever is filtered or sorted."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Self

import pytest
from sqlalchemy import event, text

from models.store import Store
from models.store.audit_trail import AuditFilter, audit_actions, audit_lines
from models.store.board import SORTS, VIEWS, TicketFilter, ticket_lines
from models.store.desk_figures import (
    Span,
    audits_by_hour,
    moves_by_hour,
    open_ages,
    question_rounds,
    reactions_by_hour,
    routing_by_hour,
)
from models.store.kpis import desk_kpis
from models.store.rail_counts import board_counts
from models.store.review_cards import next_cards, review_figures
from models.store.search import search
from models.store.ticket_page import ticket_page

BIG = (
    "ticket",
    "message",
    "fact",
    "prediction",
    "label",
    "outbox",
    "audit_entry",
    "mail_words",
    "attachment",
)


class Watched:
    """The statements that a piece of code sends, with their values."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sent: list[tuple[str, Any]] = []

    def __enter__(self) -> Self:
        event.listen(self.store.main, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.store.main, "before_cursor_execute", self._note)

    def _note(self, _db: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        self.sent.append((statement, values))

    def scans(self) -> list[str]:
        """Return what the database would read from end to end, with the statement."""
        with self.store.read() as db:
            cursor = db.connection.cursor()
            if not self.store.is_sqlite:
                db.execute(text("SET LOCAL enable_seqscan = off"))
            found = []
            for statement, values in self.sent:
                cursor.execute(f"EXPLAIN {'QUERY PLAN ' if self.store.is_sqlite else ''}{statement}", values)
                found += [f"{step} <- {statement}" for step in self._steps(cursor) if _is_scan(step)]
            return found

    def plan(self, statement: str, values: Any) -> str:
        """Return the steps that the database takes where it sorts only what it has to."""
        with self.store.read() as db:
            cursor = db.connection.cursor()
            if not self.store.is_sqlite:
                for way in ("sort", "incremental_sort", "bitmapscan"):
                    db.execute(text(f"SET LOCAL enable_{way} = off"))
                db.execute(text("SET LOCAL enable_seqscan = off"))
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if self.store.is_sqlite else ''}{statement}", values)
            return " / ".join(self._steps(cursor))

    def _steps(self, cursor: Any) -> list[str]:
        return [str(row[-1]).strip() for row in cursor.fetchall()]


def _is_scan(step: str) -> bool:
    """Tell whether a step reads a big table from end to end (the words of SQLite and of PostgreSQL)."""
    for name in BIG:
        if f"Seq Scan on {name}" in step:
            return True
        if step.startswith(f"SCAN {name}") and "INDEX" not in step:
            return True
    return False


LISTS = [TicketFilter(view=view, sort=sort) for view in VIEWS for sort in SORTS]
LISTS += [
    TicketFilter(topic="other", language="zh", missing="yes", priority="high"),
    TicketFilter(view="all", marketplace="wb", confidence="low", sort="newest"),
    TicketFilter(status="closed", deadline="2026-11-20"),
]
SEARCHES = ("RZ-100001", "2000061286750", "1286", "少收", "少", "недостача коробок", "ru@shop.example")


@pytest.fixture
def small(desk):
    desk.mail()
    desk.mail("unsure 少收两箱", sender="zh@shop.example")
    desk.read()
    return desk


def test_lists_and_counts_go_by_an_index(small) -> None:
    with Watched(small.store) as watched, small.store.read() as db:
        board_counts(db, "operator", small.now)
        for wanted in LISTS:
            line = ticket_lines(db, wanted, login="operator", now_utc=small.now)[-1:]
            if line:
                ticket_lines(db, wanted, login="operator", now_utc=small.now, after=line[0].key)
    assert watched.scans() == []


def test_lists_are_walked_in_their_order_and_not_sorted(small) -> None:
    with small.store.read() as db:
        for wanted in LISTS:
            with Watched(small.store) as watched:
                ticket_lines(db, wanted, login="operator", now_utc=small.now)
            assert "SELECT ticket.id" in watched.sent[0][0]
            plans = " ".join(watched.plan(statement, values) for statement, values in watched.sent)
            assert not re.search("TEMP B-TREE FOR ORDER|Sort Key", plans), (wanted, plans)


def test_tickets_review_and_search_go_by_an_index(small) -> None:
    number = int(small.tickets()[0].id)
    with Watched(small.store) as watched, small.store.read() as db:
        ticket_page(db, number)
        next_cards(db, (), 3)
        review_figures(db, "operator", small.now)
        for wanted in SEARCHES:
            search(db, wanted)
    assert len(watched.sent) > 20
    assert watched.scans() == []


def test_figures_and_the_audit_log_go_by_an_index(small) -> None:
    span = Span(since_utc=small.now - timedelta(days=30), until_utc=small.now + timedelta(days=1))
    with Watched(small.store) as watched, small.store.read() as db:
        for count in (moves_by_hour, reactions_by_hour, routing_by_hour, audits_by_hour, question_rounds):
            count(db, span)
        open_ages(db, small.now, (timedelta(hours=4),))
        desk_kpis(db, since_utc=span.since_utc, until_utc=span.until_utc)
        audit_actions(db)
        for wanted in (
            AuditFilter(actor="anna"),
            AuditFilter(action="role"),
            AuditFilter(subject="ticket:1"),
        ):
            audit_lines(db, wanted, before=10**9)
    assert watched.scans() == []


def test_the_check_itself_sees_a_scan(small) -> None:
    with Watched(small.store) as watched, small.store.read() as db:
        db.execute(text("SELECT count(*) FROM message WHERE text = 'no index holds this'"))
    assert watched.scans() != []
