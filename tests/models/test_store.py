"""The store on SQLite and on PostgreSQL: claims, tickets, facts, outbox, balance, journal."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from models.decisions import Decision, FactValue, Link
from models.records import Address, Mail, Prediction, ReplyDraft
from models.store import Store, StoreError, leases, overview
from models.store.facts import merge_facts
from models.store.leases import claim_mails, claim_topic_work, free_leases_of_the_dead, give_back, still_held
from models.store.link_context import Sought, load_link_contexts
from models.store.mail_order import key_new_mail
from models.store.mails import WorkedMail, held_mails, hold_mail, insert_worked, retry_held
from models.store.outbox import (
    ReplyAddress,
    load_outgoing,
    mark_deferred,
    mark_lost_senders,
    mark_sending,
    queue_reply,
)
from models.store.policies import read_policy, reply_policy, seed, seed_store, write_policy
from models.store.raw_mail import adopt_new_mail, fetch_mails
from models.store.reply_queue import ReplyNote, note_replies
from models.store.schema import MAIL_STATE, OUTBOX, POLICY, STATUS_EVENT
from models.store.ticket_states import load_ticket_state
from models.store.tickets import NewTicket, Opening, move_status, open_tickets
from models.store.topic_work import make_topic_work_due
from models.topics import Disposition, Status
from workers.order_keys import order_keys

NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
MAIL = Mail(
    message_id="a1@shop.example",
    from_=Address("Анна", "seller@shop.example"),
    subject="Поставка",
    language="ru",
    text="Поставка 2000061286750 потерялась, помогите найти.",
    content_sha256="c" * 64,
    text_sha256="t" * 64,
)
PREDICTION = Prediction(topic="logistics_acceptance", confidence=0.99, sure=True, threshold=0.9, model="m1")


def opened(**link: object) -> Decision:
    return Decision(
        disposition=Disposition.OPENED,
        decision="route",
        topic="logistics_acceptance",
        link=Link(**link),  # type: ignore[arg-type]
    )


def dispose(store: Store, raw_id: int, mail: Mail = MAIL) -> int:
    """Open a ticket for an accepted mail, as the worker does."""
    raw = fetch_mails(store, [raw_id])[raw_id]
    with store.write() as db:
        opening = Opening(raw_id=raw_id, mailbox="support@razbor.local", seller_id="")
        new = NewTicket(mail=mail, decision=opened(), prediction=PREDICTION, opening=opening)
        (number,) = open_tickets(db, [new], NOW)
        worked = WorkedMail(
            raw=raw,
            mail=mail,
            mailbox="support@razbor.local",
            prediction=PREDICTION,
            decision=opened(),
            ticket_id=number,
            is_part=True,
        )
        insert_worked(db, [worked], NOW)
    return number


def claim(store: Store, now: datetime = NOW) -> leases.Claim:
    adopt_new_mail(store)
    key_new_mail(store, order_keys(b"k" * 32))
    return claim_mails(store, now_utc=now, lease_s=60, limit=10)


def test_a_mail_is_claimed_once_until_its_lease_is_over(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    first = claim(store)
    assert first.ids == (raw_id,)
    assert not claim(store)
    again = claim(store, NOW + timedelta(seconds=61))
    assert again.ids == (raw_id,)
    with store.write() as db:
        assert still_held(db, MAIL_STATE, first, "raw_id") == set()
        assert still_held(db, MAIL_STATE, again, "raw_id") == {raw_id}


def test_a_mail_lost_twice_is_a_suspect_but_one_given_back_is_not(store: Store, accept) -> None:
    accept(b"Subject: a\r\n\r\nb\r\n")
    give_back(store, MAIL_STATE, claim(store), "raw_id", error="database restarted")
    at = NOW
    for lost in range(3):
        held = claim(store, at)
        assert bool(held.suspects) == (lost >= 2)
        at += timedelta(seconds=61)


def test_leases_of_a_killed_process_end_at_once(
    store: Store, accept, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(b"Subject: a\r\n\r\nb\r\n")
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    monkeypatch.setattr(leases.os, "getpid", lambda: child)
    assert claim(store)
    assert free_leases_of_the_dead(store, NOW) == 1
    assert claim(store)


def test_leases_of_the_living_are_kept(store: Store, accept) -> None:
    accept(b"Subject: a\r\n\r\nb\r\n")
    assert claim(store)
    assert free_leases_of_the_dead(store, NOW) == 0


def test_balance_holds_at_every_step(store: Store, accept) -> None:
    def balance() -> tuple[int, int, int]:
        counts = overview.status(store, NOW, relay=True)
        return counts["accepted"], counts["in_flight"], sum(counts["dispositions"].values())

    raw_ids = [accept(b"Subject: %d\r\n\r\nb\r\n" % n) for n in range(3)]
    assert balance() == (3, 3, 0)
    adopt_new_mail(store)
    assert balance() == (3, 3, 0)
    dispose(store, raw_ids[0])
    with store.write() as db:
        hold_mail(db, raw_ids[1], "cannot be read", NOW)
    assert balance() == (3, 1, 2)


def test_an_ended_mail_is_not_ended_twice(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    dispose(store, raw_id)
    with store.write() as db:
        hold_mail(db, raw_id, "too late", NOW)
        assert db.scalar(select(MAIL_STATE.c.disposition)) == "opened"


def test_held_mails_show_their_cause_and_can_be_retried(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    with store.write() as db:
        hold_mail(db, raw_id, "reader died", NOW)
        assert [(row["raw_id"], row["cause"]) for row in held_mails(db)] == [(raw_id, "reader died")]
        assert retry_held(db, [raw_id]) == 1
    assert claim(store).ids == (raw_id,)


def test_ticket_numbers_start_with_six_digits(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    assert dispose(store, raw_id) == 100001


def test_facts_keep_their_history(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    first = (FactValue(field="seller_id", value="1250"), FactValue(field="sku_ref", value="160249683"))
    with store.write() as db:
        assert merge_facts(db, number, first, NOW) == 2
        assert merge_facts(db, number, first, NOW) == 0
        later = (FactValue(field="seller_id", value="1260"), FactValue(field="sku_ref", value="646399170"))
        assert merge_facts(db, number, later, NOW) == 2
        state = load_ticket_state(db, number, NOW)
    values = {(fact.field, fact.value) for fact in state.facts}
    assert values == {("seller_id", "1260"), ("sku_ref", "160249683"), ("sku_ref", "646399170")}


def test_status_moves_are_dated_events_and_illegal_ones_are_refused(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    with store.write() as db:
        assert move_status(db, number, Status.WAITING_SELLER, reason="asked for seller_id", now_utc=NOW)
        assert not move_status(db, number, Status.WAITING_SELLER, reason="again", now_utc=NOW)
        events = db.execute(select(STATUS_EVENT.c.to_status).order_by(STATUS_EVENT.c.id)).scalars().all()
        assert events == ["new", "waiting_seller"]
        move_status(db, number, Status.CLOSED, reason="solved", now_utc=NOW)
        with pytest.raises(StoreError, match="R20"):
            move_status(db, number, Status.WAITING_SELLER, reason="illegal", now_utc=NOW)


def test_topic_work_is_claimed_by_its_own_topic(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    with store.write() as db:
        make_topic_work_due(db, number, "logistics_acceptance", raw_id, NOW)
        make_topic_work_due(db, number, "logistics_acceptance", raw_id, NOW)
    assert not claim_topic_work(store, ["finance_documents"], now_utc=NOW, lease_s=60, limit=5)
    assert claim_topic_work(store, ["logistics_acceptance"], now_utc=NOW, lease_s=60, limit=5).ids == (
        number,
    )


def queue(store: Store, raw_id: int, number: int, kind: str = "missing_data") -> int | None:
    draft = ReplyDraft(
        kind=kind, language="ru", subject=f"Re: [RZ-{number}]", text="ID продавца?", asked=("seller_id",)
    )
    address = ReplyAddress(
        mail_from="support@razbor.local",
        rcpt_to="seller@shop.example",
        message_id=f"rz.{raw_id}.{kind}@razbor.local",
        in_reply_to="a1@shop.example",
        references=("a1@shop.example",),
    )
    with store.write() as db:
        outbox_id = queue_reply(
            db, draft, address, ticket=number, inbound_raw_id=raw_id, status="queued", now_utc=NOW
        )
        if outbox_id is not None:
            note_replies(db, [ReplyNote(ticket=number, asked=draft.asked, outbox_id=outbox_id)], NOW)
    return outbox_id


def test_one_reply_per_inbound_mail_and_kind(store: Store, accept) -> None:
    """Rule A9."""
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    assert queue(store, raw_id, number) is not None
    assert queue(store, raw_id, number) is None
    with store.read() as db:
        state = load_ticket_state(db, number, NOW)
    assert state.asked == {"seller_id"}
    assert state.question_count == 1
    assert state.acknowledged


def test_a_reply_whose_sender_vanished_is_shown_not_resent(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    queue(store, raw_id, number)
    mine = leases.claim_outbox(store, now_utc=NOW, lease_s=60, limit=5)
    with store.write() as db:
        mail = load_outgoing(db, mine.ids)[0]
        assert mark_sending(db, mail, mine.token, NOW + timedelta(seconds=60))
    later = NOW + timedelta(seconds=61)
    with store.write() as db:
        assert mark_lost_senders(db, later) == 1
    assert not leases.claim_outbox(store, now_utc=later, lease_s=60, limit=5)
    assert overview.status(store, later, relay=True)["outbox"]["uncertain"] == 1


def test_a_deferred_reply_waits_longer_each_time_and_then_fails(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    queue(store, raw_id, dispose(store, raw_id))
    at, pauses = NOW, []
    for _ in range(12):
        mine = leases.claim_outbox(store, now_utc=at, lease_s=60, limit=5)
        with store.write() as db:
            mail = load_outgoing(db, mine.ids)[0]
            mark_deferred(db, mail, "451 later", at)
            row = db.execute(select(OUTBOX.c.status, OUTBOX.c.due_at_utc)).one()
        pauses.append((row.due_at_utc - at).total_seconds())
        if row.status == "failed":
            break
        at = row.due_at_utc
    assert pauses[:3] == [60, 120, 300]
    assert row.status == "failed"


def test_link_context_finds_what_belongs_together(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    queue(store, raw_id, number)
    with store.write() as db:
        merge_facts(db, number, [FactValue(field="supply_ref", value="2000061286750")], NOW)
    answer = Mail(
        message_id="a2@shop.example",
        in_reply_to=f"rz.{raw_id}.missing_data@razbor.local",
        references=("a1@shop.example",),
        from_=Address("", "seller@shop.example"),
        subject_tickets=(f"RZ-{number}", "RZ-999999"),
        body_tickets=("RZ-99999999999999999999",),
        text=MAIL.text,
        text_sha256=MAIL.text_sha256,
    )
    with store.read() as db:
        sought = Sought(
            mail=answer,
            mailbox="support@razbor.local",
            strong_values=[("supply_ref", "2000061286750")],
        )
        (context,) = load_link_contexts(db, [sought], NOW)
    assert [card.number for card in context.own_references] == [number]
    assert [card.number for card in context.sender_references] == [number]
    assert [card.number for card in context.subject_cited] == [number]
    assert context.body_cited == ()
    assert [card.number for card in context.same_matter] == [number]
    assert context.resend_of is not None
    assert context.resend_of.parties == {"seller@shop.example"}
    assert context.duplicate_of is None
    with store.read() as db:
        boxes = ("support@razbor.local", "help@razbor.local")
        both = [Sought(mail=MAIL, mailbox=mailbox) for mailbox in boxes]
        twin, elsewhere = load_link_contexts(db, both, NOW)
    assert twin.duplicate_of == raw_id
    assert elsewhere.duplicate_of is None


def test_journal_has_one_line_per_accepted_mail(store: Store, accept) -> None:
    raw_ids = [accept(b"Subject: %d\r\n\r\nb\r\n" % n) for n in range(3)]
    adopt_new_mail(store)
    number = dispose(store, raw_ids[1])
    lines = list(overview.journal(store))
    assert [line["raw_id"] for line in lines] == raw_ids
    assert [line["disposition"] for line in lines] == [None, "opened", None]
    assert lines[1]["ticket"] == f"RZ-{number}"
    assert lines[1]["topic"] == "logistics_acceptance"
    assert lines[0]["rcpt_to"] == ["support@razbor.local"]


def test_ticket_shape_is_the_contract(store: Store, accept) -> None:
    raw_id = accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    number = dispose(store, raw_id)
    queue(store, raw_id, number)
    with store.read() as db:
        shown = overview.ticket(db, number)
        assert [row["number"] for row in overview.tickets(db)] == [f"RZ-{number}"]
    contract = {"number", "status", "topic", "language", "seller_id", "subject", "facts", "missing"}
    assert contract | {"messages", "replies", "claimed_ticket", "related"} <= shown.keys()
    assert [m["direction"] for m in shown["messages"]] == ["in", "out"]
    assert shown["replies"][0].keys() >= {"kind", "language", "subject", "text", "status"}


def test_parts_that_start_at_once_seed_once(store: Store) -> None:
    """Under systemd four parts migrate and seed side by side at the first start."""
    with ThreadPoolExecutor() as parts:
        with store.write(["seed"]) as db:
            seed(db, ["support@razbor.local"], NOW)
            other = parts.submit(seed_store, store, ["support@razbor.local"], NOW)
            assert not wait([other], timeout=0.1).done
        other.result()
    with store.read() as db:
        assert set(db.scalars(select(POLICY.c.version))) == {1}


def test_policies_are_versions_and_the_nearest_entry_wins(store: Store) -> None:
    with store.write() as db:
        seed(db, ["support@razbor.local"], NOW)
        seed(db, ["support@razbor.local"], NOW)
        assert read_policy(db, "replies") == {"default": "send"}
        body = {"default": "send", "finance_documents": "draft", "finance_documents@help@razbor.local": "off"}
        assert write_policy(db, "replies", body, author="lead", now_utc=NOW) == 2
        assert reply_policy(db, "finance_documents", "help@razbor.local") == "off"
        assert reply_policy(db, "finance_documents", "support@razbor.local") == "draft"
        assert reply_policy(db, "cards_moderation", "support@razbor.local") == "send"


def test_a_naive_moment_is_refused(store: Store, accept) -> None:
    accept(b"Subject: a\r\n\r\nb\r\n")
    adopt_new_mail(store)
    with store.write() as db, pytest.raises(Exception, match="no time zone"):
        db.execute(update(MAIL_STATE).values(disposed_at_utc=datetime(2026, 11, 16)))  # noqa: DTZ001 - the point
