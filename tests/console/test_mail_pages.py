"""Search on both engines; quarantine, held mails and the outbox with their acts."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from models.store import overview
from models.store.mails import hold_mail
from models.store.raw_mail import adopt_new_mail
from models.store.schema import AUDIT, LABEL, OUTBOX
from models.store.search import search
from tests.console.conftest import on_sqlite

LETTERS = {
    "ru": ("Недостача при приёмке", "Поставка 2000061286750 принята не полностью, НЕДОСТАЧА двух коробок."),
    "zh": ("少收货物", "供货单 2000061286751 少收两箱，请核查仓库。"),
    "en": ("Payout is missing", "The payout for October did not arrive, supply 2000061286752."),
}
FINDS = [
    ("2000061286750", {"ru"}),
    ("20000612867", {"ru", "zh", "en"}),
    ("1286751", {"zh"}),
    ("少收", {"zh"}),
    ("仓库", {"zh"}),
    ("недостачу", {"ru"}),
    ("НЕДОСТАЧА коробок", {"ru"}),
    ("payouts october", {"en"}),
    ("ru@shop.example", {"ru"}),
    ("100%_", set()),
    ("нет такого слова", set()),
    ("", set()),
]


@pytest.fixture
def letters(desk):
    for name, (subject, text) in LETTERS.items():
        desk.mail(text, subject=subject, sender=f"{name}@shop.example")
    desk.read()
    return desk


def test_search_finds_numbers_parts_and_words(letters) -> None:
    names = {row.id: row.requester.partition("@")[0] for row in letters.tickets()}
    with letters.store.read() as db:
        for wanted, found in FINDS:
            assert {names[hit.number] for hit in search(db, wanted)} == found, wanted
        number = next(iter(names))
        assert [hit.number for hit in search(db, f"rz-{number}")] == [number]


@on_sqlite
def test_search_page_opens_a_number_and_shows_the_rest(letters, web) -> None:
    web.enter()
    number = web.desk.tickets()[0].id
    assert web.get(f"/search?q=RZ-{number}").headers["location"] == f"/tickets/{number}"
    page = web.get("/search?q=<b>少收</b>").text
    assert "&lt;b&gt;" in page
    assert "Nothing found" in page
    assert "1 ticket" in web.get("/search?q=少收").text


@on_sqlite
def test_quarantine_can_be_released_and_confirmed(web) -> None:
    desk = web.desk
    for sender in ("one", "two"):
        desk.mail(f"casino for {sender}, поставка 2000061286750", sender=f"{sender}@shop.example")
    desk.read()
    one, two = (row.raw_id for row in desk.states())
    web.enter("operator")
    assert web.get("/quarantine").text.count("casino for") == 2
    assert web.post(f"/quarantine/{one}", {"act": "release"}).status_code == 403
    web.enter("lead")
    web.post(f"/quarantine/{one}", {"act": "release"})
    (ticket,) = desk.tickets()
    assert (ticket.in_review, ticket.topic, ticket.requester) == (True, "other", "one@shop.example")
    assert desk.ends() == ["opened", "quarantined"]
    assert desk.outbox() == [], "nobody is answered before the review"
    assert web.post(f"/quarantine/{one}", {"act": "release"}).status_code == 409
    web.post(f"/quarantine/{two}", {"act": "spam"})
    assert [(row.raw_id, row.topic, row.author) for row in desk.rows(LABEL)] == [
        (two, "spam_phishing", "lead")
    ]
    desk.assert_balanced()


@on_sqlite
def test_held_mails_are_shown_masked_and_read_again(web) -> None:
    desk = web.desk
    raw_id = desk.mail("Пароль: hunter2hunter2", subject="Помогите")
    adopt_new_mail(desk.store)
    with desk.store.write() as db:
        hold_mail(db, raw_id, "reading it takes too long", desk.now)
    web.enter("lead")
    page = web.get("/held").text
    assert "reading it takes too long" in page
    assert "Помогите" in page
    assert "s***@shop.example" in page
    assert "hunter2" not in page
    web.post("/held/retry", {"raw_ids": [raw_id]})
    assert overview.status(desk.store, desk.now, relay=False)["dispositions"]["held"] == 0


@on_sqlite
def test_the_outbox_tells_what_failed_and_sends_it_again(letters, web) -> None:
    desk = web.desk
    desk.work()
    (first, *_rest) = desk.outbox()
    with desk.store.write() as db:
        failed = update(OUTBOX).where(OUTBOX.c.id == first.id)
        db.execute(failed.values(status="failed", last_error="550 no such user"))
    web.enter()
    page = web.get("/outbox?tab=failed").text
    assert "550 no such user" in page
    assert page.count("/resend") == 1
    assert web.get("/outbox?tab=sent").text.count("Nothing here.") == 1
    web.post(f"/outbox/{first.id}/resend")
    assert desk.outbox()[0].status == "queued"
    assert web.post(f"/outbox/{first.id}/resend").status_code == 409


@on_sqlite
def test_headers_are_masked_and_only_administrators_take_the_mail_as_it_came(web) -> None:
    """The raw mail is for administrators and audited; everybody at work sees where a mail comes from."""
    desk = web.desk
    raw_id = desk.mail("casino, пароль: hunter2hunter2", subject="Пароль: hunter2hunter2")
    desk.read()
    for role in ("operator", "lead"):
        web.enter(role)
        assert f'href="/mails/{raw_id}"' in web.get("/quarantine").text
        page = web.get(f"/mails/{raw_id}").text
        assert "<dt>from</dt>" in page
        assert "s***@shop.example" in page
        assert "seller@shop.example" not in page
        assert "hunter2" not in page
        assert "/raw" not in page
        assert web.get(f"/mails/{raw_id}/raw").status_code == 403
    web.enter("admin")
    assert f'href="/mails/{raw_id}/raw"' in web.get(f"/mails/{raw_id}").text
    sent = web.get(f"/mails/{raw_id}/raw")
    assert "hunter2hunter2" in sent.content.decode()
    assert sent.headers["content-type"] == "application/octet-stream"
    assert sent.headers["content-disposition"].startswith("attachment")
    (noted,) = [row for row in desk.rows(AUDIT) if row.action == "open_raw"]
    assert (noted.actor, noted.subject) == ("admin", f"raw:{raw_id}")
    assert web.get("/mails/999999").status_code == 404
    assert web.get("/mails/999999/raw").status_code == 409
