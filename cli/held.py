"""`razbor held list`, `show` and `retry`: mails that need a person; nothing of them is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.store import Store

AT_ONCE = 200  # mails of one transaction and one look into the raw mail

app = typer.Typer(help="Mails that were set aside with their cause.", no_args_is_help=True)
CauseOption = Annotated[str, typer.Option(help="Only those whose cause holds these words.")]


@app.command("list")
def list_held(
    *,
    cause: CauseOption = "",
    limit: Annotated[int, typer.Option(min=0, help="Most rows; 0: every row.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List held mails, newest first: since when, tries, version, sender, subject (no secrets), cause."""
    from cli.opened_store import opened_store
    from models.store.mails import held_mails
    from settings import load_settings

    with opened_store(load_settings()) as store:
        with store.read() as db:
            rows = held_mails(db, cause=cause, limit=limit or None)
        for start in range(0, len(rows), AT_ONCE):
            for row in _with_glances(store, rows[start : start + AT_ONCE]):
                print_json(row) if as_json else typer.echo(_line(row))
    if not rows and not as_json:
        typer.echo("Nothing is held." if not cause else f"Nothing is held because of {cause!r}.")


@app.command("show")
def show(
    raw_id: Annotated[int, typer.Argument(help="Number from `held list`.")], *, as_json: JsonOption = False
) -> None:
    """Show one held mail and how to try it again."""
    from cli.opened_store import opened_store
    from models.store.mails import held_mails
    from settings import load_settings

    with opened_store(load_settings()) as store:
        with store.read() as db:
            found = [row for row in held_mails(db) if row["raw_id"] == raw_id]
        if not found:
            raise KnownError(f"Mail {raw_id} is not held: `razbor held list` shows those that are.")
        (row,) = _with_glances(store, found)
    if as_json:
        print_json(row)
        return
    typer.echo(f"{row['raw_id']}  {row['subject'] or '(no subject)'}")
    typer.echo(f"from      {row['sender'] or '(nobody)'}")
    typer.echo(f"received  {row['received_at_utc']:%Y-%m-%d %H:%M} UTC")
    typer.echo(f"held      {row['held_at_utc']:%Y-%m-%d %H:%M} UTC, {_age(row['held_at_utc'])}")
    typer.echo(f"tried     {_count(row['attempts'], 'time')}, last by version {row['held_version'] or '?'}")
    typer.echo(f"cause     {row['cause']}")
    if not row["raw_kept"]:
        typer.echo("The raw mail is no longer kept: it cannot be read again.")
        return
    typer.echo(f"`razbor held retry {raw_id}` reads it again, for example after an upgrade.")


@app.command("retry")
def retry(
    raw_ids: Annotated[list[int] | None, typer.Argument(help="Numbers from `held list`.")] = None,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All held mails, for example after an upgrade.")
    ] = False,
    cause: CauseOption = "",
    as_json: JsonOption = False,
) -> None:
    """Read held mails again."""
    from cli.counted_progress import counted_progress
    from cli.log_setup import log_to_stderr
    from cli.opened_store import opened_store
    from models.store.mails import held_mails, retry_held
    from settings import load_settings
    from workers.app import celery_app
    from workers.nudges import nudge_read

    if not raw_ids and not every and not cause:
        raise KnownError("Name the mails (`razbor held list` shows their numbers), or say --all or --cause.")
    log_to_stderr()
    with opened_store(load_settings()) as store:
        with store.read() as db:
            rows = held_mails(db, cause=cause)
        held = [int(row["raw_id"]) for row in rows if row["raw_kept"]]
        gone = {int(row["raw_id"]) for row in rows} - set(held)
        chosen = sorted(set(held) & set(raw_ids) if raw_ids else held)
        count = 0
        with counted_progress("held mails", len(chosen), quiet=as_json) as advance:
            for start in range(0, len(chosen), AT_ONCE):
                some = chosen[start : start + AT_ONCE]
                with store.write() as db:
                    count += retry_held(db, some)
                advance(len(some))
    if count:
        nudge_read(celery_app)
    lost = sorted(gone & set(raw_ids) if raw_ids else gone)
    unknown = sorted(set(raw_ids or ()) - set(chosen) - gone)
    if as_json:
        print_json({"retried": count, "not_held": unknown, "raw_gone": lost})
        return
    typer.echo(f"{_count(count, 'mail')} {'waits' if count == 1 else 'wait'} to be read again")
    if unknown:
        typer.echo(f"not held: {', '.join(map(str, unknown))}", err=True)
    if lost:
        typer.echo(f"the raw mail is no longer kept: {', '.join(map(str, lost))}", err=True)


def _with_glances(store: Store, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add sender and subject, masked and without secrets, from the header of the raw mail."""
    from intake.header_glance import GLANCE_BYTES, Glance, glance
    from models.store.raw_mail import fetch_beginnings

    beginnings = fetch_beginnings(store, [row["raw_id"] for row in rows], GLANCE_BYTES, skip_unreadable=True)
    seen = {raw_id: glance(octets) for raw_id, octets in beginnings.items()}
    return [
        row | {"sender": shown.sender, "subject": shown.subject}
        for row in rows
        for shown in (seen.get(row["raw_id"], Glance()),)
    ]


def _line(row: dict[str, Any]) -> str:
    cells = (
        str(row["raw_id"]),
        f"{row['held_at_utc']:%Y-%m-%d %H:%M}",
        _count(row["attempts"], "try", "tries"),
        row["held_version"],
        row["sender"],
        row["subject"][:60],
        row["cause"] if row["raw_kept"] else f"{row['cause']} (the raw mail is no longer kept)",
    )
    return "\t".join(" ".join(cell.split()) for cell in cells)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _age(since_utc: datetime) -> str:
    seconds = (datetime.now(UTC) - since_utc).total_seconds()
    for length_s, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length_s:
            return f"{_count(int(seconds // length_s), name)} ago"
    return "just now"
