"""`razbor models`: versions of the classifier, and which one serves."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Versions of the classifier.", no_args_is_help=True)


@app.command("list")
def list_versions(*, as_json: JsonOption = False) -> None:
    """List versions, newest first."""
    from cli.opened_store import opened_store
    from models.store.learning import versions
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        found = versions(db)
    for version in found:
        if as_json:
            print_json(asdict(version))
        else:
            typer.echo(
                f"{version.name}\t{version.state}\t{version.created_at_utc:%Y-%m-%d %H:%M}\t"
                f"{version.example_count} mails\t{version.note}"
            )
    if not found and not as_json:
        typer.echo("No model yet: `razbor train` makes one.")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name from `models list`.")], *, as_json: JsonOption = False
) -> None:
    """Show the figures, parameters and environment of a version."""
    import json

    from cli.opened_store import opened_store
    from models.store.learning import versions
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        found = {version.name: version for version in versions(db)}
    if name not in found:
        raise KnownError(f"There is no model version {name}: `razbor models list` shows the names.")
    if as_json:
        print_json(asdict(found[name]))
    else:
        typer.echo(json.dumps(asdict(found[name]), ensure_ascii=False, indent=2, default=str))


@app.command("promote")
def promote_version(name: Annotated[str, typer.Argument(help="Name from `models list`.")]) -> None:
    """Let a version serve; every process takes it over within seconds."""
    from cli.opened_store import opened_store
    from models.store.learning import promote
    from settings import load_settings

    with opened_store(load_settings()) as store, store.write(["model"]) as db:
        promote(db, name, "promoted by hand", now_utc=datetime.now(UTC))
    typer.echo(f"{name} serves now")
