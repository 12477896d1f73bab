"""Writing a backup of a store that goes on working.

Every table is read in one snapshot. On SQLite the raw mail lies in a file of its own, whose snapshot
is taken after that of the main database: a mail that arrives between the two is in the archive
without a state, and is worked after a restore as one that has just arrived. None is missing.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from models.backup.archive import MANIFEST, RAW_TABLE, Advance, Manifest, TableEntry, manifest_bytes
from models.backup.row_form import columns_of, row_encoder
from models.store.engine import Store
from models.store.migrate import revisions
from models.store.schema import MAIL_STATE, RAW

PAGE_ROWS: Final = 500
RAW_PAGE_ROWS: Final = 4  # rows of up to tens of megabytes: a page is what memory holds
NOT_KEPT: Final = frozenset({"console_session", "lease"})  # of the running processes, without worth elsewhere
MAIN_TABLES: Final = tuple(table for table in MAIL_STATE.metadata.sorted_tables if table.name not in NOT_KEPT)
RAW_TABLES: Final = tuple(RAW.metadata.sorted_tables)
_PACKING: Final = 1  # zlib's level: raw mail is large, and a backup should not take the machine


def count_rows(store: Store) -> int:
    """Count what a backup would hold, for a progress bar."""
    with store.read() as db, store.read_raw() as raw:
        return sum(_count(db, table) for table in MAIN_TABLES) + sum(
            _count(raw, table) for table in RAW_TABLES
        )


def _count(db: Connection, table: Table) -> int:
    return db.scalar(select(func.count()).select_from(table)) or 0


def write_backup(
    store: Store,
    files: Mapping[str, Path],
    target: Path,
    *,
    version: str,
    now_utc: datetime,
    advance: Advance = lambda _: None,
) -> Manifest:
    """Write the archive; it appears under its name only when it is complete and on disk.

    `files` are small files beside the database, by their path below the data directory.
    Raises FileExistsError when the target is there, OSError when it cannot be written.
    """
    if target.exists():
        raise FileExistsError(17, "is there already, name another file", str(target))
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING) as archive:
                manifest = _fill(archive, store, files, version, now_utc, advance)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, target)  # unlike a rename it does not replace what another backup wrote
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _fill(
    archive: zipfile.ZipFile,
    store: Store,
    files: Mapping[str, Path],
    version: str,
    now_utc: datetime,
    advance: Advance,
) -> Manifest:
    tables = _tables(archive, store, advance)
    kept = {}
    for name, path in files.items():
        content = path.read_bytes()
        archive.writestr(f"files/{name}", content)
        kept[name] = hashlib.sha256(content).hexdigest()
    manifest = Manifest(
        version=version,
        created_at=now_utc.isoformat(timespec="seconds"),
        engine="SQLite" if store.is_sqlite else "PostgreSQL",
        revisions=revisions(store),
        tables=tuple(tables),
        files=kept,
    )
    archive.writestr(MANIFEST, manifest_bytes(manifest))
    return manifest


def _tables(archive: zipfile.ZipFile, store: Store, advance: Advance) -> list[TableEntry]:
    with store.read() as db:
        done = [_table(archive, db, "main", table, advance) for table in MAIN_TABLES]
        if not store.is_sqlite:  # one database, one snapshot
            return done + [_table(archive, db, "intake", table, advance) for table in RAW_TABLES]
    with store.read_raw() as raw:
        return done + [_table(archive, raw, "intake", table, advance) for table in RAW_TABLES]


def _table(
    archive: zipfile.ZipFile, db: Connection, schema: str, table: Table, advance: Advance
) -> TableEntry:
    columns = columns_of(table)
    encode = row_encoder(columns)
    digest, count = hashlib.sha256(), 0
    page_rows = RAW_PAGE_ROWS if table.name == RAW_TABLE else PAGE_ROWS
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=page_rows)
    with archive.open(f"{schema}/{table.name}.jsonl", "w", force_zip64=True) as member:
        for page in db.execute(query).partitions():
            lines = b"".join(encode(row) for row in page)
            digest.update(lines)
            member.write(lines)
            count += len(page)
            advance(len(page))
    return TableEntry(
        schema=schema, table=table.name, columns=tuple(columns), rows=count, sha256=digest.hexdigest()
    )
