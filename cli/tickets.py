"""`razbor tickets list` and `razbor tickets show`: tickets with their facts, messages and replies."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Look at tickets.", no_args_is_help=True)


@app.command("list")
def list_tickets(
    *,
    topic: Annotated[str, typer.Option(help="Only this topic (slug).")] = "",
    status: Annotated[str, typer.Option(help="Only this status.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="Most rows; 0: every row.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """List tickets, oldest first."""
    from cli.opened_store import opened_store
    from models.store import overview
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        rows = overview.tickets(db, topic=topic or None, ticket_status=status or None, limit=limit or None)
        if as_json:
            for row in rows:
                print_json(row)
        else:
            _show_list(list(rows))


@app.command("show")
def show(
    number: Annotated[str, typer.Argument(help="RZ-100042, or just 100042.")], *, as_json: JsonOption = False
) -> None:
    """Show one ticket whole."""
    from cli.opened_store import opened_store
    from models.store import overview
    from settings import load_settings

    digits = number.upper().removeprefix("RZ-")
    if not digits.isdecimal():
        raise KnownError(f"{number!r} is no ticket number: they look like RZ-100042.")
    with opened_store(load_settings()) as store, store.read() as db:
        try:
            row = overview.ticket(db, int(digits))
        except KeyError:
            raise KnownError(f"There is no ticket RZ-{digits}: `razbor tickets list` shows all.") from None
    if as_json:
        print_json(row)
    else:
        _show_ticket(row)


def _show_list(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not rows:
        console.print("No tickets yet. `razbor demo` sends sample mails, README tells how to send your own.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("number", "status", "topic", "lang", "missing", "subject", "from"):
        table.add_column(
            column, overflow="fold" if column == "missing" else "ellipsis", no_wrap=column != "missing"
        )
    for row in rows:
        topic = row["topic"] + (" ?" if row["in_review"] else "")
        cells = (row["number"], row["status"], topic, row["language"], ", ".join(row["missing"]))
        table.add_row(*(escape(cell) for cell in (*cells, row["subject"], row["requester"])))
    console.print(table)
    console.print("A ? after the topic: an operator has yet to look at it.", style="dim")


def _show_ticket(row: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    console.print(f"[bold]{row['number']}[/bold] {escape(row['subject'])}")
    review = " (in review)" if row["in_review"] else ""
    console.print(
        escape(f"{row['status']} · {row['topic']}{review} · {row['priority']} · {row['requester']}")
    )
    if row["claimed_ticket"]:
        console.print(f"the sender named {row['claimed_ticket']}, which is not theirs", style="yellow")
    if row["related"]:
        console.print("related: " + ", ".join(row["related"]))
    for fact in row["facts"]:
        console.print(escape(f"  {fact['field']:<16} {fact['value']}  ({fact['source']})"))
    console.print("missing: " + (", ".join(row["missing"]) or "nothing"))
    for reply in row["replies"]:
        console.rule(escape(f"{reply['kind']} → {reply['to']} [{reply['status']}]"), align="left")
        console.print(escape(reply["subject"]), style="bold")
        console.print(escape(reply["text"]))
