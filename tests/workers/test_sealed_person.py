"""Sealed raw mail is handed out in the clear to its owner, erased and purged like any other."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from models.keyring import NO_KEYS
from models.retention import CLASSES
from models.store import StoreError
from models.store.mails import hold_mail
from models.store.policies import write_policy
from models.store.raw_mail import adopt_new_mail, fetch_mails
from models.store.schema import OUTBOX, RAW
from models.topics import Status
from tests.workers.test_person import IVAN, LETTER, PETR, carried_out, eml
from tests.workers.test_sealed_mail import keyring_path, raw_store, razbor
from workers.acts import close
from workers.erasing import erase_person
from workers.purging import purge

__all__ = ["keyring_path", "raw_store", "razbor"]
DAY_S = 24 * 3600
LETTER_OF_IVAN = eml(f"Иван Столпов <{IVAN}>", LETTER, "Message-ID: <1@shop.example>")
on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)


@pytest.fixture
def sealed(desk: Any) -> list[int]:
    """A mail of Ivan's, one of Petr's, and a held one that only its sealed header shows to be Ivan's."""
    ids = [
        desk.mail(raw=LETTER_OF_IVAN, mail_from=IVAN),
        desk.mail(raw=eml(PETR, "Другое дело, заказ 12345678-0001-1.", subject="Заказ"), mail_from=PETR),
    ]
    desk.read()
    ids.append(desk.mail(raw=eml(IVAN, "Не читается: паровоз"), mail_from="crm@bulk.example"))
    adopt_new_mail(desk.store)
    with desk.store.write() as db:
        hold_mail(db, ids[2], "reading it takes too long", desk.now)
    assert all(row.codec.startswith("sealed:") for row in rows(desk))
    return ids


def rows(desk: Any) -> list[Any]:
    with desk.store.read_raw() as raw:
        return list(raw.execute(select(RAW).order_by(RAW.c.id)))


@on_sqlite
def test_a_person_gets_the_mails_as_they_were_received(
    desk: Any, sealed: list[int], razbor: Any, tmp_path: Path
) -> None:
    out = tmp_path / "ivan.zip"
    done = razbor("person", "export", IVAN, "--out", str(out))
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        mails = {name: archive.read(name) for name in archive.namelist() if name.endswith(".eml")}
    assert LETTER_OF_IVAN in mails.values()
    assert any("Не читается".encode() in octets for octets in mails.values())
    assert not any(PETR.encode() in octets for octets in mails.values())


def test_an_erased_person_is_gone_from_sealed_mail_too(desk: Any, sealed: list[int], raw_store: Any) -> None:
    done = erase_person(desk.service, IVAN, "anna")
    carried_out(desk, raw_store)
    assert done.mails == 2, "the held one was found by its sealed header"
    assert [row.raw is not None for row in rows(desk)] == [False, True, False]
    assert b"12345678-0001-1" in fetch_mails(desk.store, [sealed[1]])[sealed[1]].raw
    desk.assert_balanced()


def test_sealed_mail_is_purged_in_its_time_with_or_without_its_key(
    desk: Any, sealed: list[int], raw_store: Any
) -> None:
    desk.work()
    with desk.store.write() as db:
        db.execute(update(OUTBOX).values(status="sent"))
    for ticket in desk.tickets():
        close(desk.service, ticket.id, "anna", resolution="confirmed", reason="found")
    assert {ticket.status for ticket in desk.tickets()} == {Status.CLOSED}
    with desk.store.write() as db:
        days = {name: 30 if name == "raw_mail" else "never" for name in CLASSES}
        write_policy(db, "retention", days, author="anna", now_utc=desk.now)
    desk.pass_time(31 * DAY_S)
    desk.store.keyring = NO_KEYS  # what is deleted need not be opened
    purge(desk.service, "anna")
    carried_out(desk, raw_store)
    assert [row.raw is not None for row in rows(desk)] == [False, False, True], "held mail is kept"
    with pytest.raises(StoreError, match="key"):
        fetch_mails(desk.store, [sealed[2]])
    desk.assert_balanced()
