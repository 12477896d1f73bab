"""`razbor export`: the journal of accepted mails, and the labels that people gave."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Export what is stored.", no_args_is_help=True)


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
