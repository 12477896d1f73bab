"""`razbor keys`: the keys that seal stored raw mail, and bringing old mail under a new one.

The keyring is one file (`RAZBOR_KEYRING`), never part of a backup. One key writes, all read; processes
that run notice a changed file by themselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import ConfigError, KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from models.keyring import KeyringContent
    from settings import Settings

app = typer.Typer(help="Keys that seal stored raw mail.", no_args_is_help=True)
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Leave the mails to the listener or to `razbor keys reseal`.")
]


@app.command("show")
def show(*, as_json: JsonOption = False) -> None:
    """Show the keys, oldest first, and how many mails each of them seals."""
    from cli.opened_store import opened_store
    from models.store.resealing import mails_by_form
    from settings import load_settings

    settings = load_settings()
    content = _content(_path(settings))
    with opened_store(settings) as store:
        counts = mails_by_form(store)
    rows = [
        {
            "id": key.key_id,
            "made_at": made,
            "writes": key.key_id == content.writes,
            "mails": counts.pop(key.key_id, 0),
        }
        for key, made in zip(content.keys, content.made_at, strict=True)
    ]
    in_the_clear = counts.pop("", 0)
    if as_json:
        print_json({"keys": rows, "in_the_clear": in_the_clear, "key_missing": counts})
        return
    for row in rows:
        typer.echo(
            f"{row['id']}  {row['made_at']}  {row['mails']} mails{'  writes' if row['writes'] else ''}"
        )
    typer.echo(f"in the clear: {in_the_clear} mails")
    for key_id, count in counts.items():
        typer.echo(f"{key_id}  NOT IN THE KEYRING  {count} mails cannot be opened")


@app.command("add")
def add() -> None:
    """Add a key that only reads; `rotate` lets it write, once every machine has the keyring."""
    from models.keyring import write_keyring
    from settings import load_settings

    path = _path(load_settings())
    content = _content(path, may_be_new=True).with_new_key(_now())
    write_keyring(path, content)
    typer.echo(f"{content.keys[-1].key_id}: added to {path}, reads only. Keep a copy of the file elsewhere.")


@app.command("rotate")
def rotate(*, no_wait: NoWaitOption = False) -> None:
    """Let the newest key write, a new one if the newest does already, and seal all stored mail with it.

    Can be cut off and given again; mails go on coming in meanwhile. Old keys stay in the keyring until
    `razbor keys drop`.
    """
    from models.keyring import write_keyring
    from settings import load_settings

    settings = load_settings()
    path = _path(settings)
    content = _content(path, may_be_new=True)
    if not content.keys or content.writes == content.keys[-1].key_id:
        content = content.with_new_key(_now())
    write_keyring(path, replace(content, writes=content.keys[-1].key_id))
    typer.echo(f"{content.keys[-1].key_id}: seals new mail. Keep a copy of {path}: without it mail is lost.")
    if not no_wait:
        _reseal(settings)


@app.command("reseal")
def reseal() -> None:
    """Go on bringing stored mail into the form of the key that writes."""
    from settings import load_settings

    settings = load_settings()
    _content(_path(settings))
    _reseal(settings)


@app.command("stop")
def stop(*, no_wait: NoWaitOption = False) -> None:
    """Store new mail in the clear again and open what is sealed; the keys stay."""
    from models.keyring import write_keyring
    from settings import load_settings

    settings = load_settings()
    path = _path(settings)
    write_keyring(path, replace(_content(path), writes=""))
    typer.echo("new mail is stored in the clear.")
    if not no_wait:
        _reseal(settings)


@app.command("drop")
def drop(
    key_id: Annotated[str, typer.Argument(help="A key, as `keys show` names it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Really take it out.")] = False,
) -> None:
    """Take a key out that seals no stored mail any more; backups made before need it still."""
    from cli.opened_store import opened_store
    from models.keyring import write_keyring
    from models.store.resealing import mails_by_form
    from settings import load_settings

    settings = load_settings()
    path = _path(settings)
    content = _content(path)
    if key_id not in {key.key_id for key in content.keys}:
        raise KnownError(f"{path} holds no key {key_id}: `razbor keys show` lists them.")
    if key_id == content.writes:
        raise KnownError(f"key {key_id} seals new mail: `razbor keys rotate` first.")
    with opened_store(settings) as store:
        count = mails_by_form(store).get(key_id, 0)
    if count:
        raise KnownError(f"key {key_id} still seals {count} mails: `razbor keys reseal` first.")
    if not yes:
        typer.echo(
            f"key {key_id} seals no stored mail. Backups made before need it still: with --yes it goes."
        )
        return
    write_keyring(path, content.without(key_id))
    typer.echo(f"{key_id}: taken out of {path}.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _path(settings: Settings) -> Path:
    if settings.keyring is None:
        raise ConfigError(
            "RAZBOR_KEYRING is not set: name a file outside the data directory, such as "
            "/var/lib/razbor-keys/keyring.json, for every process of Razbor."
        )
    return settings.keyring


def _content(path: Path, *, may_be_new: bool = False) -> KeyringContent:
    from models.keyring import KeyringContent, read_keyring

    return KeyringContent() if may_be_new and not path.exists() else read_keyring(path)


def _reseal(settings: Settings) -> None:
    """Bring stored mail into the form of the key that writes, and show how far it is."""
    from cli.counted_progress import counted_progress
    from cli.opened_store import opened_store
    from cli.raw_upkeep import seal_anew
    from models.store.resealing import mails_in_another_form

    with opened_store(settings) as store:
        total = mails_in_another_form(store)
        with counted_progress("mails", total) as advance:
            left = seal_anew(settings, store, advance)
    if left:
        raise KnownError(
            f"{left} of {total} mails are still in another form: the log says why (`razbor doctor --deep`)."
        )
    done = f"{total} mails brought into" if total else "all stored mail is in"
    typer.echo(f"{done} the form of the key that writes.")
