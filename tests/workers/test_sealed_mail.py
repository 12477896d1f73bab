"""A desk whose raw mail is sealed works as one whose mail is not; keys change while mail comes in."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cli.findings import State
from cli.keyring_check import check_keyring
from cli.main import app
from models import resealing
from models.backup import ArchiveError, check_archive, restore_archive, write_backup
from models.keyring import NO_KEYS, Keyring, KeyringContent, read_keyring, write_keyring
from models.raw_store import PostgresRawStore, SqliteRawStore
from models.store import Store, StoreError, open_store
from models.store.mails import retry_held
from models.store.migrate import raw_engine
from models.store.raw_check import damaged_mails
from models.store.raw_mail import fetch_beginnings, fetch_mails
from models.store.resealing import mails_by_form
from models.store.schema import RAW
from settings import Settings
from workers.batch import take_in
from workers.replaying import replay

SECRET = "паровоз"
Razbor = Callable[..., Result]
on_sqlite = pytest.mark.parametrize("database_env", ["sqlite"], indirect=True)  # the SQL is the same


@pytest.fixture
def keyring_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "keyring.json"
    path.parent.mkdir()
    content = KeyringContent().with_new_key("2026-11-22T10:00:00+00:00")
    write_keyring(path, replace(content, writes=content.keys[0].key_id))
    return path


@pytest.fixture
def raw_store(
    store: Store, database_env: dict[str, str], keyring_path: Path
) -> Iterator[SqliteRawStore | PostgresRawStore]:
    """The listener's and the workers' store, both with the keyring."""
    store.keyring = Keyring(keyring_path)
    dsn = database_env.get("RAZBOR_DATABASE_URL", "")
    opened: SqliteRawStore | PostgresRawStore = (
        PostgresRawStore(dsn, keyring=Keyring(keyring_path))
        if dsn
        else SqliteRawStore(
            Path(database_env["RAZBOR_DATA_DIR"]) / "intake.db", keyring=Keyring(keyring_path)
        )
    )
    yield opened
    opened.close()


@pytest.fixture
def razbor(
    monkeypatch: pytest.MonkeyPatch, database_env: dict[str, str], keyring_path: Path
) -> Iterator[Razbor]:
    for name, value in {**database_env, "RAZBOR_KEYRING": str(keyring_path)}.items():
        monkeypatch.setenv(name, value)
    yield lambda *words: CliRunner().invoke(app, words)
    structlog.reset_defaults()


def new_key(path: Path) -> str:
    """Add a key that writes; return its id."""
    content = read_keyring(path).with_new_key("2026-11-23T10:00:00+00:00")
    write_keyring(path, replace(content, writes=content.keys[-1].key_id))
    return content.keys[-1].key_id


def stored(desk: Any) -> list[Any]:
    with desk.store.read_raw() as raw:
        return list(raw.execute(select(RAW).order_by(RAW.c.id)))


def test_sealed_mail_is_worked_shown_replayed_and_proved(desk: Any, keyring_path: Path) -> None:
    raw_id = desk.mail(f"Добрый день! {SECRET}. Поставку 2000061286750 склад не принял.")
    large = desk.mail(raw=b"Subject: parovoz\r\nFrom: seller@shop.example\r\n\r\n" + b"parovoz\r\n" * 20_000)
    take_in(desk.service, portions=1)
    one, other = (row.sender_key for row in desk.states())
    assert one == other, "the order of a sender's mails is told from sealed headers"
    desk.read()
    assert set(desk.ends()) <= {"opened", "appended"}
    key_id = read_keyring(keyring_path).writes
    for row in stored(desk):
        assert row.codec == f"sealed:{key_id}"
        assert b"parovoz" not in row.raw
        assert b"shop.example" not in row.raw
    assert fetch_beginnings(desk.store, [raw_id, large], 40)[large].startswith(b"Subject: parovoz\r\n")
    assert len(fetch_mails(desk.store, [large])[large].raw) == stored(desk)[1].size_bytes
    assert [change.cause for change in replay(desk.service, [raw_id, large], apply=False)] == ["", ""]
    assert list(damaged_mails(desk.store)) == []


@on_sqlite
def test_a_mail_that_stands_in_the_row_of_another_does_not_open(desk: Any) -> None:
    one, two = desk.mail("первое"), desk.mail("второе")
    first, second = stored(desk)
    engine = raw_engine(desk.store) if desk.store.is_sqlite else desk.store.main
    with engine.connect() as db, db.begin():
        values = {"raw": first.raw, "size_bytes": first.size_bytes, "sha256": first.sha256}
        db.execute(RAW.update().where(RAW.c.id == two).values(values))
    assert second.raw != first.raw
    [(raw_id, fault)] = damaged_mails(desk.store)
    assert (raw_id, "does not open" in fault) == (two, True)
    with pytest.raises(StoreError, match="does not open"):
        fetch_mails(desk.store, [one, two])
    desk.read()
    assert sorted(desk.ends()) == ["held", "opened"]


@on_sqlite
def test_without_its_key_a_mail_is_held_and_comes_back_with_it(desk: Any, keyring_path: Path) -> None:
    raw_id = desk.mail("первое")
    key_id = read_keyring(keyring_path).writes
    desk.store.keyring = NO_KEYS
    desk.read()
    assert desk.ends() == ["held"]
    assert key_id in str(desk.states()[0])
    assert fetch_beginnings(desk.store, [raw_id], 40, skip_unreadable=True) == {}
    [change] = replay(desk.service, [raw_id], apply=False)
    assert key_id in change.cause
    desk.store.keyring = Keyring(keyring_path)
    with desk.store.write() as db:
        retry_held(db, [raw_id])
    desk.read()
    assert desk.ends() == ["opened"]


@on_sqlite
def test_a_backup_is_proved_and_restored_with_the_keys_alone(
    desk: Any, keyring_path: Path, tmp_path: Path
) -> None:
    desk.mail("первое")
    desk.read()
    path = tmp_path / "one.backup"
    write_backup(desk.store, {}, path, version="0.1.0", now_utc=datetime(2026, 11, 22, tzinfo=UTC))
    assert check_archive(path, keyring=Keyring(keyring_path)).mails == 1
    with pytest.raises(ArchiveError, match="key"):
        check_archive(path)
    other = tmp_path / "other"
    other.mkdir()
    urls = (f"sqlite:///{other}/razbor.db", f"sqlite:///{other}/intake.db")
    without = open_store(*urls)
    with pytest.raises(ArchiveError, match="key"):
        restore_archive(without, path, tmp_path / "back")
    without.close()
    shutil.rmtree(other)
    other.mkdir()
    restored = open_store(*urls, keyring_path)
    restore_archive(restored, path, tmp_path / "back")
    assert list(damaged_mails(restored)) == []
    assert [row.codec for row in stored(desk)] == [f"sealed:{read_keyring(keyring_path).writes}"]
    restored.close()


@on_sqlite
def test_rotation_goes_on_where_it_was_cut_off_while_mail_comes_in(
    desk: Any, keyring_path: Path, raw_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the listener's upkeep, in short goes; on PostgreSQL the command does it, see below."""
    monkeypatch.setattr(resealing, "PORTION_MAILS", 2)
    monkeypatch.setattr(resealing, "GO_S", 0.0)
    for number in range(7):
        desk.mail(f"письмо {number}")
    first = read_keyring(keyring_path).writes
    assert raw_store.upkeep() == 0
    second = new_key(keyring_path)
    raw_store.upkeep()
    desk.mail("восьмое")
    forms = mails_by_form(desk.store)
    assert set(forms) == {first, second}
    raw_store._resealing = resealing.Resealing(raw_store._keyring)  # as after a restart
    for _ in range(20):
        raw_store.upkeep()
    assert raw_store.is_settled
    assert mails_by_form(desk.store) == {second: 8}
    assert list(damaged_mails(desk.store)) == []


