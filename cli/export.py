"""`razbor export`: journal of accepted mails, labels that people gave, key figures, one seller's requests."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Export what is stored.", no_args_is_help=True)


class KpiRows(StrEnum):
    """What a row of the key figures is about."""

    topic = "topic"
    language = "language"
    marketplace = "marketplace"


@app.command("journal")
def export_journal(*, as_json: JsonOption = False) -> None:
    """Print one line per accepted SMTP transaction, oldest first."""
    from cli.opened_store import opened_store
    from models.store import overview
    from settings import load_settings

    with opened_store(load_settings()) as store:
        for line in overview.journal(store):
            if as_json:
                print_json(line)
            else:
                ticket, end = line["ticket"] or "-", line["disposition"] or "in flight"
                typer.echo(
                    f"{line['raw_id']}\t{line['received_at']}\t{end}\t{ticket}\t"
                    f"{line['topic'] or '-'}\t{line['mail_from']}\t{','.join(line['rcpt_to'])}"
                )


@app.command("labels")
def export_labels(*, as_json: JsonOption = False) -> None:
    """Print one line per labelled mail: topic and redacted text."""
    from cli.opened_store import opened_store
    from models.store.learning import labelled_mails
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        for mail in labelled_mails(db):
            if as_json:
                print_json(asdict(mail))
            else:
                typer.echo(f"{mail.raw_id}\t{mail.topic}\t{mail.language}\t{mail.subject}")


@app.command("kpis")
def export_kpis(
    *,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Of the last so many days.")] = 30,
    by: Annotated[KpiRows, typer.Option(help="One row per topic, language or marketplace.")] = KpiRows.topic,
    as_json: JsonOption = False,
) -> None:
    """Print the key figures of rules R29 and R30; the row without a name is all together."""
    from cli.opened_store import opened_store
    from models.store.kpis import desk_kpis
    from settings import load_settings

    now = datetime.now(UTC)
    with opened_store(load_settings()) as store, store.read() as db:
        rows = desk_kpis(db, since_utc=now - timedelta(days=days), until_utc=now, by=by.value)
    for row in rows:
        if as_json:
            print_json(row)
        else:
            shown = "\t".join("-" if value is None else str(value) for value in list(row.values())[1:])
            typer.echo(f"{row['name'] or 'all'}\t{shown}")


@app.command("requests")
def export_requests(
    *,
    seller: Annotated[str, typer.Option(help="Only this seller id, or this address.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Print the journal of requests (rule R32) as CSV: ticket, topic, identifiers, dates, status."""
    from cli.opened_store import opened_store
    from models.store.requests import REQUEST_COLUMNS, requests_of
    from settings import load_settings

    writer = csv.writer(sys.stdout)
    if not as_json:
        writer.writerow(REQUEST_COLUMNS)
    with opened_store(load_settings()) as store, store.read() as db:
        for row in requests_of(db, seller=seller.casefold()):
            if as_json:
                print_json(row)
            else:
                writer.writerow([_cell(row[name]) for name in REQUEST_COLUMNS])


def _cell(value: object) -> str:
    """Write a cell that no spreadsheet takes for a formula."""
    text = " ".join(str(part) for part in value) if isinstance(value, list) else str(value or "")
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
