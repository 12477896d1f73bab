"""The `razbor` command: one module per command, joined here in a list that can be read at a glance.

Command modules import heavy libraries inside their functions, so that `razbor --help` is quick.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated, Final

import typer

from cli import (
    alive,
    backup,
    beat,
    broker,
    console,
    demo,
    doctor,
    evaluate,
    export,
    held,
    import_mail,
    keys,
    listen,
    metrics,
    migrate,
    models_command,
    person,
    prepare,
    purge,
    read,
    replay,
    retention,
    sellers,
    serve,
    show_settings,
    status,
    tickets,
    tokens,
    train,
    triage,
    users,
    webhooks,
    worker,
)
from cli.faults import describe_fault

# What a start loads stays for good: Python's own (700, 10, 10) look through it some 350 times in a worker,
# a tenth of the time to load it.
GC_THRESHOLDS: Final = (20_000, 20, 20)

app = typer.Typer(
    name="razbor",
    help="Email intake and triage for marketplace seller support.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Everything on this machine
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)

# One process each
app.command("listen")(listen.listen)
app.command("worker")(worker.worker)
app.command("beat")(beat.beat)
app.command("console")(console.console)
app.command("broker", hidden=True)(broker.broker)
app.command("alive", hidden=True)(alive.alive)

# One mail, no database needed
app.command("read")(read.read)
app.command("triage")(triage.triage)
app.command("import")(import_mail.import_mail)

# Classifier
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(models_command.app, name="models")

# Look and mend
app.command("replay")(replay.replay)
app.command("status")(status.status)
app.command("metrics")(metrics.metrics)
app.add_typer(tickets.app, name="tickets")
app.add_typer(held.app, name="held")
app.add_typer(export.app, name="export")
app.add_typer(sellers.app, name="sellers")
app.add_typer(users.app, name="users")
app.add_typer(tokens.app, name="tokens")
app.add_typer(webhooks.app, name="webhooks")

# Administration
app.command("migrate")(migrate.migrate)
app.command("prepare", hidden=True)(prepare.prepare)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(keys.app, name="keys")
app.command("purge")(purge.purge)
app.add_typer(retention.app, name="retention")
app.add_typer(person.app, name="person")
app.command("settings")(show_settings.show_settings)
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        from cli.built_from import full_version, reading_is_compiled

        typer.echo(f"razbor {full_version()}{', reading compiled' if reading_is_compiled() else ''}")
        raise typer.Exit


@app.callback()
def _global_options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version, the commit it was built from, and whether reading is compiled.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Email intake and triage for marketplace seller support."""


def run() -> None:
    """Run the command line; known faults end with one line that names the remedy."""
    gc.set_threshold(*GC_THRESHOLDS)
    os.umask(0o077)  # databases, keys and logs hold what sellers wrote
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)  # 128 + SIGINT, as shells have it
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone: nobody is left to tell
        sys.exit(0)
    except Exception as error:
        described = describe_fault(error)
        if described is None:
            raise
        line, exit_code = described
        print(f"razbor: {line}", file=sys.stderr)
        sys.exit(exit_code)
