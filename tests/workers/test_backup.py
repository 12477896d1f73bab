"""A backup of either engine comes back on the other, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Column, MetaData, Table, select, text

from models.backup import ArchiveError, check_archive, restore_archive, write_backup
from models.backup.writing import MAIN_TABLES, RAW_TABLES
from models.store import Store, open_store, overview
from models.store.api_tokens import add_token
from models.store.migrate import known_revisions, migrate, migrate_to, pending, raw_engine
from models.store.raw_check import damaged_mails
from models.store.raw_mail import adopt_new_mail
from models.store.schema import MAIL_STATE, OUTBOX, RAW, TICKET
from models.tables import main_metadata
from tests.postgres_databases import database_url
from tests.workers.conftest import Desk

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
Opener = Callable[[bool], Store]


@pytest.fixture
def open_empty(postgres_cluster: str, tmp_path: Path) -> Iterator[Opener]:
    """Open a store that was never migrated: SQLite in a folder of its own, or a new database."""
    opened: list[Store] = []
    made: list[str] = []

    def open_one(sqlite: bool) -> Store:
        folder = tmp_path / f"empty{len(opened)}"
        folder.mkdir()
        if sqlite:
            store = open_store(f"sqlite:///{folder}/razbor.db", f"sqlite:///{folder}/intake.db")
        else:
            made.append("rz_empty_" + uuid4().hex[:8])
            with psycopg.connect(postgres_cluster, autocommit=True) as db:
                db.execute(f'CREATE DATABASE "{made[-1]}"')  # type: ignore[arg-type]
            url = database_url(postgres_cluster, made[-1]).replace("postgresql:", "postgresql+psycopg:")
            store = open_store(url, url)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()
    with psycopg.connect(postgres_cluster, autocommit=True) as db:
        for name in made:
            db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A desk with tickets, a question that waits to leave, and a mail that nobody has read yet."""
    desk.mail()
    desk.mail("casino casino", sender="win@casino.example")
    desk.read()
    desk.work()
    desk.mail("unsure: что-то не так", sender="other@shop.example")
    return desk


def _backup(store: Store, path: Path, files: dict[str, Path] | None = None) -> Path:
    write_backup(store, files or {}, path, version="0.1.0", now_utc=NOW)
    return path


def _contents(store: Store) -> dict[str, list[Any]]:
    with store.read() as db, store.read_raw() as raw:
        return {
            table.name: [
                tuple(row) for row in side.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for side, tables in ((db, MAIN_TABLES), (raw, RAW_TABLES))
            for table in tables
        }


def test_a_backup_comes_back_on_the_other_engine(busy: Desk, open_empty: Opener, tmp_path: Path) -> None:
    key = tmp_path / "signing.key"
    key.write_text("k" * 64)
    path = _backup(busy.store, tmp_path / "one.backup", {"signing.key": key})
    assert check_archive(path).mails == 3
    assert path.stat().st_mode & 0o077 == 0
    other = open_empty(not busy.store.is_sqlite)
    restore_archive(other, path, tmp_path / "back", hold_replies=False)
    assert pending(other) == []
    adopt_new_mail(busy.store)  # on PostgreSQL every mail has its state at once
    adopt_new_mail(other)
    assert _contents(other) == _contents(busy.store)
    assert list(overview.journal(other)) == list(overview.journal(busy.store))
    assert (tmp_path / "back" / "signing.key").read_text() == "k" * 64


def test_work_goes_on_after_a_restore(busy: Desk, open_empty: Opener, tmp_path: Path) -> None:
    """The unread mail is read, new rows are numbered behind the old ones, replies wait for a person."""
    path = _backup(busy.store, tmp_path / "one.backup")
    other = open_empty(not busy.store.is_sqlite)
    restore_archive(other, path, tmp_path / "back")
    with other.read() as db:
        assert set(db.scalars(select(OUTBOX.c.status))) == {"uncertain"}
        newest = db.scalars(select(TICKET.c.id).order_by(TICKET.c.id.desc())).first() or 0
    busy.read(busy.make_service(other))
    with other.read() as db:
        assert None not in set(db.scalars(select(MAIL_STATE.c.disposition)))
        assert list(db.scalars(select(TICKET.c.id).where(TICKET.c.id > newest))) == [newest + 1]


def test_a_restored_listener_goes_on_numbering(busy: Desk, open_empty: Opener, tmp_path: Path) -> None:
    path = _backup(busy.store, tmp_path / "one.backup")
    other = open_empty(False)
    restore_archive(other, path, tmp_path / "back")
    with other.write() as db:
        assert db.scalar(text("SELECT nextval(pg_get_serial_sequence('raw_message', 'id'))")) == 4


def test_a_store_in_use_is_left_alone(busy: Desk, tmp_path: Path) -> None:
    path = _backup(busy.store, tmp_path / "one.backup")
    before = _contents(busy.store)
    with pytest.raises(ArchiveError, match="is in use"):
        restore_archive(busy.store, path, tmp_path / "back")
    assert _contents(busy.store) == before


def test_a_backup_never_replaces_a_file(busy: Desk, tmp_path: Path) -> None:
    path = tmp_path / "one.backup"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        _backup(busy.store, path)
    assert path.read_text() == "mine"
    assert [file.name for file in tmp_path.glob("*.unfinished")] == []


def _rewrite(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))