def test_the_commands(desk: Any, razbor: Razbor, keyring_path: Path, raw_store: Any) -> None:
    first = read_keyring(keyring_path).writes
    for number in range(3):
        desk.mail(f"письмо {number}")
    desk.read()
    raw_store.close()
    assert "reads only" in razbor("keys", "add").stdout
    assert "3 mails brought" in razbor("keys", "rotate").stdout
    second = read_keyring(keyring_path).writes
    assert mails_by_form(desk.store) == {second: 3}
    assert len(read_keyring(keyring_path).keys) == 2, "the key that was added writes now"
    shown = json.loads(razbor("keys", "show", "--json").stdout)
    assert [(row["id"], row["mails"], row["writes"]) for row in shown["keys"]] == [
        (first, 0, False),
        (second, 3, True),
    ]
    assert razbor("keys", "drop", second, "--yes").exit_code == 1
    assert "with --yes" in razbor("keys", "drop", first).stdout
    assert razbor("keys", "drop", first, "--yes").exit_code == 0
    assert "3 mails brought" in razbor("keys", "stop").stdout
    assert mails_by_form(desk.store) == {"": 3}
    assert list(damaged_mails(desk.store)) == []
    assert "3 mails brought" in razbor("keys", "rotate").stdout
    assert mails_by_form(desk.store) == {second: 3}, "the newest did not write, so no new one was needed"
    desk.assert_balanced()


@on_sqlite
def test_a_listener_that_runs_does_the_work_and_the_command_waits(
    desk: Any, razbor: Razbor, keyring_path: Path, raw_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.raw_upkeep.RESEAL_LOOK_S", 0.05)
    monkeypatch.setattr("models.raw_store.LOCK_PATIENCE_S", 0.05)
    for number in range(3):
        desk.mail(f"письмо {number}")
    stopped = threading.Event()

    def listen() -> None:
        while not stopped.wait(0.1):
            raw_store.upkeep()

    listener = threading.Thread(target=listen)
    listener.start()
    told = razbor("keys", "rotate")
    stopped.set()
    listener.join()
    assert told.exit_code == 0, "the listener may have done it all before the command counts"
    assert "the form of the key that writes" in told.stdout
    assert mails_by_form(desk.store) == {read_keyring(keyring_path).writes: 3}
    monkeypatch.setattr("cli.raw_upkeep.STANDSTILL_S", 0.2)
    stuck = razbor("keys", "rotate")  # nobody works at it now, and the file is taken
    assert (stuck.exit_code, "still in another form" in str(stuck.exception)) == (1, True)
    assert "3 mails" in razbor("keys", "show").stdout


@on_sqlite
def test_the_doctor_finds_what_is_wrong_with_the_keys(
    desk: Any, database_env: dict[str, str], keyring_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in database_env.items():
        monkeypatch.setenv(name, value)
    desk.mail("первое")

    def found(path: Path | None) -> Any:
        return check_keyring(Settings(_env_file=None, keyring=path))

    assert found(keyring_path).state is State.OK
    off = found(None)
    assert (off.state, "RAZBOR_KEYRING" in off.remedy) == (State.FAIL, True)
    keyring_path.chmod(0o640)
    assert found(keyring_path).remedy == f"chmod 600 {keyring_path}"
    inside = Path(database_env["RAZBOR_DATA_DIR"]) / "keyring.json"
    shutil.copy(keyring_path, inside)
    inside.chmod(0o600)
    assert found(inside).state is State.NOTE
    keyring_path.unlink()
    assert found(keyring_path).state is State.FAIL
    keyring_path.write_text("{}")
    assert found(keyring_path).state is State.FAIL
