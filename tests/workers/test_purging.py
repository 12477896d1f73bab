"""Retention on both engines: what is due goes, what is needed stays, every mail stays counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import structlog
from click.testing import Result
from sqlalchemy import delete, insert, select, update
from typer.testing import CliRunner

from cli.main import app
from models.raw_store import SqliteRawStore
from models.retention import CLASSES, RetentionError, parse_retention, shipped_retention
from models.store import StoreError, overview
from models.store.learning import add_label, labelled_mails
from models.store.leases import take_duty
from models.store.legal_holds import hold_ticket, legal_holds, lift_hold
from models.store.mails import held_mails, hold_mail, retry_held
from models.store.outbox_acts import release_draft, send_again
from models.store.policies import retention_policy, write_policy
from models.store.purge import PORTION, STEPS
from models.store.raw_mail import fetch_mails
from models.store.raw_orders import FORGOTTEN, RAW_GONE, drop_raw
from models.store.schema import (
    ATTACHMENT,
    AUDIT,
    FACT,
    JOB_RUN,
    MAIL_STATE,
    MESSAGE,
    OUTBOX,
    PARTY,
    PREDICTION,
    RAW,
    STATUS_EVENT,
    TICKET,
    TOPIC_WORK,
)
from models.topics import Status
from workers import purging
from workers.acts import close, move, set_fact, write_note
from workers.purging import PurgeBusyError, due_now, nightly_purge, purge
from workers.replaying import replay
from workers.set_aside import confirm_spam, release

LETTER = (
    "Добрый день! Поставку 2000061286750 склад принял 3 ноября 2026, 12 коробок вместо 14. "
    "Звоните покупателю Пимену: +7 999 123-45-67. Кодовое слово паровоз."
)
TABLE = "артикул;количество\nчайник-паровоз;3\n"


def letter_with_table() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Пимен Чайников <seller@shop.example>", "support@razbor.local"
    message["Subject"], message["Message-ID"] = "Недостача паровоз", "<1@shop.example>"
    message.set_content(LETTER)
    message.add_attachment(TABLE.encode(), maintype="text", subtype="csv", filename="паровоз.csv")
    return message.as_bytes()


def settle(desk: Any) -> None:
    """Let every reply leave, as a relay would have done."""
    desk.work()
    with desk.store.write() as db:
        db.execute(update(OUTBOX).where(OUTBOX.c.status == "queued").values(status="sent"))
        db.execute(update(TOPIC_WORK).values(due_at_utc=None))


def closed(desk: Any, number: int | None = None) -> int:
    """Close the ticket; return its number."""
    number = number or desk.tickets()[-1].id
    settle(desk)
    close(desk.service, number, "anna", resolution="answered", reason="паровоз нашёлся")
    settle(desk)
    return int(number)


@pytest.fixture
def ticket(desk: Any) -> int:
    """A closed ticket with a table, a note, a reply, a fact of the operator and a phone."""
    desk.mail(raw=letter_with_table())
    desk.read()
    number = desk.tickets()[0].id
    write_note(desk.service, number, "anna", "паровоз, перезвонить")
    set_fact(desk.service, number, "anna", "warehouse", "паровозное депо")
    return closed(desk)


def carried_out(desk: Any, raw_store: Any) -> None:
    """Let the listener delete what is ordered."""
    if isinstance(raw_store, SqliteRawStore):
        raw_store.upkeep()
    purging.confirm_orders(desk.store)


def days_pass(desk: Any, days: float) -> None:
    desk.pass_time(days * 86_400)


def kept_bytes(desk: Any) -> list[bool]:
    with desk.store.read_raw() as raw:
        return [row.raw is not None for row in raw.execute(select(RAW).order_by(RAW.c.id))]


def dump(desk: Any) -> str:
    """Everything that the databases hold, as one text."""
    tables = [desk.rows(table) for table in TICKET.metadata.tables.values()]
    with desk.store.read_raw() as raw:
        return repr(tables) + repr(raw.execute(select(RAW)).all())


def test_the_shipped_policy_is_seeded_and_bad_ones_are_refused(desk: Any) -> None:
    with desk.store.read() as db:
        assert retention_policy(db) == shipped_retention()
    assert {step.lives_as for step in STEPS} == set(CLASSES)
    assert parse_retention({"notes": "never"}).notes is None
    for body in ({"notes": 0}, {"notes": True}, {"notes": "7"}, {"notes": 40_000}, {"mails": 7}):
        with pytest.raises(RetentionError):
            parse_retention(body)
    with desk.store.write() as db:
        write_policy(db, "retention", {"notes": -1}, author="anna", now_utc=desk.now)
    assert "notes = -1" in nightly_purge(desk.service)


def test_each_class_goes_in_its_time_and_figures_stay(desk: Any, ticket: int, raw_store: Any) -> None:
    before = desk.tickets()[0]
    assert sum(due_now(desk.service).values()) == 0
    taken: dict[str, float] = {}
    policy = shipped_retention()
    for days in sorted({getattr(policy, name) for name in CLASSES}):
        days_pass(desk, days - (desk.now - before.updated_at_utc) / timedelta(days=1) + 1)
        promised = due_now(desk.service)
        done = purge(desk.service, "anna")
        assert done.counts == promised
        assert done.log_emptied
        carried_out(desk, raw_store)
        taken |= {name: days for name, count in done.counts.items() if count}
        desk.assert_balanced()
    unmet = {"quarantined", "label_senders", "label_texts"}
    assert taken == {step.name: getattr(policy, step.lives_as) for step in STEPS if step.name not in unmet}
    text = dump(desk)
    for word in ("аровоз", "seller@shop", "999 123", "Пимен", "9991234567"):
        assert word not in text, text[max(0, text.find(word) - 200) : text.find(word) + 80]
    after = desk.tickets()[0]
    for name in (
        "status",
        "topic",
        "opened_at_utc",
        "closed_at_utc",
        "resolution",
        "cycle_s",
        "score",
        "missing",
    ):
        assert getattr(after, name) == getattr(before, name)
    assert after.purged_at_utc is not None
    assert ("supply_ref", "2000061286750") in {(row.field, row.value) for row in desk.rows(FACT)}
    assert [row.to_status for row in desk.rows(STATUS_EVENT)][-1] == Status.CLOSED
    (line,) = overview.journal(desk.store)
    assert (line["ticket"], line["disposition"], line["mail_from"]) == (f"RZ-{ticket}", "opened", FORGOTTEN)
    assert len(line["sha256"]) == 64
    entries = [row for row in desk.rows(AUDIT) if row.action == "purge"]
    assert len(entries) == len(set(taken.values()))
    assert entries[0].detail == {"buyer_contacts": 1}


def test_contacts_go_before_the_words(desk: Any, ticket: int) -> None:
    days_pass(desk, 31)
    assert purge(desk.service, "anna").counts["buyer_contacts"] == 1
    (message,) = desk.rows(MESSAGE)
    assert "+7 999 123-45-67" not in repr(message)
    assert "Пимену: ••••••••••••••••. Кодовое слово паровоз." in message.text
    supply = next(e for e in message.entities if e["type"] == "supply_number")
    assert message.text[supply["start"] : supply["end"]] == "2000061286750", "offsets still hold"


def test_what_is_needed_stays_however_old(desk: Any) -> None:
    """Open, reopened, held, in flight, legal hold, topic work due, a reply on its way: nothing is due."""
    for number in range(6):
        desk.mail(f"{LETTER} {number}", message_id=f"{number}@shop.example", sender=f"s{number}@shop.example")
    desk.read()
    opened = [row.id for row in desk.tickets()]
    settle(desk)
    for number in opened[1:5]:
        close(desk.service, number, "anna", resolution="answered", reason="паровоз нашёлся")
    reopened, lawsuit, at_work, answered = opened[1:5]
    settle(desk)
    with desk.store.write() as db:
        assert hold_ticket(db, lawsuit, "суд", "anna", desk.now)
        assert not hold_ticket(db, lawsuit, "суд", "anna", desk.now)
        work = {"ticket_id": at_work, "topic": "other", "due_at_utc": desk.now}
        db.execute(delete(TOPIC_WORK).where(TOPIC_WORK.c.ticket_id == at_work))
        db.execute(insert(TOPIC_WORK).values(**work, attempts=0, last_error=""))
        db.execute(update(OUTBOX).where(OUTBOX.c.ticket_id == answered).values(status="queued"))
        db.execute(
            update(MAIL_STATE)
            .where(MAIL_STATE.c.ticket_id == opened[5])
            .values(disposition=None, ticket_id=None)
        )
        hold_mail(db, desk.states()[5].raw_id, "reading it takes too long", desk.now)
    desk.pass_time(60)
    sender = "s1@shop.example"
    desk.mail("Номер продавца 1250487, вот ещё", subject=f"Re: [RZ-{reopened}]", sender=sender)
    desk.read()
    assert {row.id: row.status for row in desk.tickets()}[reopened] != Status.CLOSED
    desk.mail("Ещё не прочитано")  # in flight: the worker has not been told of it
    days_pass(desk, 5000)
    before = dump(desk)
    assert not any(due_now(desk.service).values())
    assert not any(purge(desk.service, "anna").counts.values())
    assert before.count("аровоз") == dump(desk).count("аровоз")
    assert all(kept_bytes(desk))
    assert desk.ends().count("held") == 1
    desk.assert_balanced(in_flight=1)
    with desk.store.write() as db:
        assert [row["reason"] for row in legal_holds(db)] == ["суд"]
        assert lift_hold(db, lawsuit, "anna", desk.now)
    assert purge(desk.service, "anna").counts["raw_mail"] == 1


def test_quarantine_and_labels_have_times_of_their_own(desk: Any, raw_store: Any) -> None:
    desk.mail("casino паровоз", sender="spam@casino.example")
    desk.mail(LETTER, message_id="2@shop.example")
    desk.mail("casino тепловоз", sender="bad@casino.example")
    desk.read()
    assert desk.ends() == ["quarantined", "opened", "quarantined"]
    number = closed(desk)
    raw_id = desk.states()[1].raw_id
    confirm_spam(desk.service, desk.states()[2].raw_id, "anna")
    with desk.store.write() as db:
        add_label(db, raw_id, "other", author="anna", source="review", now_utc=desk.now)
        db.execute(update(PREDICTION).values(reasons=[{"text": "паровоз", "weight": 1.0, "topic": "other"}]))
    days_pass(desk, 31)
    counts = purge(desk.service, "anna").counts
    assert (counts["quarantined"], counts["raw_mail"]) == (2, 0)
    carried_out(desk, raw_store)
    assert kept_bytes(desk) == [False, True, False]
    assert [row.text == "" for row in desk.rows(MESSAGE)] == [True, False, False]
    assert [row.from_address == "" for row in desk.rows(MESSAGE)] == [True, False, True]
    with pytest.raises(StoreError, match="no longer kept"):
        release(desk.service, desk.states()[0].raw_id, "anna")
    days_pass(desk, 365)
    counts = purge(desk.service, "anna").counts
    assert (counts["message_texts"], counts["label_senders"], counts["label_texts"]) == (0, 1, 0)
    with desk.store.read() as db:
        taught = labelled_mails(db)
    assert ["паровоз" in mail.text for mail in taught] == [True, False]
    assert desk.rows(MESSAGE)[1].from_address == ""
    days_pass(desk, 365)
    assert purge(desk.service, "anna").counts["label_texts"] == 2
    with desk.store.read() as db:
        assert labelled_mails(db) == []
    assert "паровоз" not in repr(desk.rows(MESSAGE) + desk.rows(PREDICTION))
    assert desk.tickets()[0].id == number
    desk.assert_balanced()


def test_a_mail_without_bytes_says_so(desk: Any, ticket: int, raw_store: Any) -> None:
    """Replay, held and the worker name the cause; nothing is lost from the count."""
    raw_id = desk.states()[0].raw_id
    days_pass(desk, 91)
    purge(desk.service, "anna")
    carried_out(desk, raw_store)
    assert fetch_mails(desk.store, [raw_id]) == {}
    (told,) = replay(desk.service, [raw_id], apply=True)
    assert (told.cause, told.changes) == (RAW_GONE, ())
    assert "паровоз" in desk.rows(MESSAGE)[0].text, "the words have a longer time than the bytes"
    with desk.store.write() as db:
        drop_raw(desk.store, db, [raw_id], desk.now)
        db.execute(update(MAIL_STATE).values(disposition="held"))
        assert [row["raw_kept"] for row in held_mails(db)] == [False]
        assert retry_held(db, [raw_id]) == 0


def test_a_purged_reply_can_never_leave(desk: Any, ticket: int) -> None:
    first = desk.outbox()[0].id
    with desk.store.write() as db:
        db.execute(update(OUTBOX).where(OUTBOX.c.id == first).values(status="draft"))
    days_pass(desk, 366)
    purge(desk.service, "anna")
    with desk.store.write() as db:
        assert release_draft(db, first, author="anna", text=None, now_utc=desk.now) is None
        assert not send_again(db, first, desk.now)
    assert {row.status for row in desk.outbox()} <= {"muted", "sent"}


def test_an_interrupted_purge_goes_on_where_it_stopped(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.store.purge.PORTION", 1)
    for number in range(2):
        desk.mail(f"{LETTER} {number}", message_id=f"{number}@shop.example", sender=f"s{number}@shop.example")
    desk.read()
    for row in desk.tickets():
        closed(desk, row.id)
    days_pass(desk, 5000)
    promised = due_now(desk.service)
    left = 3

    def power_cut(_taken: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        purge(desk.service, "anna", power_cut)
    first = next(row.detail for row in desk.rows(AUDIT) if row.action == "purge")
    assert first["raw_mail"] == 2, "what was done before the cut is audited"
    second = purge(desk.service, "anna").counts
    assert {name: first.get(name, 0) + second[name] for name in promised} == promised
    assert not any(purge(desk.service, "anna").counts.values())
    desk.assert_balanced()
    assert PORTION == 100


def test_workers_go_on_while_a_purge_runs(desk: Any) -> None:
    for number in range(2):
        desk.mail(f"{LETTER} {number}", message_id=f"{number}@shop.example", sender=f"s{number}@shop.example")
    desk.read()
    for row in desk.tickets():
        closed(desk, row.id)
    days_pass(desk, 5000)
    arriving = desk.make_service()
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for number in range(2):
                desk.mail(f"Новое письмо {number}, продавец 1250487", sender=f"s{number}@shop.example")
                desk.read(arriving)
        except BaseException as error:  # noqa: BLE001 - told by the test below
            faults.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    purge(desk.service, "anna")
    worker.join()
    assert faults == []
    assert desk.ends() == ["opened"] * 4
    assert [row.purged_at_utc is None for row in desk.rows(MESSAGE)] == [False] * 2 + [True] * 2
    desk.assert_balanced()


def test_one_purge_at_a_time_and_one_a_night(desk: Any, ticket: int) -> None:
    days_pass(desk, 91)
    assert take_duty(desk.store, "purge", "elsewhere:1:x", now_utc=datetime.now(UTC), hold_s=60)
    with pytest.raises(PurgeBusyError):
        purge(desk.service, "anna")
    take_duty(desk.store, "purge", "elsewhere:1:x", now_utc=datetime.now(UTC), hold_s=-1)
    assert "raw_mail 1" in nightly_purge(desk.service)
    assert nightly_purge(desk.service) == "already started tonight"
    (run,) = desk.rows(JOB_RUN)
    assert run.result.startswith("purged: ")


def test_a_purged_ticket_that_was_reopened_is_purged_again(desk: Any, ticket: int) -> None:
    days_pass(desk, 400)
    purge(desk.service, "anna")

    move(desk.service, ticket, "anna", Status.IN_PROGRESS, "ошиблись")
    set_fact(desk.service, ticket, "anna", "warehouse", "второе депо")
    with desk.store.write() as db:
        db.execute(insert(PARTY).values(ticket_id=ticket, address="new@shop.example"))
    closed(desk, ticket)
    days_pass(desk, 400)
    assert purge(desk.service, "anna").counts["tickets"] == 1
    assert "второе депо" not in repr(desk.rows(FACT))
    assert desk.rows(PARTY) == []
    assert all(row.name == "" and row.text == "" for row in desk.rows(ATTACHMENT))


@pytest.fixture
def razbor(monkeypatch: pytest.MonkeyPatch, database_env: dict[str, str]) -> Iterator[Callable[..., Result]]:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)
    yield lambda *words: CliRunner().invoke(app, words)
    structlog.reset_defaults()


def test_the_commands(desk: Any, ticket: int, razbor: Callable[..., Result], raw_store: Any) -> None:
    assert razbor("retention", "set", "raw_mail", "soon").exit_code == 1
    assert "raw_mail: 1 (version 2" in razbor("retention", "set", "raw_mail", "1").stdout
    assert json.loads(razbor("retention", "show", "--json").stdout)["raw_mail"] == 1
    with desk.store.write() as db:
        long_ago = datetime.now(UTC) - timedelta(days=2)
        db.execute(update(TICKET).values(closed_at_utc=long_ago))
        db.execute(update(MAIL_STATE).values(disposed_at_utc=long_ago))
    assert razbor("retention", "hold", f"RZ-{ticket}", "--reason", "суд").exit_code == 0
    assert "суд" in razbor("retention", "holds").stdout
    assert json.loads(razbor("purge", "--dry-run", "--json").stdout)["counts"]["raw_mail"] == 0
    assert razbor("retention", "lift", f"RZ-{ticket}").exit_code == 0
    assert "raw_mail                1  after 1 days" in razbor("purge", "--dry-run").stdout
    assert all(kept_bytes(desk))
    first = json.loads(razbor("purge", "--json").stdout)
    assert first["counts"]["raw_mail"] == 1
    is_sqlite = desk.store.is_sqlite
    assert first["raw_waiting"] == int(is_sqlite), "a listener has the file: it deletes"
    assert all(kept_bytes(desk)) is is_sqlite
    raw_store.close()
    again = json.loads(razbor("purge", "--json").stdout)
    assert (again["raw_waiting"], sum(again["counts"].values())) == (0, 0)
    assert not any(kept_bytes(desk))
    desk.assert_balanced()
