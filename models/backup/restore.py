"""Filling an empty store from an archive, on either engine.

The schema is brought to the revision of the archive, the rows are put in, and then it is upgraded to
that of this version, so that a backup of an older Razbor comes back too. Everything is one
transaction per database; when anything fails nothing of the archive stays.

What may have been sent after the backup was made is not sent again: replies that waited to leave
come back as `uncertain`, for an operator to look at, unless the caller knows that the service
had stopped before the backup.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import MetaData, Table, delete, func, insert, select, text, update
from sqlalchemy.engine import Connection

from models.backup.archive import (
    RAW_TABLE,
    Advance,
    ArchiveError,
    Manifest,
    TableEntry,
    file_of,
    open_archive,
    raw_fault,
    rows_of,
)
from models.keyring import Keyring
from models.store.engine import Store
from models.store.migrate import known_revisions, migrate, migrate_to, raw_engine, revisions
from models.store.word_index import index_missing

PORTION_ROWS: Final = 200
PORTION_BYTES: Final = 8 * 1024 * 1024
# Rows that a fresh `razbor migrate` writes; anything in another table means that the store is in use.
SEEDED: Final = frozenset({"mailbox", "topic", "policy", "threshold_set", "reply_template", "calendar"})
MADE_ANEW: Final = ("alembic_version", "mail_words")  # what the schema itself brings along
HELD_BACK: Final = "restored from a backup: it may have left since, so it is not sent by itself"


def restore_archive(
    store: Store,
    path: Path,
    data_dir: Path,
    *,
    hold_replies: bool = True,
    advance: Advance = lambda _: None,
) -> Manifest:
    """Fill an empty store and its data directory from an archive.

    Raises ArchiveError for an archive that is damaged or of a newer version, and for a store
    that is not empty.
    """
    archive, manifest = open_archive(path)
    with archive:
        _refuse_newer(manifest)
        files = {name: file_of(archive, name, sha256) for name, sha256 in manifest.files.items()}
        for name in files:
            _refuse_elsewhere(data_dir, name)
        if not _is_new(store):
            _refuse_used(store, manifest)
        migrate_to(store, manifest.revisions)
        with _both(store) as (main, intake):
            for entry in manifest.tables:
                _load(archive, intake if entry.schema == "intake" else main, entry, advance, store.keyring)
            if not store.is_sqlite:
                _adopt(main)
            if hold_replies:
                _hold_replies(main)
        migrate(store)
        with store.write() as db:
            index_missing(db)  # made from the mails, so no archive holds it
    for name, content in files.items():
        place = data_dir / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o600)
    return manifest


def _refuse_newer(manifest: Manifest) -> None:
    for schema, revision in manifest.revisions.items():
        if revision not in known_revisions(schema):
            raise ArchiveError(
                f"the backup is of Razbor {manifest.version}, whose {schema} schema {revision} this version "
                "does not know: restore it with that version or a newer one"
            )


def _refuse_elsewhere(data_dir: Path, name: str) -> None:
    root = data_dir.resolve()
    if not (root / name).resolve().is_relative_to(root):
        raise ArchiveError(f"the backup wants to write {name!r} outside the data directory: do not use it")


def _is_new(store: Store) -> bool:
    with store.main.connect() as db:
        found = MetaData()
        found.reflect(db)
    return not found.tables


def _refuse_used(store: Store, manifest: Manifest) -> None:
    if revisions(store) != manifest.revisions:
        raise ArchiveError(
            "the store was already made, with another schema than the backup's: restore into one that was "
            "never migrated, with RAZBOR_DATA_DIR naming a new folder and RAZBOR_DATABASE_URL a new database"
        )
    for engine in (store.main, store.intake):
        found = MetaData()
        with engine.connect() as db:
            found.reflect(db)
            for table in found.tables.values():
                if table.name in SEEDED or table.name.startswith(MADE_ANEW):
                    continue
                if db.scalar(select(func.count()).select_from(table)):
                    raise ArchiveError(
                        f"the store is in use ({table.name} has rows): restore into an empty one, with "
                        "RAZBOR_DATA_DIR naming a new folder and RAZBOR_DATABASE_URL a new database"
                    )


@contextmanager
def _both(store: Store) -> Iterator[tuple[Connection, Connection]]:
    """Give write transactions of the main database and of the raw mail, which are one on PostgreSQL."""
    with ExitStack() as stack:
        if not store.is_sqlite:
            db = stack.enter_context(store.write())
            yield db, db
            return
        # Left in reverse order: the raw mail is committed first, a main database without it cannot be.
        main = stack.enter_context(store.write())
        engine = raw_engine(store)
        stack.callback(engine.dispose)
        intake = stack.enter_context(engine.connect())
        stack.enter_context(intake.begin())
        yield main, intake


def _load(
    archive: zipfile.ZipFile, db: Connection, entry: TableEntry, advance: Advance, keyring: Keyring
) -> None:
    table = Table(entry.table, MetaData(), autoload_with=db)
    missing = {name for name, _ in entry.columns} - set(table.columns.keys())
    if missing:
        raise ArchiveError(
            f"{entry.table} has no column {', '.join(sorted(missing))}: it is no backup of ours"
        )
    db.execute(delete(table))
    naive = (
        {name for name, kind in entry.columns if kind == "moment"} if db.dialect.name == "sqlite" else set()
    )
    for portion in _portions(archive, entry, keyring):
        db.execute(insert(table), [_as_stored(row, naive) for row in portion])
        advance(len(portion))
    if db.dialect.name == "postgresql":
        _go_on_numbering(db, table)


def _portions(
    archive: zipfile.ZipFile, entry: TableEntry, keyring: Keyring
) -> Iterator[list[Mapping[str, Any]]]:
    portion: list[Mapping[str, Any]] = []
    size = 0
    for row in rows_of(archive, entry):
        if entry.table == RAW_TABLE:
            if fault := raw_fault(row, keyring):
                raise ArchiveError(f"{fault}: take another backup")
            size += len(row["raw"] or b"")
        portion.append(row)
        if len(portion) >= PORTION_ROWS or size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _as_stored(row: Mapping[str, Any], naive: set[str]) -> dict[str, Any]:
    """SQLite keeps moments as text without a zone (`models.column_types`)."""
    return {
        name: value.replace(tzinfo=None) if name in naive and isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _go_on_numbering(db: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows behind the last one; SQLite does so by itself."""
    key = next(iter(table.primary_key.columns), None)
    if key is None or len(table.primary_key.columns) != 1:
        return
    sequence = db.scalar(
        text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name}
    )
    newest = db.scalar(select(func.max(key))) if sequence else None
    if newest is not None:
        db.execute(text("SELECT setval(:sequence, :newest)"), {"sequence": sequence, "newest": newest})


def _adopt(db: Connection) -> None:
    """Give mails that no worker of SQLite had seen their state: on PostgreSQL the listener does that."""
    db.execute(
        text(
            "INSERT INTO mail_state (raw_id, received_at_utc) SELECT id, received_at_utc FROM raw_message"
            " WHERE id > (SELECT COALESCE(MAX(raw_id), 0) FROM mail_state)"
        )
    )


def _hold_replies(db: Connection) -> None:
    outbox = Table("outbox", MetaData(), autoload_with=db)
    db.execute(
        update(outbox)
        .where(outbox.c.status.in_(("queued", "sending")))
        .values(status="uncertain", last_error=HELD_BACK)
    )
