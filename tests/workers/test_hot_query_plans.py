"""Every statement of the way of a mail goes by an index, on both databases: its price does not grow."""

from __future__ import annotations

from datetime import timedelta

from models.store.schema import OUTBOX
from tests.watched_queries import WatchedStore
from tests.workers.conftest import Desk, FakeRelay
from workers.upkeep import sweep

BIG = (
    "raw_message",
    "mail_state",
    "message",
    "attachment",
    "ticket",
    "ticket_link",
    "party",
    "fact",
    "asked",
    "status_event",
    "topic_work",
    "outbox",
    "prediction",
    "label",
    "audit_entry",
)


def test_no_statement_between_acceptance_and_reply_reads_a_big_table(desk: Desk, relay: FakeRelay) -> None:
    watched = WatchedStore(desk.store)
    with watched:
        desk.mail(message_id="1@shop.example")
        desk.mail("Где поставка 2000061286750?", sender="b@other.example", message_id="2@other.example")
        desk.read()
        desk.work()
        desk.deliver(relay.port)
    question, ticket = desk.outbox()[0], desk.tickets()[0]
    with watched:
        desk.mail("ID продавца 1250487", headers={"In-Reply-To": f"<{question.message_id}>"})
        desk.mail(message_id="1@shop.example")  # the first once more
        desk.mail(f"RZ-{ticket.id}", sender="stranger@third.example")
        desk.read()
        desk.work()
        desk.pass_time(timedelta(days=4).total_seconds())
        sweep(desk.service, 0)
        desk.work()
        desk.deliver(relay.port)
    sent = [statement for statements in watched.sent.values() for statement, _values in statements]
    assert len(sent) > 200, "the whole way was gone"
    assert any(OUTBOX.name in statement for statement in sent)
    assert watched.scans(BIG) == []


def test_the_check_finds_a_statement_that_reads_a_whole_table(desk: Desk) -> None:
    desk.mail()
    desk.read()
    with WatchedStore(desk.store) as watched, desk.store.read() as db:
        db.exec_driver_sql("SELECT count(*) FROM message WHERE length(text) > 9")
    assert len(watched.scans(BIG)) == 1
