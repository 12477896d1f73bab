"""`razbor sellers import` and `razbor sellers list`: which address belongs to which seller.

The file is CSV in UTF-8 (a BOM is fine; comma, semicolon or tab) with the columns `seller_id`,
`addresses` (several separated by spaces; `@shop.example` is a whole domain), and optionally
`marketplace` (ozon, wb) and `role` (admin, employee, agency). Nothing is written unless every
line can be read.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.store.sellers import Binding

app = typer.Typer(help="Bind addresses to sellers.", no_args_is_help=True)

_ADDRESS = re.compile(r"[^\s@,;<>]*@[\w-]+(\.[\w-]+)+")
_SELLER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_ALIASES = {"address": "addresses", "email": "addresses", "e-mail": "addresses", "seller": "seller_id"}
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

    bindings = list(_read(file))
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


def _read(file: Path) -> Iterator[Binding]:
    """Read the lines of a file; raises KnownError that names every line that cannot be."""
    try:
        words = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnownError(f"{file} is not UTF-8: save it as CSV UTF-8 and try again.") from error
    first = words.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.DictReader(words.splitlines(), delimiter=delimiter)
    plain = {name: name.strip().casefold() for name in rows.fieldnames or []}
    names = {name: _ALIASES.get(word, word) for name, word in plain.items()}
    lacking = ", ".join(sorted({"seller_id", "addresses"} - set(names.values())))
    if lacking:
        raise KnownError(f"{file} lacks the column {lacking}: its header needs seller_id and addresses.")
    faults: list[str] = []
    found: dict[str, Binding] = {}
    for row in rows:
        given = {names[name]: (value or "").strip() for name, value in row.items() if name in names}
        for binding in _bindings(given, rows.line_num, faults):
            earlier = found.setdefault(binding.address, binding)
            if earlier.seller_id != binding.seller_id:
                faults.append(
                    f"line {rows.line_num}: {binding.address} already stands with seller {earlier.seller_id}"
                )
    if faults:
        raise KnownError(_listed(f"{file} cannot be imported, nothing was changed:", faults))
    yield from found.values()


def _bindings(given: dict[str, str], line: int, faults: list[str]) -> Iterator[Binding]:
    from models.store.sellers import ROLES, Binding

    role = given.get("role", "").casefold() or "unknown"
    marketplace = given.get("marketplace", "").casefold() or "unknown"
    if not _SELLER.fullmatch(given["seller_id"]):
        faults.append(f"line {line}: {given['seller_id']!r} is no seller id")
        return
    if role not in ROLES:
        faults.append(f"line {line}: role {role!r} is unknown; roles are {', '.join(ROLES)}")
        return
    addresses = re.split(r"[\s,;|]+", given["addresses"].casefold())
    for address in filter(None, addresses):
        if not _ADDRESS.fullmatch(address):
            faults.append(f"line {line}: {address!r} is no address and no @domain")
            continue
        yield Binding(address=address, seller_id=given["seller_id"], marketplace=marketplace, role=role)


def _listed(head: str, lines: list[str]) -> str:
    more = [f"... and {len(lines) - _MAX_SHOWN} more"] if len(lines) > _MAX_SHOWN else []
    return "\n  ".join([head, *lines[:_MAX_SHOWN], *more])
