"""`razbor sellers import` and `razbor sellers list`: which address belongs to which seller.

`models.seller_list` says how the CSV looks. Nothing is written unless every line can be read.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.seller_list import LineFault
    from models.store.sellers import Binding

app = typer.Typer(help="Bind addresses to sellers.", no_args_is_help=True)

_MAX_SHOWN = 10


class _DryRunOver(Exception):  # noqa: N818 - undoes a transaction, is no error
    """Leaves the transaction of a dry run, so that nothing of it stays."""


@app.command("import")
def import_sellers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header line.")],
    *,
    replace: Annotated[
        bool, typer.Option(help="Let an address change its seller; else such a line is an error.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bind the addresses of a file to their sellers."""
    from cli.opened_store import opened_store
    from models.store.sellers import Bound, bind, known_bindings
    from settings import load_settings

    bindings = _read(file)
    with opened_store(load_settings()) as store:
        with store.read() as db:
            known = known_bindings(db, [binding.address for binding in bindings])
        moved = [
            f"{b.address} belongs to seller {known[b.address].seller_id}, the file says {b.seller_id}"
            for b in bindings
            if b.address in known and known[b.address].seller_id != b.seller_id
        ]
        if moved and not replace:
            raise KnownError(
                _listed("these addresses would change their seller (--replace lets them):", moved)
            )
        done = Bound()
        with suppress(_DryRunOver), store.write(["sellers"]) as db:
            done = bind(db, bindings)
            if dry_run:
                raise _DryRunOver
    said = {"added": done.added, "changed": done.changed, "unchanged": done.same, "tickets": done.tickets}
    if as_json:
        print_json({"file": str(file), "dry_run": dry_run, **said})
        return
    head = "Dry run, nothing was written. " if dry_run else ""
    typer.echo(
        f"{head}Addresses: {done.added} added, {done.changed} changed, {done.same} as they were. "
        f"Open tickets that learn their seller: {done.tickets}."
    )


@app.command("list")
def list_sellers(
    seller_id: Annotated[str, typer.Argument(help="Only this seller.")] = "", *, as_json: JsonOption = False
) -> None:
    """List bound addresses."""
    from dataclasses import asdict

    from cli.opened_store import opened_store
    from models.store.sellers import all_bindings
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        bindings = all_bindings(db, seller_id=seller_id)
    if not bindings and not as_json:
        typer.echo("No address is bound to a seller yet: `razbor sellers import FILE` binds them.")
    for binding in bindings:
        if as_json:
            print_json(asdict(binding))
        else:
            typer.echo(f"{binding.seller_id}\t{binding.address}\t{binding.marketplace}\t{binding.role}")


def _read(file: Path) -> tuple[Binding, ...]:
    """Read the lines of a file; raises KnownError that names every line that cannot be."""
    from models.seller_list import read_seller_list

    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnownError(f"{file} is not UTF-8: save it as CSV UTF-8 and try again.") from error
    found = read_seller_list(text)
    if found.lacking:
        columns = ", ".join(found.lacking)
        raise KnownError(f"{file} lacks the column {columns}: its header needs seller_id and addresses.")
    if found.faults:
        said = [f"line {fault.line}: {_said(fault)}" for fault in found.faults]
        raise KnownError(_listed(f"{file} cannot be imported, nothing was changed:", said))
    return found.bindings


def _said(fault: LineFault) -> str:
    from models.seller_list import MARKETPLACES
    from models.store.sellers import ROLES

    return {
        "seller_id": f"{fault.value!r} is no seller id",
        "role": f"role {fault.value!r} is unknown; roles are {', '.join(ROLES)}",
        "marketplace": f"marketplace {fault.value!r} is unknown; it is one of {', '.join(MARKETPLACES)}",
        "address": f"{fault.value!r} is no address and no @domain",
        "twice": f"{fault.value} already stands with seller {fault.other}",
        "too_many": f"a file has at most {fault.value} addresses: split it",
        "unreadable": f"cannot be read as CSV ({fault.value})",
    }[fault.kind]


def _listed(head: str, lines: list[str]) -> str:
    more = [f"... and {len(lines) - _MAX_SHOWN} more"] if len(lines) > _MAX_SHOWN else []
    return "\n  ".join([head, *lines[:_MAX_SHOWN], *more])
