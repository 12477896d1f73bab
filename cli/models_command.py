"""`razbor models`: versions of the classifier, and which one serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Versions of the classifier.", no_args_is_help=True)


@contextmanager
def known_errors() -> Iterator[None]:
    """Show what the store refuses as it says it: the database itself is sound."""
    from models.store import StoreError

    try:
        yield
    except StoreError as error:
        raise KnownError(str(error)) from None


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
    name: Annotated[str, typer.Argument(help="Name from `models list`, or `champion`.")],
    *,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the version's HTML report to this file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the figures, parameters and live precision of a version; write its report to a file."""
    import json

    from cli.opened_store import opened_store
    from models.store.learning import champion, versions
    from models.store.review import live_precision
    from models.store.versions import pinned, report_of
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        serving = champion(db)
        if name == "champion" and serving is not None:
            name = serving.name
        found = {version.name: version for version in versions(db)}
        if name not in found:
            raise KnownError(f"There is no model version {name}: `razbor models list` shows the names.")
        live = live_precision(db, name)
        shown = asdict(found[name]) | {
            "pinned": pinned(db) == name,
            "live": {"labelled": live.labelled, "right": live.right, "precision": live.share},
        }
        if report is not None:
            with known_errors():
                report.write_text(report_of(db, name), encoding="utf-8")
    if as_json:
        print_json(shown)
    elif report is not None:
        typer.echo(f"{report}: open it in a browser")
    else:
        shown["report"] = f"razbor models show {name} --report FILE"
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2, default=str))


@app.command("promote")
def promote_version(name: Annotated[str, typer.Argument(help="Name from `models list`.")]) -> None:
    """Let a version serve; every process takes it over within seconds. Ends the pin of a rollback."""
    from cli.opened_store import opened_store
    from models.store.versions import promote_by_hand
    from settings import load_settings

    with opened_store(load_settings()) as store, known_errors(), store.write(["model"]) as db:
        promote_by_hand(db, name, now_utc=datetime.now(UTC))
    typer.echo(f"{name} serves now")


@app.command("rollback")
def roll_back(
    *, reason: Annotated[str, typer.Option("--reason", help="Kept with the version.")] = "by hand"
) -> None:
    """Let the version before serve again; it stays until one is promoted by hand."""
    from cli.opened_store import opened_store
    from models.store.versions import rollback
    from settings import load_settings

    with opened_store(load_settings()) as store, known_errors(), store.write(["model"]) as db:
        name = rollback(db, reason, now_utc=datetime.now(UTC))
    typer.echo(f"{name} serves again and is pinned: `razbor models promote NAME` lets another one serve")
