"""The archive of a backup: a ZIP file with a manifest, one member of rows per table, and small files.

`manifest.json` is written last and names the schema revisions and, of every other member, its
SHA-256, and of a table its columns and the number of rows. `check_archive` reads all of it again
and compares; of raw mail it also computes the checksum that was stored when the mail was accepted.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Final

from models.backup.row_form import KINDS, row_decoder
from models.keyring import NO_KEYS, Keyring
from models.store.raw_check import octets_fault

FORM: Final = "razbor-backup-1"
MANIFEST: Final = "manifest.json"
RAW_TABLE: Final = "raw_message"
MAX_LINE_BYTES: Final = 512 * 1024 * 1024  # a mail of the largest size that may be set, in base64
MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024

Advance = Callable[[int], None]


class ArchiveError(Exception):
    """The archive cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table in the archive."""

    schema: str  # "main" or "intake"
    table: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        """Its name in the ZIP file."""
        return f"{self.schema}/{self.table}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive says of itself."""

    version: str  # of Razbor that wrote it
    created_at: str  # ISO 8601, UTC
    engine: str  # it was read from
    revisions: Mapping[str, str]  # schema → revision
    tables: tuple[TableEntry, ...]
    files: Mapping[str, str] = field(default_factory=dict)  # path below the data directory → SHA-256
    form: str = FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSummary:
    """What a command tells of an archive."""

    version: str
    created_at: str
    engine: str
    rows: int
    mails: int
    files: int
    size_bytes: int


def summary_of(manifest: Manifest, path: Path) -> ArchiveSummary:
    """Sum an archive up."""
    return ArchiveSummary(
        version=manifest.version,
        created_at=manifest.created_at,
        engine=manifest.engine,
        rows=sum(entry.rows for entry in manifest.tables),
        mails=sum(entry.rows for entry in manifest.tables if entry.table == RAW_TABLE),
        files=len(manifest.files),
        size_bytes=path.stat().st_size,
    )


def manifest_bytes(manifest: Manifest) -> bytes:
    """Write a manifest as JSON."""
    return json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()


def open_archive(path: Path) -> tuple[zipfile.ZipFile, Manifest]:
    """Open an archive and read its manifest; the caller closes the file.

    Raises ArchiveError for a file that is no backup, or one of another form.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ArchiveError(f"{path} is no backup, or was cut off: take another one") from error
    try:
        with archive.open(MANIFEST) as file:
            manifest = _manifest(json.loads(file.read(MAX_MANIFEST_BYTES)))
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        archive.close()
        raise ArchiveError(
            f"{path} has no manifest that this version understands: "
            f"use the version of Razbor that wrote it, or take another backup ({error})"
        ) from error
    return archive, manifest


def _manifest(values: dict[str, Any]) -> Manifest:
    """Build the record; raises KeyError, TypeError or ValueError for anything else."""
    if values.pop("form") != FORM:
        msg = "it is of another form"
        raise ValueError(msg)
    tables = tuple(
        TableEntry(**{**entry, "columns": tuple((str(name), str(kind)) for name, kind in entry["columns"])})
        for entry in values.pop("tables")
    )
    if any(kind not in KINDS for entry in tables for _, kind in entry.columns):
        msg = "it has columns of an unknown kind"
        raise ValueError(msg)
    return Manifest(tables=tables, **values)


class _Hashed:
    """A member that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readline(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES)
        self.digest.update(line)
        return line


def rows_of(archive: zipfile.ZipFile, entry: TableEntry) -> Iterator[Mapping[str, Any]]:
    """Give the rows of a table; at the end count and checksum must be what the manifest says.

    Raises ArchiveError where they are not, or where a line cannot be read.
    """
    decode = row_decoder(entry.columns)
    count = 0
    try:
        with archive.open(entry.member) as file:
            source = _Hashed(file)
            while line := source.readline():
                yield decode(line)
                count += 1
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveError(f"{entry.member} is damaged ({error}): take another backup") from error
    if (count, source.digest.hexdigest()) != (entry.rows, entry.sha256):
        raise ArchiveError(f"{entry.member} is not what was written: take another backup")


def file_of(archive: zipfile.ZipFile, name: str, sha256: str) -> bytes:
    """Give a small file of the archive. Raises ArchiveError when it is not what was written."""
    try:
        content = archive.read(f"files/{name}")
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveError(f"files/{name} is damaged ({error}): take another backup") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ArchiveError(f"files/{name} is not what was written: take another backup")
    return content


def raw_fault(row: Mapping[str, Any], keyring: Keyring) -> str:
    """Say what is wrong with the bytes of a raw mail, "" when they are those that were accepted."""
    if row["raw"] is None:  # purged: nothing is left to compare
        return ""
    fault = octets_fault(keyring, SimpleNamespace(**row))
    return f"raw mail {row['id']} {fault}" if fault else ""


def check_archive(
    path: Path, advance: Advance = lambda _: None, keyring: Keyring = NO_KEYS
) -> ArchiveSummary:
    """Read an archive to its end; `advance` is told of rows. Raises ArchiveError when it is not whole.

    `keyring` opens mail that was stored sealed; without its keys that is no proof, and refused.
    """
    archive, manifest = open_archive(path)
    with archive:
        for entry in manifest.tables:
            for row in rows_of(archive, entry):
                if entry.table == RAW_TABLE and (fault := raw_fault(row, keyring)):
                    raise ArchiveError(f"{fault}: take another backup")
                advance(1)
        for name, sha256 in manifest.files.items():
            file_of(archive, name, sha256)
    return summary_of(manifest, path)
