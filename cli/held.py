"""`razbor held list` and `razbor held retry`: mails that need a person; nothing of them is lost."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Mails that were set aside with their cause.", no_args_is_help=True)


@app.command("list")
def list_held(*, as_json: JsonOption = False) -> None:
    """List held mails, newest first."""
    from cli.opened_store import opened_store
    from models.store.mails import held_mails
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        rows = held_mails(db)
    for row in rows:
        if as_json:
            print_json(row)
        else:
            typer.echo(f"{row['raw_id']}\t{row['received_at_utc']:%Y-%m-%d %H:%M}\t{row['cause']}")
    if not rows and not as_json:
        typer.echo("Nothing is held.")


@app.command("retry")
def retry(
    raw_ids: Annotated[list[int] | None, typer.Argument(help="Numbers from `held list`.")] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All held mails, for example after an upgrade.")
    ] = False,
) -> None:
    """Read held mails again."""
    from cli.opened_store import opened_store
    from models.store.mails import held_mails, retry_held
    from settings import load_settings
    from workers.app import celery_app
    from workers.nudges import nudge_read

    if not raw_ids and not every:
        raise KnownError("Name the mails (`razbor held list` shows their numbers), or say --all.")
    with opened_store(load_settings()) as store:
        if every:
            with store.read() as db:
                raw_ids = [int(str(row["raw_id"])) for row in held_mails(db)]
        with store.write() as db:
            count = retry_held(db, raw_ids or [])
    nudge_read(celery_app)
    typer.echo(f"{count} mails wait to be read again")
