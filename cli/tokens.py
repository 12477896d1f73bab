"""`razbor tokens`: programs that may use the JSON API, and what each of them may do."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

app = typer.Typer(help="Tokens of the JSON API under /api/v1.", no_args_is_help=True)
_ACTOR = "command line"
NameArgument = Annotated[str, typer.Argument(help="Name under which its acts are audited, e.g. shop-sync.")]


@app.command("create")
def create(
    name: NameArgument,
    *,
    scope: Annotated[
        list[str], typer.Option(help="What it may do, e.g. read:tickets; give it several times.")
    ],
    days: Annotated[int, typer.Option(help="Days until it ends; 0: it has no end.")] = 90,
    seller: Annotated[str, typer.Option(help="Sees tickets bound to this seller only.")] = "",
) -> None:
    """Create a token and print it once; only its hash is stored."""
    from cli.opened_store import opened_store
    from models.store import StoreError
    from models.store.api_tokens import add_token
    from models.store.ticket_life import audit
    from settings import load_settings

    now = datetime.now(UTC)
    with opened_store(load_settings()) as store:
        try:
            with store.write({"tokens"}) as db:
                token = add_token(
                    db, name, scope, created_by=_ACTOR, now_utc=now, days=days or None, seller_id=seller
                )
                audit(db, _ACTOR, "add_token", f"token:{name}", now, scopes=scope, seller_id=seller)
        except StoreError as error:
            raise KnownError(f"{error}.") from error
    typer.echo(f"{token} (shown once)")


@app.command("list")
def list_tokens(*, as_json: JsonOption = False) -> None:
    """List tokens, those that ended too; the secret part is not known to anybody."""
    from cli.opened_store import opened_store
    from models.store.api_tokens import tokens
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        found = tokens(db)
    for card in found:
        if as_json:
            print_json({name.removesuffix("_utc"): _said(value) for name, value in asdict(card).items()})
        else:
            state = "" if card.is_live(datetime.now(UTC)) else "\tended"
            typer.echo(f"{card.name}\trzb_{card.prefix}…\t{' '.join(card.scopes)}\t{card.seller_id}{state}")


@app.command("revoke")
def revoke(name: NameArgument) -> None:
    """End a token at once; its name stays in the audit log."""
    from cli.opened_store import opened_store
    from models.store import StoreError
    from models.store.api_tokens import revoke_token
    from models.store.ticket_life import audit
    from settings import load_settings

    now = datetime.now(UTC)
    with opened_store(load_settings()) as store:
        try:
            with store.write({"tokens"}) as db:
                revoke_token(db, name, now)
                audit(db, _ACTOR, "revoke_token", f"token:{name}", now)
        except StoreError as error:
            raise KnownError(f"{error}.") from error
    typer.echo(f"{name} is revoked.")


def _said(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