def _in_manifest(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def rewrite(path: Path) -> None:
        def member(name: str, content: bytes) -> bytes:
            if name != "manifest.json":
                return content
            manifest = json.loads(content)
            change(manifest)
            return json.dumps(manifest).encode()

        _rewrite(path, member)

    return rewrite


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
    octets = bytearray(path.read_bytes())
    octets[largest.header_offset + 200 + largest.compress_size // 3] ^= 0xFF
    path.write_bytes(octets)


DAMAGES = {
    "cut off": (_cut, "no backup"),
    "no archive at all": (lambda path: path.write_bytes(b"hello"), "no backup"),
    "an octet changed": (_flip, "damaged|not what was written"),
    "a line taken away": (
        lambda path: _rewrite(
            path,
            lambda name, content: content.partition(b"\n")[2] if name == "main/ticket.jsonl" else content,
        ),
        "not what was written",
    ),
    "another form": (_in_manifest(lambda manifest: manifest.update(form="other")), "no manifest"),
    "a newer Razbor": (
        _in_manifest(lambda manifest: manifest["revisions"].update(main="9999")),
        "does not know",
    ),
    "a file elsewhere": (
        _in_manifest(lambda manifest: manifest["files"].update({"../evil": ""})),
        "damaged",
    ),
}


def test_a_damaged_archive_is_refused_and_leaves_nothing(
    busy: Desk, open_empty: Opener, tmp_path: Path
) -> None:
    good = _backup(busy.store, tmp_path / "good.backup").read_bytes()
    other = open_empty(True)
    for name, (damage, message) in DAMAGES.items():
        path = tmp_path / f"{name}.backup"
        path.write_bytes(good)
        damage(path)
        with pytest.raises(ArchiveError, match=message):
            restore_archive(other, path, tmp_path / "back")
    migrate(other)
    assert not any(_contents(other).values())
    assert not (tmp_path / "back").exists()


def test_a_backup_of_an_older_schema_is_upgraded(busy: Desk, open_empty: Opener, tmp_path: Path) -> None:
    """As the first schema had it: its tables without the columns that came later."""
    path = _backup(busy.store, tmp_path / "one.backup")
    old = open_empty(True)
    migrate_to(old, {"main": "0001", "intake": "0001"})
    known = MetaData()
    with old.main.connect() as db:
        known.reflect(db)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json"))
    manifest["revisions"]["main"] = "0001"
    tables = []
    for entry in manifest["tables"]:
        name = f"{entry['schema']}/{entry['table']}.jsonl"
        if entry["schema"] == "main":
            if entry["table"] not in known.tables:
                continue
            kept = [
                number
                for number, (column, _) in enumerate(entry["columns"])
                if column in known.tables[entry["table"]].columns
            ]
            rows = [json.loads(line) for line in members[name].splitlines()]
            members[name] = b"".join(
                json.dumps([row[number] for number in kept]).encode() + b"\n" for row in rows
            )
            entry["columns"] = [entry["columns"][number] for number in kept]
            entry["sha256"] = hashlib.sha256(members[name]).hexdigest()
        tables.append(entry)
    manifest["tables"] = tables
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest))
    other = open_empty(not busy.store.is_sqlite)
    restore_archive(other, path, tmp_path / "back")
    assert pending(other) == []
    assert list(overview.journal(other)) == list(overview.journal(busy.store))


def _fill_new_tables(store: Store, source: Store, filled: set[str]) -> None:
    """Copy rows into every table that is there and still empty, as far as it has their columns yet."""
    known = MetaData()
    with source.read() as there, store.write() as db:
        known.reflect(db)
        for table in main_metadata.sorted_tables:
            if table.name in filled or table.name not in known.tables:
                continue
            filled.add(table.name)
            kept = [column for column in table.columns if column.name in known.tables[table.name].columns]
            plain = Table(table.name, MetaData(), *(Column(column.name, column.type) for column in kept))
            if rows := [dict(row) for row in there.execute(select(*kept)).mappings()]:
                db.execute(plain.insert(), rows)


def test_every_schema_is_upgraded_with_rows_in_it(busy: Desk, open_empty: Opener) -> None:
    """Revision by revision, each table filled as soon as it is there: nothing is lost on the way."""
    with busy.store.write() as db:
        add_token(db, "reader", ["read:tickets"], created_by="x", now_utc=NOW)
    adopt_new_mail(busy.store)
    other = open_empty(busy.store.is_sqlite)
    migrate_to(other, {"intake": "0001", "main": "0001"})
    with (
        busy.store.read_raw() as there,
        (raw_engine(other) if other.is_sqlite else other.main).connect() as db,
        db.begin(),
    ):
        db.execute(RAW.insert(), [dict(row) for row in there.execute(select(RAW)).mappings()])
    filled = {RAW.name}
    for revision in sorted(known_revisions("main")):
        migrate_to(other, {"intake": "head", "main": revision})
        _fill_new_tables(other, busy.store, filled)
    assert pending(other) == []
    assert filled >= {table.name for table in MAIN_TABLES}
    assert {name: len(rows) for name, rows in _contents(other).items()} == {
        name: len(rows) for name, rows in _contents(busy.store).items()
    }
    assert list(overview.journal(other)) == list(overview.journal(busy.store))


def test_raw_mail_that_changed_on_disk_is_told(busy: Desk, tmp_path: Path) -> None:
    engine = raw_engine(busy.store) if busy.store.is_sqlite else busy.store.main
    with engine.connect() as db, db.begin():
        db.execute(RAW.update().where(RAW.c.id == 1).values(raw=b"\0", size_bytes=1))
    assert list(damaged_mails(busy.store)) == [(1, "has not the checksum of its acceptance")]
    path = _backup(busy.store, tmp_path / "one.backup")
    with pytest.raises(ArchiveError, match="raw mail 1 has not the checksum"):
        check_archive(path)
