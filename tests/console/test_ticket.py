"""A ticket's page and every act on it; hostile mails stay text."""

from __future__ import annotations

import pytest

from models.store.schema import FACT, NOTE
from tests.console.conftest import on_sqlite

HOSTILE = (
    "<script>document.title='pwned'</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "{{ 7*7 }} ${7*7}",
    "<a href='javascript:alert(1)'>x</a>",
    "\u202e</p><script>alert(1)</script>",
)


@pytest.fixture
def number(web) -> int:
    """A ticket of one mail, in no review."""
    web.desk.mail()
    web.desk.read()
    web.enter()
    return int(web.desk.tickets()[0].id)


def test_the_page_shows_the_whole_ticket(web, number) -> None:
    web.desk.work()
    page = web.get(f"/tickets/{number}")
    assert page.status_code == 200
    for said in ("2000061286750", "12 коробок", "Logistics, supplies, acceptance", "from the mail", "99 %"):
        assert said in page.text
    assert web.get("/tickets/1").status_code == 404


ACTS = [
    ("take", {}, lambda ticket: (ticket.assignee, ticket.status) == ("operator", "in_progress")),
    ("take", {"assignee": "-"}, lambda ticket: ticket.assignee == ""),
    ("status", {"to": "waiting_seller", "reason": "asked"}, lambda t: t.status == "waiting_seller"),
    ("close", {"resolution": "confirmed", "reason": "found"}, lambda t: t.resolution == "confirmed"),
    ("topic", {"topic": "fines_appeals"}, lambda t: t.topic == "fines_appeals"),
    ("seller", {"seller_id": "318742"}, lambda t: t.seller_id == "318742"),
    ("priority", {"priority": "urgent", "reason": "court tomorrow"}, lambda t: t.priority == "urgent"),
    ("escalate", {"reason": "third week"}, lambda t: t.escalated),
]


@on_sqlite
@pytest.mark.parametrize(("act", "fields", "is_done"), ACTS, ids=[f"{a}-{len(f)}" for a, f, _ in ACTS])
def test_acts_do_what_they_say(web, number, act, fields, is_done) -> None:
    answer = web.post(f"/tickets/{number}/{act}", fields)
    assert answer.status_code == 303
    assert is_done(web.desk.tickets()[0])
    assert web.get(answer.headers["location"]).status_code == 200


@on_sqlite
def test_notes_facts_and_replies(web, number) -> None:
    web.post(f"/tickets/{number}/notes", {"text": "call the warehouse"})
    assert [row.text for row in web.desk.rows(NOTE)] == ["call the warehouse"]
    web.post(f"/tickets/{number}/facts", {"field": "supply_ref", "was": "2000061286750", "value": "77"})
    active = {row.value for row in web.desk.rows(FACT) if row.field == "supply_ref" and row.active}
    assert active == {"77"}
    assert web.post(f"/tickets/{number}/facts", {"field": "no_field", "value": "1"}).status_code == 422
    web.post(f"/tickets/{number}/reply", {"text": "Нашли две коробки.", "waits": "1"})
    assert web.desk.outbox()[-1].text == "Нашли две коробки.\n"
    assert web.desk.tickets()[0].status == "waiting_seller"
    page = web.get(f"/tickets/{number}").text
    assert "call the warehouse" in page
    assert '<span class="was">2000061286750</span>' in page


@on_sqlite
def test_a_refused_reply_keeps_its_words(web, number) -> None:
    again = web.post(f"/tickets/{number}/reply", {"text": "   "})
    assert again.status_code == 409
    web.post(f"/tickets/{number}/reply", {"text": "Once."})
    twice = web.post(f"/tickets/{number}/reply", {"text": "Once."})
    assert twice.status_code == 409
    assert "this very reply was sent before" in twice.text
    assert ">Once.</textarea>" in twice.text


@on_sqlite
@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("status", {"to": "closed"}, 422),
        ("status", {"to": "nonsense"}, 422),
        ("close", {"resolution": "nonsense", "reason": "x"}, 409),
        ("close", {"resolution": "confirmed", "reason": " "}, 409),
        ("stage", {"stage": "analysis"}, 409),
        ("merge", {"into": "not a number"}, 409),
        ("merge", {"into": "RZ-999999"}, 409),
        ("topic", {"topic": "nonsense"}, 422),
    ],
)
def test_refusals_are_told(web, number, act, fields, status) -> None:
    assert web.post(f"/tickets/{number}/{act}", fields).status_code == status
    assert web.desk.tickets()[0].status == "new"


@on_sqlite
def test_a_draft_is_approved_or_dropped(web) -> None:
    from models.store.policies import write_policy

    with web.desk.store.write() as db:
        write_policy(db, "replies", {"default": "draft"}, author="test", now_utc=web.desk.now)
    for subject in ("one", "two"):
        web.desk.mail(sender=f"{subject}@shop.example", subject=subject)
    web.desk.read()
    web.desk.work()
    web.enter()
    first, second = (row for row in web.desk.outbox() if row.status == "draft")
    web.post(f"/drafts/{first.id}", {"act": "approve", "text": first.text, "was": first.text})
    web.post(f"/drafts/{second.id}", {"act": "drop"})
    states = {row.id: (row.status, row.automatic) for row in web.desk.outbox()}
    assert states[first.id] == ("queued", True), "unchanged words stay an automatic mail"
    assert states[second.id][0] == "muted"
    assert web.post(f"/drafts/{second.id}", {"act": "approve", "text": "x"}).status_code == 409


@on_sqlite
def test_hostile_mails_stay_text(web) -> None:
    """Nothing that a mail says becomes markup, in any place that shows it."""
    for words in HOSTILE:
        web.desk.mail(f"unsure {words}", subject=words.replace("\u202e", ""))
    web.desk.read()
    web.enter()
    pages = ["/queues", "/review", *(f"/tickets/{row.id}" for row in web.desk.tickets())]
    for address in pages:
        page = web.get(address).text
        for tag in ("<script>", "<img", "<svg onload", "onerror=alert(1)>", "href='javascript", "49 49"):
            assert tag not in page, address
