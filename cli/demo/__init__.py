"""`razbor demo`: everything that `serve` runs, fed with sample mails through real SMTP.

Shows what became of each mail, prints whole replies and stays up for mails of one's own. With
`--once` it ends after the mails: 0 when every one ended as the manifest intends, else 1 with
the list of differences.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.demo.desk import SmtpDoor
    from cli.instance_lock import InstanceLock
    from settings import Settings


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Exit after the sample mails: 0 when all ended as intended.")
    ] = False,
) -> None:
    """Start everything, send the sample mails and show what became of each."""
    from cli.demo.desk import SmtpDoor
    from cli.instance_lock import InstanceLock, running_instance
    from settings import load_settings

    settings = load_settings()
    running = running_instance(settings.data_dir)
    if running is not None and running.smtp_port:
        typer.echo(f"Using the `razbor serve` that runs already (process {running.pid}).")
        door = SmtpDoor(host=running.smtp_host, port=running.smtp_port)
        found = run_story(settings, door, threading.Event(), running.console_port)
    else:
        with InstanceLock(settings.data_dir) as lock:
            found = _serve_story(settings, lock, once=once)
    raise typer.Exit(1 if found and once else 0)


def _serve_story(settings: Settings, lock: InstanceLock, *, once: bool) -> list[str]:
    """Run all parts and the story beside them; return the differences."""
    from cli.demo.desk import SmtpDoor
    from cli.instance_lock import Instance
    from cli.merged_log import ConsoleLog, FileThenConsole
    from cli.serve import supervised

    log = FileThenConsole(settings.data_dir / "demo.log", ConsoleLog(json_lines=settings.log_json))
    typer.echo(f"Starting broker, listener and workers; their log goes to {log.path} for now.")
    with closing(log), supervised(settings, log) as (supervisor, port):
        web = int(supervisor.facts("console").get("port", settings.console_port))
        lock.publish(
            Instance(pid=os.getpid(), smtp_host=settings.smtp_host, smtp_port=port, console_port=web)
        )
        door = SmtpDoor(host=settings.smtp_host, port=port)
        # The supervisor keeps the main thread: parts are tied to the thread that starts them.
        with ThreadPoolExecutor(max_workers=1) as teller:
            told = teller.submit(run_story, settings, door, supervisor.stopping, web)
            supervisor.run(until=told.done)
            found = told.result()
        if not once and not supervisor.stopping.is_set():
            typer.echo("Razbor stays up; Ctrl-C stops everything. Its log from here on:")
            log.switch()
            supervisor.run()
    return found


def run_story(settings: Settings, door: SmtpDoor, stopping: threading.Event, console_port: int) -> list[str]:
    """Send the sample mails through a listener that answers, and print what became of them."""
    from cli.demo.board import LiveBoard, demo_console, next_steps, outcome_table, print_replies
    from cli.demo.desk import StoreOutcomes, next_run, recipient_for
    from cli.demo.manifest import load_manifest
    from cli.demo.story import Story
    from cli.opened_store import opened_store

    console = demo_console()
    mails = load_manifest()
    with opened_store(settings) as store:
        story = Story(mails, door, StoreOutcomes(store), settings.mailboxes, next_run(settings.data_dir))
        with LiveBoard(mails, console) as board:
            found = story.tell(board, stopping)
    if stopping.is_set():
        return found
    console.print(outcome_table(mails, story.by_name))
    print_replies(console, list(story.by_name.values()))
    mailbox = recipient_for(mails[0].recipient, settings.mailboxes)
    first = next((outcome.ticket for outcome in story.by_name.values() if outcome.ticket), None)
    page = f"http://{settings.console_host}:{console_port}/"
    console.print(next_steps(door.host, door.port, mailbox, first, page), markup=False, soft_wrap=True)
    if found:
        console.print("[red]Not as intended:[/red]")
        for sentence in found:
            console.print(f"  {sentence}", markup=False)
    else:
        console.print(f"[green]All {len(mails)} mails ended as intended.[/green]")
    return found
