"""Handing out and erasing a person on both engines: nothing of them stays, everybody else stays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import Result
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from cli.main import app
from models.raw_store import SqliteRawStore
from models.store import overview
from models.store.learning import add_label, labelled_mails
from models.store.legal_holds import hold_ticket, lift_hold
from models.store.mails import hold_mail
from models.store.policies import write_policy
from models.store.raw_mail import adopt_new_mail
from models.store.raw_orders import confirm_orders, orders_waiting
from models.store.schema import AUDIT, FACT, LABEL, MESSAGE, OUTBOX, PARTY, RAW, SELLER_ADDRESS, TICKET
from models.topics import Status
from workers import erasing
from workers.acts import set_fact, write_note
from workers.erasing import EraseRefusedError, erase_person, find_person, pseudonym_of

IVAN, PETR = "Ivan.Stolpov@shop.example", "petr@depot.example"
WORDS = ("локомотив", "паровоз", "Столпов", "999 123", "9991234567", "ivan.stolpov")
LETTER = (
    "Добрый день! Поставку 2000061286750 склад принял 3 ноября 2026, 12 коробок вместо 14.\n"
    "Код паровоз, депо локомотив. Пишет Столпов, +7 999 123-45-67.\n"
)


def eml(sender: str, text: str, *headers: str, subject: str = "Недостача паровоз") -> bytes:
    """Write a mail in plain UTF-8, so that a look into the files finds its words."""
    lines = [
        f"From: {sender}",
        "To: support@razbor.local",
        f"Subject: {subject}",
        *headers,
        "MIME-Version: 1.0",
    ]
    head = "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"])
    return f"{head}\r\n\r\n{text}".replace("\r\n", "\n").replace("\n", "\r\n").encode()


@pytest.fixture
def people(desk: Any) -> int:
    """Ivan's ticket, on which Petr writes too; a held mail of Ivan's, one of his own in another ticket."""
    ivan = f"Иван Столпов <{IVAN}>"
    desk.mail(raw=eml(ivan, LETTER, "Message-ID: <Ivan.Stolpov@shop.example>"), mail_from=IVAN)
    desk.read()
    number = int(desk.tickets()[0].id)
    desk.work()
    write_note(desk.service, number, "anna", f"Столпов звонил, {IVAN}, паровоз")
    set_fact(desk.service, number, "anna", "address", "улица Столповая, паровоз")
    with desk.store.write() as db:
        db.execute(insert(PARTY).values(ticket_id=number, address=PETR))
        bound = {"address": IVAN.lower(), "seller_id": "1250487", "marketplace": "ozon", "role": "admin"}
        db.execute(insert(SELLER_ADDRESS).values(bound))
        write_policy(
            db, "replies", {"default": "send", f"other@{IVAN}": "off"}, author="anna", now_utc=desk.now
        )
    quoting = "Подтверждаю, у нас та же беда.\n\n16.11.2026 12:00, Иван писал:\n> Код паровоз.\n"
    desk.mail(raw=eml(PETR, quoting, subject=f"Re: [RZ-{number}] Коробки"), sender=PETR)
    desk.mail(
        raw=eml(PETR, f"Другое дело, мне дал ваш адрес {IVAN}. Заказ 12345678-0001-1.", subject="Заказ")
    )
    desk.read()
    held = desk.mail(raw=eml(ivan, "Не читается: паровоз"), mail_from="crm@bulk.example")
    adopt_new_mail(desk.store)
    with desk.store.write() as db:
        hold_mail(db, held, "reading it takes too long", desk.now)
        for row in db.execute(select(MESSAGE.c.raw_id)).all():
            add_label(db, row.raw_id, "other", author="anna", source="review", now_utc=desk.now)
        # Other people's mail whose address only ends alike.
        db.execute(insert(PARTY).values(ticket_id=number + 1, address=f"x{IVAN.lower()}"))
        db.execute(update(OUTBOX).values(status="sent"))
    assert desk.ends() == ["opened", "appended", "opened", "held"]
    return number


def carried_out(desk: Any, raw_store: Any) -> None:
    """Let the listener delete what is ordered."""
    if isinstance(raw_store, SqliteRawStore):
        raw_store.upkeep()
    confirm_orders(desk.store)
    with desk.store.read() as db:
        assert orders_waiting(db) == 0


def dump(desk: Any) -> str:
    """Everything in the main database as one text."""
    return repr([desk.rows(table) for table in TICKET.metadata.sorted_tables])


def octets_of_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_gone(desk: Any, raw_store: Any, folder: Path) -> None:
    """No table and no file holds Ivan's address or words; Petr's mail keeps what he quoted."""
    text = dump(desk).lower()
    for word in WORDS:
        found = text.replace(f"x{IVAN.lower()}", "").find(word.lower())
        assert found < 0, text[max(0, found - 200) : found + 100]
    with desk.store.read_raw() as raw:
        rows = raw.execute(select(RAW).order_by(RAW.c.id)).all()
    assert [row.raw is not None for row in rows] == [False, True, True, False]
    assert [row.mail_from.endswith("@erased.invalid") for row in rows] == [True, False, False, True]
    if isinstance(raw_store, SqliteRawStore):
        for name, octets in octets_of_files(folder).items():
            words = WORDS if name.startswith("razbor.db") else ("локомотив", "Столпов", "999 123")
            low = octets.replace(b"x" + IVAN.lower().encode(), b"").lower()
            for word in words:
                for written in (word.encode(), word.lower().encode(), json.dumps(word)[1:-1].encode()):
                    assert written not in low, (name, word)


def test_nothing_of_an_erased_person_stays(
    desk: Any, people: int, raw_store: Any, database_env: dict[str, str]
) -> None:
    assert "паровоз" in dump(desk)
    before = desk.tickets()[0]
    done = erase_person(desk.service, IVAN.upper(), "anna")
    carried_out(desk, raw_store)
    assert (done.mails, done.replies, done.tickets, done.bindings) == (2, 1, 1, 1)
    assert done.swept > 0
    assert done.log_emptied
    assert_gone(desk, raw_store, Path(database_env["RAZBOR_DATA_DIR"]))

    after = desk.tickets()[0]
    for name in ("status", "topic", "opened_at_utc", "language", "missing", "score", "question_count"):
        assert getattr(after, name) == getattr(before, name)
    assert after.requester == done.pseudonym == pseudonym_of(IVAN, b"k" * 32)
    petr = desk.rows(MESSAGE)[1]
    assert "у нас та же беда" in petr.text
    assert petr.from_address == PETR
    assert petr.quoted == ""
    assert done.pseudonym in desk.rows(MESSAGE)[2].text, "in another's words the pseudonym stands"
    assert {row.address for row in desk.rows(PARTY)} == {PETR, f"x{IVAN.lower()}"}
    orders = {row.value for row in desk.rows(FACT) if row.field == "order_ref" and row.active}
    assert "12345678-0001-1" in orders, "facts of other people stay"
    with desk.store.read() as db:
        assert {mail.raw_id for mail in labelled_mails(db)} == {petr.raw_id, petr.raw_id + 1}
    assert len(desk.rows(LABEL)) == 3, "the label stays as a tombstone"
    assert [line["disposition"] for line in overview.journal(desk.store)] == [
        "opened",
        "appended",
        "opened",
        "held",
    ]
    entry = desk.rows(AUDIT)[-1]
    assert (entry.action, entry.subject, entry.detail["mails"]) == ("erase", f"person:{done.pseudonym}", 2)
    desk.assert_balanced()

    assert not find_person(desk.service, IVAN)
    again = erase_person(desk.service, IVAN, "anna")
    assert (again.mails, again.replies, again.tickets, again.swept) == (0, 0, 0, 0)


def test_an_interrupted_erasure_is_finished_by_the_next(
    desk: Any, people: int, raw_store: Any, database_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "PORTION", 1)
    for cut in (1, 2, 5):
        left = cut

        def power_cut(_done: int) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            erase_person(desk.service, IVAN, "anna", power_cut)
        desk.assert_balanced()
    erase_person(desk.service, IVAN, "anna")
    carried_out(desk, raw_store)
    assert_gone(desk, raw_store, Path(database_env["RAZBOR_DATA_DIR"]))


def test_what_stands_against_an_erasure(desk: Any, people: int) -> None:
    with desk.store.write() as db:
        hold_ticket(db, people, "суд", "anna", desk.now)
    with pytest.raises(EraseRefusedError, match=f"RZ-{people} is under a legal hold"):
        erase_person(desk.service, IVAN, "anna")
    with desk.store.write() as db:
        lift_hold(db, people, "anna", desk.now)
        db.execute(update(OUTBOX).values(status="sending"))
    with pytest.raises(EraseRefusedError, match="0 mails are still being worked and 1 replies"):
        erase_person(desk.service, IVAN, "anna")
    with desk.store.write() as db:
        db.execute(update(OUTBOX).values(status="queued"))
    desk.mail("И ещё одно", sender=IVAN, mail_from=IVAN)
    with pytest.raises(EraseRefusedError, match="1 mails are still being worked"):
        erase_person(desk.service, IVAN, "anna")
    with pytest.raises(EraseRefusedError, match="a mailbox of ours"):
        erase_person(desk.service, "support@razbor.local", "anna")
    desk.read()
    erase_person(desk.service, IVAN, "anna")
    assert {row.status for row in desk.outbox() if row.rcpt_to.endswith("@erased.invalid")} == {"muted"}
    desk.work()
    assert all(row.rcpt_to for row in desk.outbox()), "nobody is asked where nobody is left"
    assert desk.tickets()[0].status != Status.CLOSED


@pytest.fixture
def razbor(monkeypatch: pytest.MonkeyPatch, database_env: dict[str, str]) -> Iterator[Callable[..., Result]]:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("cli.person.LISTENER_PATIENCE_S", 0.0)
    yield lambda *words: CliRunner().invoke(app, ["person", *words])
    structlog.reset_defaults()


def test_the_commands(
    desk: Any, people: int, razbor: Callable[..., Result], tmp_path: Path, raw_store: Any
) -> None:
    raw_store.close()
    out = tmp_path / "ivan.zip"
    said = json.loads(razbor("export", IVAN, "--out", str(out), "--json").stdout)
    assert said == {"file": str(out), "mails": 2, "raw_mails": 2, "replies": 1, "tickets": 1}
    with zipfile.ZipFile(out) as archive:
        about = json.loads(archive.read("person.json"))
        mails = {name: archive.read(name) for name in archive.namelist() if name.endswith(".eml")}
    assert [len(about[name]) for name in ("message", "mail_state", "ticket", "note", "seller_address")] == [
        1,
        2,
        1,
        1,
        1,
    ]
    assert about["message"][0]["text"].startswith("Добрый день!")
    assert "Petr" not in json.dumps(about)
    assert sorted(name.partition("/")[0] for name in mails) == ["mails", "mails", "replies"]
    assert LETTER.replace("\n", "\r\n").encode() in b"".join(mails.values())
    refused = razbor("export", IVAN, "--out", str(out))
    assert refused.exit_code == 1
    assert razbor("export", "nobody@shop.example", "--out", str(tmp_path / "n.zip")).exit_code == 1
    assert razbor("erase", "no address").exit_code == 1

    text = dump(desk)
    dry = razbor("erase", IVAN)
    assert "Dry run" in dry.stdout
    assert dump(desk).count("паровоз") == text.count("паровоз")
    done = json.loads(razbor("erase", IVAN, "--yes", "--json").stdout)
    assert (done["mails"], done["raw_waiting"]) == (2, 0)
    assert IVAN.lower() not in repr(done).lower()
    assert "паровоз" not in dump(desk)
    desk.assert_balanced()
