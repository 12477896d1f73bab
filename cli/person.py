"""`razbor person export` and `razbor person erase`: what a person may ask for (152-FZ art. 14 and 21)."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json
from cli.purge import ACTOR
from cli.raw_upkeep import LISTENER_PATIENCE_S

if TYPE_CHECKING:
    from models.store.person_search import Holdings

app = typer.Typer(help="Hand out or erase what is stored about an address.", no_args_is_help=True)
AddressArgument = Annotated[str, typer.Argument(help="E-mail address, e.g. ivan@shop.example.")]
_ADDRESS = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}")


@app.command("export")
def export(
    address: AddressArgument,
    *,
    out: Annotated[
        Path, typer.Option(help="The file to write; one that is there already is not touched.")
    ] = Path("person.zip"),
    as_json: JsonOption = False,
) -> None:
    """Write everything about an address into a ZIP file: person.json, and each mail as .eml."""
    from cli.counted_progress import counted_progress
    from cli.log_setup import log_to_stderr
    from cli.opened_store import opened_store
    from models.store.ticket_life import audit
    from settings import load_settings
    from workers.app import service_over
    from workers.erasing import find_person, pseudonym_of
    from workers.person_export import export_person

    log_to_stderr()
    settings = load_settings()
    address = _checked(address)
    with opened_store(settings) as store:
        service = service_over(store, settings)
        found = find_person(service, address)
        if not found:
            raise KnownError(f"Nothing is stored about {address}.")
        total = len(found.mails) + len(found.replies)
        try:
            with counted_progress("mails exported", total, quiet=as_json) as advance:
                counts = export_person(service, address, found, out, advance)
        except FileExistsError as error:
            raise KnownError(f"{out} is there already: name another file with --out.") from error
        with store.write() as db:
            subject = f"person:{pseudonym_of(address, service.options.signing_key)}"
            audit(db, ACTOR, "export", subject, service.now(), **counts)
    if as_json:
        print_json({"file": str(out), **counts})
        return
    typer.echo(f"{out}: {counts['mails']} mails ({counts['raw_mails']} with their bytes), ")
    typer.echo(f"{counts['replies']} replies. It holds personal data: hand it to its owner alone.")


@app.command("erase")
def erase(
    address: AddressArgument,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase for good; without it only counts are shown.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase a person: words, names, address, facts and bytes of their mails; counts and dates stay.

    Mails of other people stay. Backups are yours to deal with.
    """
    from cli.counted_progress import counted_progress
    from cli.log_setup import log_to_stderr
    from cli.opened_store import opened_store
    from cli.raw_upkeep import delete_ordered
    from settings import load_settings
    from workers.app import service_over
    from workers.erasing import EraseRefusedError, erase_person, find_person, refusal, steps_of

    log_to_stderr()
    settings = load_settings()
    address = _checked(address)
    with opened_store(settings) as store:
        service = service_over(store, settings)
        found = find_person(service, address)
        against = refusal(service, address, found)
        if not yes:
            _tell(found, against, as_json=as_json)
            return
        try:
            with counted_progress("steps", steps_of(found), quiet=as_json) as advance:
                done = erase_person(service, address, ACTOR, advance)
        except EraseRefusedError as error:
            raise KnownError(f"{error}.") from error
        waiting = delete_ordered(settings, store, wait_s=LISTENER_PATIENCE_S)
    if as_json:
        print_json({"dry_run": False, **asdict(done), "raw_waiting": waiting})
        return
    typer.echo(
        f"Erased: {done.mails} mails, {done.replies} replies, {done.tickets} tickets, "
        f"{done.bindings} bindings, {done.swept} other places. In their place stands {done.pseudonym}."
    )
    if waiting:
        typer.echo(f"{waiting} raw mails are marked, but the listener did not answer yet: it deletes them.")
    if not done.log_emptied:
        typer.echo("Another process was reading: old bytes stay in the log until `razbor purge`.", err=True)


def _tell(found: Holdings, against: str, *, as_json: bool) -> None:
    counts = {
        "mails": len(found.mails),
        "replies": len(found.replies),
        "tickets_opened": len(found.opened),
        "tickets_joined": len(found.joined),
        "bindings": found.bindings,
    }
    if as_json:
        print_json({"dry_run": True, **counts, "refused": against})
        return
    for name, count in counts.items():
        typer.echo(f"{name.replace('_', ' '):<16}{count:>6}")
    typer.echo("Dry run: nothing was erased; `--yes` erases it for good.")
    if against:
        typer.echo(f"It would be refused: {against}.", err=True)


def _checked(address: str) -> str:
    if not _ADDRESS.fullmatch(address.strip()):
        raise KnownError(f"{address!r} is no e-mail address.")
    return address.strip()
