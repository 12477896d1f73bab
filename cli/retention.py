"""`razbor retention`: how long each class of data is kept, and tickets that nothing may be deleted of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json
from cli.purge import ACTOR

app = typer.Typer(help="How long personal data are kept, and legal holds.", no_args_is_help=True)
TicketArgument = Annotated[str, typer.Argument(help="A ticket, e.g. RZ-100042.")]


@app.command("show")
def show(*, as_json: JsonOption = False) -> None:
    """Show days to live per class, counted from the end of the ticket (or of the mail without one)."""
    from cli.opened_store import opened_store
    from models.retention import RETENTION, parse_retention
    from models.store.policies import read_policy
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        body = parse_retention(read_policy(db, RETENTION)).as_policy()
    if as_json:
        print_json(body)
        return
    for name, days in body.items():
        typer.echo(f"{name:<17}{days if isinstance(days, str) else f'{days} days'}")
    typer.echo("Who did what (the audit trail) is kept for ever.")


@app.command("set")
def set_days(
    name: Annotated[str, typer.Argument(help="Class, as `retention show` names it.")],
    days: Annotated[str, typer.Argument(help="Whole days, or never.")],
) -> None:
    """Change how long a class is kept; the policy before it stays in the database."""
    from cli.opened_store import opened_store
    from models.retention import RETENTION, RetentionError, parse_retention
    from models.store.policies import read_policy, write_policy
    from models.store.ticket_life import audit
    from settings import load_settings

    now = datetime.now(UTC)
    with opened_store(load_settings()) as store, store.write(["policy:retention"]) as db:
        body = {**read_policy(db, RETENTION), name: int(days) if days.isdecimal() else days}
        try:
            checked = parse_retention(body).as_policy()
        except RetentionError as error:
            raise KnownError(f"{error}.") from error
        version = write_policy(db, RETENTION, checked, author=ACTOR, now_utc=now)
        audit(db, ACTOR, "policy", RETENTION, now, version=version, name=name, days=days)
    typer.echo(
        f"{name}: {days} (version {version} of the policy). `razbor purge --dry-run` counts what is due."
    )


@app.command("hold")
def hold(
    ticket: TicketArgument,
    reason: Annotated[str, typer.Option(help="Why: a dispute, an order of a court.")],
) -> None:
    """Keep everything of a ticket, whatever its age, until the hold is lifted."""
    from cli.opened_store import opened_store
    from models.store import StoreError
    from models.store.legal_holds import hold_ticket
    from settings import load_settings

    number = _number(ticket)
    with opened_store(load_settings()) as store, store.write([f"ticket:RZ-{number}"]) as db:
        try:
            is_new = hold_ticket(db, number, reason, ACTOR, datetime.now(UTC))
        except StoreError as error:
            raise KnownError(f"{error}.") from error
    typer.echo(f"RZ-{number} is {'now' if is_new else 'already'} under a legal hold.")


@app.command("lift")
def lift(ticket: TicketArgument) -> None:
    """Lift the legal hold of a ticket."""
    from cli.opened_store import opened_store
    from models.store.legal_holds import lift_hold
    from settings import load_settings

    number = _number(ticket)
    with opened_store(load_settings()) as store, store.write([f"ticket:RZ-{number}"]) as db:
        was_held = lift_hold(db, number, ACTOR, datetime.now(UTC))
    typer.echo(f"RZ-{number} is {'no longer' if was_held else 'not'} under a legal hold.")


@app.command("holds")
def holds(*, as_json: JsonOption = False) -> None:
    """List tickets under a legal hold."""
    from cli.opened_store import opened_store
    from models.store.legal_holds import legal_holds
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        rows = legal_holds(db)
    for row in rows:
        print_json(row) if as_json else typer.echo("\t".join(row.values()))
    if not rows and not as_json:
        typer.echo("No ticket is under a legal hold.")


def _number(ticket: str) -> int:
    digits = ticket.upper().removeprefix("RZ-")
    if not digits.isdecimal():
        raise KnownError(f"{ticket!r} is no ticket number: they look like RZ-100042.")
    return int(digits)
