"""Who did what when: filters, pages by key, a CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from console.audit_pages import safe_cell, subject_address
from models.store.audit_trail import PAGE_LINES, AuditFilter, audit_actions, audit_lines
from models.store.ticket_life import audit
from tests.console.conftest import on_sqlite


def fill(desk) -> None:
    with desk.store.write() as db:
        for number in range(PAGE_LINES + 5):
            audit(db, "anna", "assign", f"ticket:{100_000 + number}", desk.now, assignee="anna")
        audit(db, "boris", "fact", "ticket:1000", desk.now + timedelta(days=1), value="=HYPERLINK(1)")
        audit(db, "boris", "role", "person:50%_off", desk.now + timedelta(days=1), role="lead")


def test_the_trail_is_filtered_alike_on_both_engines(desk) -> None:
    fill(desk)
    day = desk.now + timedelta(hours=12)
    with desk.store.read() as db:

        def found(**wanted):
            return [line.subject for line in audit_lines(db, AuditFilter(**wanted), limit=500)]

        assert found(actor="boris") == ["person:50%_off", "ticket:1000"]
        assert found(action="role") == ["person:50%_off"]
        assert found(subject="ticket:1000") == ["ticket:1000"], "RZ-1000 is not RZ-100000"
        assert found(subject="person:50%_") == ["person:50%_off"]
        assert found(subject="person:5_%") == []
        assert found(since_utc=day) == ["person:50%_off", "ticket:1000"]
        assert len(found(until_utc=day)) == PAGE_LINES + 5
        assert audit_actions(db) == ["assign", "fact", "role"]
        first = audit_lines(db, AuditFilter())
        second = audit_lines(db, AuditFilter(), before=first[-1].id)
    assert len(first) == PAGE_LINES
    assert len(second) == 7
    assert {line.id for line in first}.isdisjoint(line.id for line in second)


@on_sqlite
def test_the_page_filters_and_leads_on(web) -> None:
    fill(web.desk)
    web.enter("lead")
    page = web.get("/audit").text
    assert "/audit?before=" in page
    assert 'href="/tickets/1000"' in page
    only = web.get("/audit?actor=boris&subject=RZ-1000&from=2026-11-17&to=2026-11-17").text
    assert only.count("<tr>") == 2
    assert "No act fits." in web.get("/audit?action=nothing").text
    assert web.get("/audit?from=9999-12-31&to=9999-12-31").status_code == 200
    assert web.get("/audit.csv").status_code == 403, "the export is for administrators"


@on_sqlite
def test_the_export_is_whole_harmless_and_noted(web, monkeypatch) -> None:
    monkeypatch.setattr("console.audit_pages._EXPORT_PAGE", 40)
    fill(web.desk)
    web.enter("admin")
    answer = web.get("/audit.csv?actor=boris")
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[3] for row in rows[1:]] == ["person:50%_off", "ticket:1000"]
    assert len(web.get("/audit.csv").text.splitlines()) == 1 + PAGE_LINES + 5 + 2 + 2, "the exports too"
    with web.desk.store.read() as db:
        (noted,) = audit_lines(db, AuditFilter(actor="admin", action="export"), limit=1)
    assert noted.subject == "audit"


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "'-5"), ("anna", "anna"), ("", "")]
)
def test_cells_are_no_formulas(text, cell) -> None:
    assert safe_cell(text) == cell


@pytest.mark.parametrize(
    ("subject", "address"),
    [("ticket:100042", "/tickets/100042"), ("ticket:1/../x", ""), ("raw:7", ""), ("model:m-1", "/models")],
)
def test_things_lead_to_their_page(subject, address) -> None:
    assert subject_address(subject) == address
