"""Review: what is shown, what a choice does, what `U` takes back; an audit shows no opinion first."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from console.marked_text import pieces
from models.store.review_cards import next_cards, review_figures
from models.store.schema import LABEL, PREDICTION, REVIEW_CHOICE, TOPIC_WORK
from tests.console.conftest import on_sqlite

FETCH = {"X-Razbor": "1"}
WORDS = st.text(alphabet="абв abc 报 错.", max_size=60)
REASON = st.fixed_dictionaries(
    {
        "text": st.text(alphabet="абabc 报.", max_size=4),
        "topic": st.just("other"),
        "weight": st.floats(0.01, 9),
    }
)


@given(
    text=WORDS,
    reasons=st.lists(REASON, max_size=4),
    spans=st.lists(st.tuples(st.integers(-2, 70), st.integers(-2, 70)), max_size=4),
)
@settings(max_examples=60)
def test_pieces_are_the_text(text, reasons, spans) -> None:
    """Whatever is marked, not a letter is lost, added or moved."""
    entities = [{"type": "sku", "value": "1", "where": "body", "start": a, "end": b} for a, b in spans]
    cut = pieces(text, reasons=reasons, entities=entities)
    assert "".join(piece.text for piece in cut) == text


def test_the_stronger_reason_shows_and_words_begin_where_words_begin() -> None:
    reasons = [
        {"text": "акт", "topic": "logistics_acceptance", "weight": 2.0},
        {"text": "акта расхождений", "topic": "finance_documents", "weight": 0.5},
    ]
    cut = pieces("Акта расхождений нет, факт", reasons=reasons)
    assert [(piece.text, piece.topic, piece.weight) for piece in cut if piece.topic] == [
        ("Акт", "logistics_acceptance", 3),
        ("а расхождений", "finance_documents", 1),
    ]


@pytest.fixture
def reviewed(desk):
    """Three mails in review."""
    for number in range(3):
        desk.mail(f"unsure: поставка 200006128675{number}, склад принял не всё", subject=f"Письмо {number}")
    desk.read()
    return desk


def test_cards_come_in_the_order_of_learning(reviewed) -> None:
    with reviewed.store.read() as db:
        cards, left = next_cards(db, (), 2)
        assert (left.unsure, left.blind) == (3, 0)
        assert [card.subject for card in cards] == ["Письмо 0", "Письмо 1"]
        assert cards[0].predicted == "logistics_acceptance"
        passed = [card.raw_id for card in cards]
        later, left = next_cards(db, passed, 3)
        assert ([card.subject for card in later], left.unsure) == (["Письмо 2"], 3)


def test_a_choice_and_its_undo(reviewed, web) -> None:
    desk = web.desk
    web.enter()
    raw = [row.raw_id for row in desk.states()]
    answer = web.post(f"/review/{raw[0]}", {"topic": "fines_appeals", "ms": 1500}, **FETCH)
    assert answer.status_code == 200
    ticket = desk.tickets()[0]
    assert (ticket.topic, ticket.in_review, ticket.topic_source) == ("fines_appeals", False, "operator")
    assert [row.topic for row in desk.rows(LABEL) if row.active] == ["fines_appeals"]
    (work,) = [row for row in desk.rows(TOPIC_WORK) if row.ticket_id == ticket.id]
    assert (work.due_at_utc - desk.now).total_seconds() == 10, "nobody is answered while it can be undone"
    with desk.store.read() as db:
        figures = review_figures(db, "operator", desk.now)
    assert (figures.count, figures.median_s, figures.agreement) == (1, 1.5, 0.0)

    again = web.post("/review/undo/last", **FETCH)
    assert f'data-raw="{raw[0]}"' in again.text
    ticket = desk.tickets()[0]
    assert (ticket.topic, ticket.in_review, ticket.status) == ("logistics_acceptance", True, "new")
    assert [row for row in desk.rows(LABEL) if row.active] == []
    assert desk.rows(TOPIC_WORK)[0].due_at_utc is None
    assert web.post("/review/undo/last", **FETCH).status_code == 409


@on_sqlite
def test_spam_is_closed_and_comes_back(reviewed, web) -> None:
    web.enter()
    raw = web.desk.states()[0].raw_id
    web.post(f"/review/{raw}", {"topic": "spam_phishing"}, **FETCH)
    assert web.desk.tickets()[0].status == "closed"
    web.post("/review/undo/last", **FETCH)
    ticket = web.desk.tickets()[0]
    assert (ticket.status, ticket.in_review) == ("in_progress", True)
    assert (ticket.resolution, ticket.suppress_replies) == ("", "")


@on_sqlite
def test_two_people_do_not_decide_the_same_mail(reviewed, web) -> None:
    raw = web.desk.states()[0].raw_id
    web.enter("operator")
    web.post(f"/review/{raw}", {"topic": "fines_appeals"}, **FETCH)
    web.enter("lead")
    late = web.post(f"/review/{raw}", {"topic": "other"}, **FETCH)
    assert late.status_code == 409
    assert "a colleague was first" in late.json()["fault"]
    assert web.post("/review/undo/last", **FETCH).status_code == 409, "only one's own choice"
    assert web.desk.tickets()[0].topic == "fines_appeals"


@on_sqlite
def test_every_sixth_mail_is_of_the_audit_share_however_the_page_asks(desk, web) -> None:
    """As the page does it: three mails at first, then one for each choice; nobody skips anything."""
    for number in range(16):
        unsure = "unsure: " if number > 3 else ""
        desk.mail(
            f"{unsure}поставка 2000061286{number:03}, склад принял не всё", sender=f"s{number}@shop.example"
        )
    desk.read()
    drawn = [row.raw_id for row in desk.states()][:4]
    with desk.store.write() as db:
        db.execute(update(PREDICTION).where(PREDICTION.c.raw_id.in_(drawn)).values(audit=True))
    web.enter()
    cards = re.compile(r'data-raw="(\d+)"')
    held, seen = cards.findall(web.get("/review").text), []
    while held:
        seen.append(int(held.pop(0)))
        answer = web.post(f"/review/{seen[-1]}", {"topic": "other", "passed": ",".join(held)}, **FETCH)
        held += cards.findall(answer.text)
    blind = [at for at, raw_id in enumerate(seen) if raw_id in drawn]
    assert len(seen) == 16
    assert blind == [5, 11, 14, 15], "every sixth while there are others, then the rest"


@on_sqlite
def test_the_audit_share_hides_the_opinion_until_the_choice(desk, web) -> None:
    desk.mail("Поставка 2000061286750, склад принял не всё")
    desk.read()
    with desk.store.write() as db:
        db.execute(update(PREDICTION).values(audit=True))
    web.enter()
    page = web.get("/review").text
    assert "Check: choose the topic by the text alone" in page
    assert "99 %" not in page
    assert "<mark" not in page
    assert 'class="bar"' not in page
    raw = desk.states()[0].raw_id
    answer = web.post(f"/review/{raw}", {"topic": "other"}, **FETCH)
    assert "The model said: Logistics, supplies, acceptance, 99 %" in answer.text
    assert desk.rows(LABEL)[0].source == "audit"
    assert desk.rows(REVIEW_CHOICE)[0].is_audit


@on_sqlite
def test_review_refuses_what_makes_no_sense(reviewed, web) -> None:
    web.enter()
    raw = web.desk.states()[0].raw_id
    assert web.post(f"/review/{raw}", {"topic": "no_such_topic"}, **FETCH).status_code == 422
    assert web.post("/review/999999", {"topic": "other"}, **FETCH).status_code == 404
    assert web.get("/review?passed=a,b,9999999999999999999,,1").status_code == 200
    without_script = web.post(f"/review/{raw}", {"topic": "other"})
    assert (without_script.status_code, without_script.headers["location"]) == (303, "/review")


@on_sqlite
def test_review_page_in_three_languages(reviewed, web) -> None:
    for language, said in {"ru": "осталось 3 письма", "en": "3 mails left", "zh": "剩余 3 封"}.items():
        web.enter(login=f"reader-{language}", language=language)
        page = web.get("/review").text
        assert len(re.findall("data-card ", page)) == 3
        assert said in page


@on_sqlite
def test_empty_review_says_so(web) -> None:
    web.enter()
    assert "Review is empty" in web.get("/review").text
