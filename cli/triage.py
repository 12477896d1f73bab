"""`razbor triage FILE…`: a dry run of the whole decision for new mails, no database needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from cli.json_lines import JsonOption, print_json
from cli.read import Files, read_file, report_unreadable

if TYPE_CHECKING:
    from classifier.artifact import Model
    from models.decisions import TriageResult
    from models.records import Mail
    from settings import Settings


def triage(files: Files, *, as_json: JsonOption = False) -> None:
    """Show topic, confidence, what is missing and the reply that would go out."""
    from cli.serving_model import serving_model
    from intake.mail_json import mail_as_json
    from settings import load_settings
    from workers.triage import triage_as_json

    settings = load_settings()
    model = serving_model(settings, quiet=as_json)
    failed = False
    for name in files:
        mail = read_file(name, settings)
        if isinstance(mail, str):
            failed = True
            report_unreadable(name, mail, as_json=as_json)
            continue
        result = triage_mail(mail, model, settings)
        if as_json:
            print_json(triage_as_json(mail_as_json(mail, name), result))
        else:
            _show(name, mail, result)
    if failed:
        raise typer.Exit(1)


def triage_mail(mail: Mail, model: Model, settings: Settings) -> TriageResult:
    """Decide about one mail as if it were new; its mailbox is the first of ours that it is addressed to."""
    from classifier.documents import document_of
    from workers.service import mailbox_of
    from workers.triage import triage as decide

    addressed = tuple(address.address for address in (*mail.to, *mail.cc) if address.address)
    known = [address for address in addressed if address in settings.mailboxes]
    mailbox = known[0] if known else (addressed[0] if addressed else mailbox_of((), settings.mailboxes))
    prediction = model.predict([document_of(mail, mailbox)])[0]
    return decide(mail, mailbox, prediction, now_utc=mail.date_utc or datetime.now(UTC))


def _topic(result: TriageResult) -> str:
    """Return topic and subkind (rule R62) as they are printed."""
    return "/".join(filter(None, (result.decision.topic, result.topic.subkind)))


def _show(name: str, mail: Mail, result: TriageResult) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    prediction = result.prediction
    console.rule(escape(name), align="left")
    console.print(f"[bold]{escape(mail.subject) or '(no subject)'}[/bold]")
    console.print(
        escape(
            f"{result.decision.decision} · {_topic(result)} {prediction.confidence:.0%} "
            f"(threshold {prediction.threshold:.0%}) · {mail.language}"
        )
    )
    reasons = ", ".join(r.text for r in prediction.reasons if r.topic in ("", prediction.topic))
    if reasons:
        console.print(escape(f"because of: {reasons}"), style="dim")
    if result.topic.missing:
        console.print(escape(f"missing: {', '.join(result.topic.missing)}"))
    if result.reply is not None:
        console.print(escape(f"\n{result.reply.subject}\n\n{result.reply.text}"), style="cyan")
