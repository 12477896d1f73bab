"""`razbor status`: how many mails were accepted and what became of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from settings import Settings

QUEUE_TIMEOUT_S = 2.0


def status(*, as_json: JsonOption = False) -> None:
    """Show the balance: accepted = in flight + dispositions, the outbox, the model and the queues."""
    from cli.opened_store import opened_store
    from models.store import overview
    from settings import load_settings
    from workers.drift_watch import drift_of

    settings = load_settings()
    with opened_store(settings) as store:
        counts = overview.status(store, datetime.now(UTC), relay=bool(settings.relay_url))
        counts["drift"] = drift_of(store, datetime.now(UTC))
    counts["queues"] = queue_lengths(settings)
    if as_json:
        print_json(counts)
    else:
        _show(counts, relay=bool(settings.relay_url))


def queue_lengths(settings: Settings) -> dict[str, int] | None:
    """Return the messages that wait in each queue, None without a broker."""
    import redis

    from models.topics import ALL_QUEUES

    url = settings.effective_broker_url.replace("redis+socket://", "unix://")
    try:
        with redis.Redis.from_url(
            url, socket_timeout=QUEUE_TIMEOUT_S, socket_connect_timeout=QUEUE_TIMEOUT_S
        ) as client:
            pipe = client.pipeline(transaction=False)
            for name in ALL_QUEUES:
                pipe.llen(name)
            return dict(zip(ALL_QUEUES, pipe.execute(), strict=True))
    except (redis.RedisError, OSError):
        return None


def _show(counts: dict[str, Any], *, relay: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_row("accepted", str(counts["accepted"]))
    table.add_row("in flight", str(counts["in_flight"]))
    for name, count in counts["dispositions"].items():
        table.add_row(name, str(count))
    console.print(table)
    ended = sum(counts["dispositions"].values())
    if counts["accepted"] != counts["in_flight"] + ended:
        console.print("The balance does not hold: run `razbor doctor`.", style="bold red")
    outbox = ", ".join(f"{count} {name}" for name, count in counts["outbox"].items()) or "empty"
    console.print(f"outbox: {outbox}")
    if not relay:
        console.print("no relay is configured, so no reply leaves (RAZBOR_RELAY_URL)", style="dim")
    console.print(
        f"review: {counts['review']}   topic work due: {counts['work_due']}   model: {counts['model']}"
    )
    if not counts["model"]:
        console.print("no model is trained yet, mails wait for it: run `razbor train`", style="yellow")
    for incident in counts["incidents"]:
        words = f"{incident['sellers']} sellers, {incident['tickets']} tickets since {incident['since']}"
        console.print(f"incident: {incident['fault']}: {words}", style="bold yellow", markup=False)
    _show_learning(console, counts)
    if counts["queues"] is None:
        console.print("the broker does not answer: is `razbor serve` running?", style="yellow")


def _show_learning(console: Any, counts: dict[str, Any]) -> None:
    """Say how the serving version keeps its promise, and whether the mail has changed since its training."""
    learning, drift = counts["learning"], counts["drift"]
    if learning is not None and learning["live_precision"] is not None:
        pin = ", pinned" if learning["pinned"] else ""
        console.print(
            f"live precision: {learning['live_precision']:.1%} of {learning['audited']} audited mails{pin}"
        )
    if drift is not None and drift["alerts"]:
        console.print(
            f"the mail has changed since the training: {', '.join(drift['alerts'])} "
            f"(last {drift['mails']} mails); label some of the review queue",
            style="yellow",
        )
