"""`razbor webhooks`: other systems that are told what happens to tickets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from workers.service import Service

app = typer.Typer(help="Webhooks: other systems that are told of tickets' events.", no_args_is_help=True)
_ACTOR = "command line"
NameArgument = Annotated[str, typer.Argument(help="Name of the webhook, e.g. erp.")]


@app.command("add")
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(help="https://host/path; http for hosts of RAZBOR_WEBHOOK_HOSTS.")],
    *,
    event: Annotated[
        list[str] | None, typer.Option(help="Kind of event, e.g. ticket.closed; several times. Default: all.")
    ] = None,
) -> None:
    """Add a webhook and print its secret."""
    from models.store.ticket_events import EVENT_KINDS
    from workers.webhooks import subscribe

    with _service() as service:
        secret = subscribe(service, _ACTOR, name, url, event or list(EVENT_KINDS))
    typer.echo(f"{secret} signs what {name} is told.")


@app.command("list")
def list_webhooks(*, as_json: JsonOption = False) -> None:
    """List webhooks with how many events wait and how many were given up."""
    from models.store.webhooks import webhooks

    with _service() as service, service.store.read() as db:
        found = webhooks(db)
    for card in found:
        if as_json:
            print_json(
                {
                    "name": card.name,
                    "url": card.url,
                    "events": list(card.kinds),
                    "active": card.active,
                    "waiting": card.waiting,
                    "dead": card.dead,
                }
            )
        else:
            state = "" if card.active else "\tstopped"
            typer.echo(f"{card.name}\t{card.url}\t{card.waiting} waiting\t{card.dead} given up{state}")


@app.command("events")
def events(
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the newest events with what became of them."""
    from models.store.webhooks import deliveries

    with _service() as service, service.store.read() as db:
        rows = deliveries(db, status="dead" if dead else "")
    for row in rows:
        said = {
            "id": row.id,
            "webhook": row.webhook,
            "event": row.kind,
            "ticket": row.ticket_id,
            "status": row.status,
            "attempts": row.attempts,
            "answer": row.answer,
            "last_error": row.last_error,
        }
        if as_json:
            print_json(said)
        else:
            typer.echo("\t".join(str(value) for value in said.values() if value not in (None, "")))


@app.command("test")
def test(name: NameArgument) -> None:
    """Send a test event now and say what the receiver answered."""
    from workers.webhooks import ping

    with _service() as service:
        posted = ping(service, _ACTOR, name)
    if not posted.is_taken:
        raise KnownError(f"{name} did not take it: {posted.error}.")
    typer.echo(f"{name} took it (HTTP {posted.status}).")


@app.command("resend")
def resend(event_id: Annotated[int, typer.Argument(help="Number from `razbor webhooks events`.")]) -> None:
    """Tell an event again that was told or given up; its id stays the same."""
    from workers.webhooks import tell_once_more

    with _service() as service:
        tell_once_more(service, _ACTOR, event_id)
    typer.echo(f"Event {event_id} is told again by the next worker.")


@app.command("remove")
def remove(name: NameArgument) -> None:
    """Remove a webhook with its events, told or not."""
    from workers.webhooks import unsubscribe

    with _service() as service:
        unsubscribe(service, _ACTOR, name)
    typer.echo(f"{name} is told nothing more.")


@contextmanager
def _service() -> Iterator[Service]:
    """Give the service over the opened store; what cannot be done ends with one line."""
    from cli.opened_store import opened_store
    from models.store import StoreError
    from settings import load_settings
    from workers.acts import ActError
    from workers.app import service_over

    settings = load_settings()
    with opened_store(settings) as store:
        try:
            yield service_over(store, settings)
        except (ActError, StoreError) as error:
            raise KnownError(f"{error}.") from error
