"""`razbor backup` and `razbor restore`: the whole store as one file, on either database engine.

A backup is taken while everything runs. It holds what sellers wrote and the signing key: it is
readable for its owner alone, and belongs where the database itself would be allowed to lie.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import ConfigError, KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.backup import ArchiveSummary
    from models.keyring import Keyring
    from settings import Settings

SIGNING_KEY = "signing.key"


def backup(
    target: Annotated[
        Path | None, typer.Argument(help="File to write; by default razbor-DATE-TIME.backup here.")
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only prove that this backup is whole.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write everything that is stored into one file while the service runs, and read it back to prove it.

    The file holds all mails, tickets, models, policies, own labelled files and the signing key
    of the data directory. Settings, certificates and the DKIM key are yours to keep.
    """
    from dataclasses import asdict

    from models.backup import ArchiveError, check_archive
    from settings import load_settings

    if check and target is None:
        raise ConfigError("Name the backup to check: `razbor backup FILE --check`.")
    path = target or Path(f"razbor-{datetime.now(UTC):%Y%m%d-%H%M%S}.backup")
    try:
        if check:
            summary = _checked(load_settings(), path, quiet=as_json)
        else:
            settings = load_settings()
            _write(settings, path, quiet=as_json)
            summary = check_archive(path, keyring=_keyring(settings))
    except ArchiveError as error:
        raise KnownError(f"{error}.") from error
    if as_json:
        print_json({"path": str(path), **asdict(summary)})
    else:
        typer.echo(f"{path}: whole. {_told(summary)}")


def _keyring(settings: Settings) -> Keyring:
    from models.keyring import NO_KEYS, Keyring

    return Keyring(settings.keyring) if settings.keyring else NO_KEYS


def _checked(settings: Settings, path: Path, *, quiet: bool) -> ArchiveSummary:
    from cli.counted_progress import counted_progress
    from models.backup import check_archive
    from models.backup.archive import open_archive

    archive, manifest = open_archive(path)
    archive.close()
    with counted_progress(
        "rows checked", sum(entry.rows for entry in manifest.tables), quiet=quiet
    ) as advance:
        return check_archive(path, advance, _keyring(settings))


def _write(settings: Settings, path: Path, *, quiet: bool) -> None:
    from cli.counted_progress import counted_progress
    from cli.opened_store import opened_store
    from models.backup import write_backup
    from models.backup.writing import count_rows

    files = {SIGNING_KEY: settings.data_dir / SIGNING_KEY}
    if settings.labelled_dir.is_dir():
        for file in sorted(settings.labelled_dir.iterdir()):
            files[f"{settings.labelled_dir.name}/{file.name}"] = file
    with (
        opened_store(settings) as store,
        counted_progress("rows written", count_rows(store), quiet=quiet) as advance,
    ):
        write_backup(
            store,
            {name: file for name, file in files.items() if file.is_file()},
            path,
            version=version("razbor"),
            now_utc=datetime.now(UTC),
            advance=advance,
        )


def restore(
    source: Annotated[Path, typer.Argument(help="A backup written by `razbor backup`.")],
    *,
    send_replies: Annotated[
        bool,
        typer.Option(
            "--send-replies", help="Replies that waited may leave: the service had stopped before the backup."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fill an empty data directory and database from a backup; the service must not be running.

    A backup of SQLite restores on PostgreSQL and the other way round, one of an older Razbor is
    upgraded. Replies that waited to leave come back as `uncertain`, since they may have left after
    the backup: `razbor status` counts them, the console's outbox sends them again one by one.
    """
    from dataclasses import asdict

    from cli.counted_progress import counted_progress
    from cli.instance_lock import running_instance
    from models.backup import ArchiveError, restore_archive
    from models.backup.archive import open_archive, summary_of
    from models.store import open_store
    from settings import load_settings

    settings = load_settings()
    if running_instance(settings.data_dir):
        raise ConfigError(
            f"`razbor serve` runs on {settings.data_dir}: stop it, or name a new folder in RAZBOR_DATA_DIR."
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.main_database_url, settings.intake_database_url, settings.keyring)
    try:
        archive, manifest = open_archive(source)
        archive.close()
        total = sum(entry.rows for entry in manifest.tables)
        with counted_progress("rows restored", total, quiet=as_json) as advance:
            restore_archive(store, source, settings.data_dir, hold_replies=not send_replies, advance=advance)
    except ArchiveError as error:
        raise KnownError(f"{error}.") from error
    finally:
        store.close()
    summary = summary_of(manifest, source)
    if as_json:
        print_json(asdict(summary))
    else:
        typer.echo(f"restored into {settings.data_dir}. {_told(summary)}")
        typer.echo("`razbor status` tells the balance, `razbor serve` goes on with it.")


def _told(summary: ArchiveSummary) -> str:
    return (
        f"Razbor {summary.version} on {summary.engine}, {summary.created_at}: {summary.mails} mails, "
        f"{summary.rows} rows, {summary.files} files, {summary.size_bytes / 2**20:.1f} MiB."
    )
