"""`razbor read FILE…`: shows what is read from mails, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from models.records import Mail
    from settings import Settings

Files = Annotated[list[str], typer.Argument(help="Raw mails (.eml).", metavar="FILE...")]


def read(files: Files, *, as_json: JsonOption = False) -> None:
    """Show language, new text, identifiers, dates and amounts of mails."""
    from intake.mail_json import mail_as_json
    from settings import load_settings
    from workers.phishing import phishing_signals

    settings = load_settings()
    failed = False
    for name in files:
        mail = read_file(name, settings)
        if isinstance(mail, str):
            failed = True
            report_unreadable(name, mail, as_json=as_json)
        elif as_json:
            print_json(mail_as_json(mail, name) | {"signals": list(phishing_signals(mail).names)})
        else:
            _show(name, mail)
    if failed:
        raise typer.Exit(1)


def read_file(name: str, settings: Settings) -> Mail | str:
    """Read one mail from a file; returns the reason in words when the file cannot be opened."""
    from intake.read_mail import ReadOptions, read_mail

    try:
        raw = Path(name).read_bytes()
    except OSError as error:
        return f"{error.strerror}: check the path"
    options = ReadOptions(
        timezone=settings.timezone,
        authserv_id=settings.trusted_authserv_id,
        own_addresses=frozenset(settings.mailboxes),
        own_domain=settings.effective_mail_domain,
    )
    return read_mail(raw, None, options)


def report_unreadable(name: str, cause: str, *, as_json: bool) -> None:
    """Answer for a file that cannot be opened."""
    if as_json:
        print_json({"file": name, "error": cause})
    else:
        typer.echo(f"{name}: {cause}", err=True)


def _show(name: str, mail: Mail) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from workers.phishing import phishing_signals, signal_warnings

    console = Console()
    console.rule(escape(name), align="left")
    console.print(f"[bold]{escape(mail.subject) or '(no subject)'}[/bold]")
    sender = f"{mail.from_.name} <{mail.from_.address}>".strip()
    console.print(escape(f"{sender} · {mail.kind} · {mail.language} · {mail.marketplace}"), style="dim")
    checks = mail.authentication
    by = {"front": "by the front server", "own": "by Razbor"}.get(checks.source, "nobody checked")
    console.print(f"spf {checks.spf} · dkim {checks.dkim} · dmarc {checks.dmarc} ({by})", style="dim")
    if signals := phishing_signals(mail).names:
        console.print(f"signals: {', '.join(signals).replace('_', ' ')}", style="yellow")
    console.print(escape(mail.text) or "(no text of its own)")
    table = Table(box=None, pad_edge=False)
    for column in ("found", "value", "where"):
        table.add_column(column)
    for row in _rows(mail):
        table.add_row(*(escape(cell) for cell in row))
    if table.row_count:
        console.print(table)
    if mail.attachments:
        console.print(_attachment_table(mail))
    for warning in (*mail.warnings, *signal_warnings(mail)):
        console.print(escape(f"warning: {warning}"), style="yellow")


def _in_brackets(*details: str) -> str:
    told = ", ".join(filter(None, details))
    return f" ({told})" if told else ""


def _rows(mail: Mail) -> list[tuple[str, str, str]]:
    rows: list[Any] = [
        (f"{e.type}{_in_brackets(e.subtype, e.role)}", e.value, e.where) for e in mail.entities
    ]
    rows += [(f.type, f.value or f.text, f.where) for f in mail.findings]
    return rows


def _attachment_table(mail: Mail) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("attachment", "kind", "type", "bytes", "rows"):
        table.add_column(column, justify="right" if column in {"bytes", "rows"} else "left")
    for part in mail.attachments:
        rows = "" if part.row_count is None else str(part.row_count)
        table.add_row(escape(part.name), part.kind, escape(part.content_type), str(part.size_bytes), rows)
    return table
