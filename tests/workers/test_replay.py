"""Reading stored mail again on both engines: what would change is told, what people decided stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from click.testing import Result
from sqlalchemy import delete, insert, select, update
from typer.testing import CliRunner

from cli.main import app
from models.store.leases import take_duty
from models.store.replay import ReplayFilter, count_replayable, replayable
from models.store.schema import ATTACHMENT, FACT, MESSAGE, OUTBOX, STATUS_EVENT, TICKET
from workers.replaying import MailChanges, only_changed, replay

LETTER = (
    "Добрый день! Поставку 2000061286750 склад принял 3 ноября 2026, 12 коробок вместо 14. "
    "ID продавца 1250487. Мой пароль: Pchelka1954, телефон +7 999 123-45-67."
)


def changes(desk: Any, *, apply: bool = False) -> list[MailChanges]:
    with desk.store.read() as db:
        raw_ids = replayable(db, ReplayFilter(), after=0, limit=100)
    return only_changed(replay(desk.service, raw_ids, apply=apply))


def facts(desk: Any) -> set[tuple[str, str, str, bool]]:
    return {(row.field, row.value, row.source, bool(row.active)) for row in desk.rows(FACT)}


def everything_but_readings(desk: Any) -> list[Any]:
    return [desk.rows(table) for table in (TICKET, OUTBOX, STATUS_EVENT)] + [desk.states(), desk.topic_work()]


@pytest.fixture
def read_desk(desk: Any) -> Any:
    """A worked ticket of one letter, an automatic mail on it, and a letter with a table."""
    desk.mail(LETTER, message_id="1@shop.example")
    table = {"message_id": "3@shop.example", "sender": "b@shop.example"}
    desk.mail("Список во вложении, заказ 12345678-0001-1 не доставлен", **table)
    desk.read()
    desk.work()
    reply = desk.outbox()[0].message_id
    desk.mail(
        "I am away until Monday. Order 87654321-0007-1.",
        subject="Out of office",
        message_id="2@shop.example",
        headers={"Auto-Submitted": "auto-replied", "In-Reply-To": f"<{reply}>"},
    )
    desk.read()
    assert desk.ends() == ["opened", "opened", "auto"]
    return desk


def make_old(desk: Any) -> dict[str, tuple[Any, ...]]:
    """Store what older code could have read, and what an operator did since."""
    first = desk.states()[0]
    with desk.store.write() as db:
        row = db.execute(select(MESSAGE).where(MESSAGE.c.raw_id == first.raw_id)).one()
        entities = [entity for entity in row.entities if entity["type"] != "seller_id"]
        entities.append({**entities[0], "type": "document_number", "value": "Pchelka1954", "subtype": ""})
        older = {"text": LETTER, "entities": entities, "redacted": [], "language": "unknown"}
        db.execute(update(MESSAGE).where(MESSAGE.c.raw_id == first.raw_id).values(older))
        db.execute(delete(FACT).where(FACT.c.field == "seller_id"))
        fact = {"ticket_id": first.ticket_id, "raw_id": first.raw_id, "text": "", "type": "", "where": "body"}
        rows = {
            "wrong": ("document_ref", "Pchelka1954", "message", True),
            "operator": ("order_ref", "11112222-0001-1", "operator", True),
            "answer": ("claim_ref", "777", "answer", True),
        }
        for field, value, source, active in rows.values():
            given = {"field": field, "value": value, "source": source, "active": active}
            db.execute(insert(FACT).values(**fact, **given, created_at_utc=desk.now))
        supply = (FACT.c.field == "supply_ref") & (FACT.c.raw_id == first.raw_id)
        db.execute(update(FACT).where(supply).values(active=False))  # somebody withdrew it
    return rows


def test_what_was_read_by_the_same_code_does_not_change(read_desk: Any) -> None:
    assert changes(read_desk) == []


def test_a_replay_tells_and_only_apply_stores(read_desk: Any) -> None:
    rows = make_old(read_desk)
    kept = everything_but_readings(read_desk)
    before = facts(read_desk)
    (found,) = changes(read_desk)
    assert {change.field for change in found.changes} == {"text", "language", "entities", "redacted", "facts"}
    told = {(change.before, change.after) for change in found.changes if change.field == "facts"}
    assert told == {("document_ref (11 characters)", ""), ("", "seller_id 1250487")}
    assert "Pchelka1954" not in repr(found), "a secret that older code kept is not shown"
    assert facts(read_desk) == before, "nothing is stored without --apply"

    assert changes(read_desk, apply=True) == [found]
    after = facts(read_desk)
    assert ("seller_id", "1250487", "message", True) in after
    assert {rows["operator"], rows["answer"]} <= after
    assert rows["wrong"] not in after
    assert ("supply_ref", "2000061286750", "message", False) in after, "what was withdrawn stays withdrawn"
    message = read_desk.rows(MESSAGE)[0]
    assert "Pchelka1954" not in repr(message)
    assert message.language == "ru"
    assert everything_but_readings(read_desk) == kept, "no ticket moves, nothing is sent"
    read_desk.assert_balanced()

    assert changes(read_desk) == []
    assert changes(read_desk, apply=True) == []
    read_desk.work()
    assert read_desk.outbox() == kept[1]


def test_a_secret_that_older_code_kept_leaves_the_database(read_desk: Any) -> None:
    first = read_desk.states()[0]
    with read_desk.store.write() as db:
        subject = {"subject": "пароль: Pchelka1954"}
        db.execute(update(MESSAGE).where(MESSAGE.c.raw_id == first.raw_id).values(subject))
        db.execute(update(TICKET).where(TICKET.c.id == first.ticket_id).values(subject))
        fact = {"ticket_id": first.ticket_id, "raw_id": first.raw_id, "source": "message", "active": False}
        given = {"field": "document_ref", "value": "Pchelka1954", "created_at_utc": read_desk.now}
        names = {"text": "", "type": "", "where": "body"}
        db.execute(insert(FACT).values(**fact, **given, **names))
    assert "Pchelka1954" in repr([read_desk.rows(table) for table in (MESSAGE, TICKET, FACT)])
    changes(read_desk, apply=True)
    assert "Pchelka1954" not in repr([read_desk.rows(table) for table in (MESSAGE, TICKET, FACT)])
    assert read_desk.tickets()[0].subject == "Недостача"


def test_an_operators_value_outranks_a_new_reading(read_desk: Any) -> None:
    ticket = read_desk.states()[0].ticket_id
    with read_desk.store.write() as db:
        db.execute(delete(FACT).where(FACT.c.field == "seller_id", FACT.c.ticket_id == ticket))
        given = {"field": "seller_id", "value": "9999", "source": "operator", "active": True}
        db.execute(insert(FACT).values(ticket_id=ticket, **given, created_at_utc=read_desk.now))
    changes(read_desk, apply=True)
    assert {row[1:] for row in facts(read_desk) if row[0] == "seller_id"} == {
        ("9999", "operator", True),
        ("1250487", "message", False),
    }
    assert changes(read_desk) == []


def test_attachments_are_read_again_and_purged_mails_are_not(desk: Any) -> None:
    raw = (
        b"From: a@shop.example\r\nMessage-ID: <t@x>\r\nSubject: list\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHelp with this list please\r\n--b\r\n"
        b"Content-Type: text/csv; name=list.csv\r\n\r\nsku;qty\r\n123456789;1\r\n--b--\r\n"
    )
    desk.mail(raw=raw)
    desk.read()
    assert changes(desk) == []
    with desk.store.write() as db:
        db.execute(update(ATTACHMENT).values(kind="other", text=""))
    (found,) = changes(desk, apply=True)
    assert {change.field for change in found.changes} == {"attachment kind", "attachment text"}
    assert [row.kind for row in desk.rows(ATTACHMENT)] == ["table"]
    with desk.store.write() as db:
        db.execute(update(MESSAGE).values(text="", purged_at_utc=desk.now))
        assert count_replayable(db, ReplayFilter()) == 0


@pytest.fixture
def razbor(monkeypatch: pytest.MonkeyPatch, database_env: dict[str, str]) -> Iterator[Callable[..., Result]]:
    for name, value in {**database_env, "RAZBOR_MAILBOXES": "support@razbor.local"}.items():
        monkeypatch.setenv(name, value)
    yield lambda *words: CliRunner().invoke(app, ["replay", *words])
    structlog.reset_defaults()


def test_the_command_counts_filters_and_lets_one_replay_at_a_time(
    read_desk: Any, razbor: Callable[..., Result]
) -> None:
    make_old(read_desk)
    shown = razbor()
    assert shown.exit_code == 0, shown.output
    assert "3 mails read again, 1 would change, 0 could not be read" in shown.stdout
    assert "language: 1 change in 1 mail" in shown.stdout
    assert "Pchelka1954" not in shown.stdout
    number = read_desk.states()[1].ticket_id
    for words, count in (
        (("--ticket", f"RZ-{number}"), 1),
        (("--limit", "2"), 2),
        (("--since", "2026-11-17"), 0),
        (("--until", "2026-11-17"), 3),
        (("--topic", "no_such_topic"), 0),
    ):
        assert json.loads(razbor("--json", *words).stdout.splitlines()[-1])["read"] == count, words
    assert take_duty(
        read_desk.store, "replay", "elsewhere:1:replay", now_utc=read_desk.now.replace(year=2099), hold_s=9
    )
    refused = razbor("--apply")
    assert refused.exit_code == 1
    assert take_duty(read_desk.store, "replay", "elsewhere:1:replay", now_utc=read_desk.now, hold_s=-9)
    row, summary = (json.loads(line) for line in razbor("--apply", "--json").stdout.splitlines())
    assert row["ticket"] == f"RZ-{read_desk.states()[0].ticket_id}"
    assert (summary["changed"], summary["applied"]) == (1, True)
    assert json.loads(razbor("--json").stdout)["changed"] == 0
