"""`razbor purge`: takes away what was kept long enough; `--dry-run` only counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import ConfigError, KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.retention import Retention

ACTOR = "command line"


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; nothing is deleted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete personal data whose time is over, class by class (`razbor retention show` tells the times).

    Mail that is held, in flight, on an open ticket or under a legal hold stays. Every night the
    service does the same by itself.
    """
    from cli.counted_progress import counted_progress
    from cli.log_setup import log_to_stderr
    from cli.opened_store import opened_store
    from cli.raw_upkeep import delete_ordered
    from models.retention import RetentionError
    from models.store.policies import retention_policy
    from settings import load_settings
    from workers.app import service_over
    from workers.purging import PurgeBusyError, due_now
    from workers.purging import purge as purge_due

    log_to_stderr()
    settings = load_settings()
    with opened_store(settings) as store:
        service = service_over(store, settings)
        try:
            with store.read() as db:
                policy = retention_policy(db)
            counts, waiting, emptied = due_now(service), 0, True
            if not dry_run:
                with counted_progress("rows purged", sum(counts.values()), quiet=as_json) as advance:
                    done = purge_due(service, ACTOR, advance)
                counts, emptied = done.counts, done.log_emptied
                waiting = delete_ordered(settings, store)
        except RetentionError as error:
            raise ConfigError(f"{error}. `razbor retention set` mends it.") from error
        except PurgeBusyError as error:
            raise KnownError(f"{error}.") from error
    if as_json:
        print_json({"dry_run": dry_run, "counts": counts, "raw_waiting": waiting, "log_emptied": emptied})
        return
    _show(counts, policy, dry_run=dry_run, waiting=waiting, emptied=emptied)


def _show(counts: dict[str, int], policy: Retention, *, dry_run: bool, waiting: int, emptied: bool) -> None:
    from models.store.purge import STEPS

    for step in STEPS:
        days = getattr(policy, step.lives_as)
        kept = "kept for ever" if days is None else f"after {days} days"
        typer.echo(f"{step.name:<17}{counts[step.name]:>8}  {kept}")
    if dry_run:
        typer.echo("Dry run: nothing was deleted.")
    if waiting:
        typer.echo(f"{waiting} raw mails are marked; the listener deletes their bytes within minutes.")
    if not emptied:
        typer.echo("Another process was reading: old bytes stay in the log until the next purge.", err=True)
