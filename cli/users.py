"""`razbor users`: who may log in to the console, with which role (rule R57)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from models.store import Db

app = typer.Typer(help="People who may log in to the console.", no_args_is_help=True)
LoginArgument = Annotated[str, typer.Argument(help="Login name, e.g. maria.")]
RoleOption = Annotated[str, typer.Option(help="viewer, operator, lead or admin.")]
_ACTOR = "command line"


@app.command("add")
def add(
    login: LoginArgument,
    *,
    role: RoleOption = "operator",
    name: Annotated[str, typer.Option(help="Name as colleagues see it.")] = "",
    language: Annotated[str, typer.Option(help="Language of the pages: ru, en or zh.")] = "ru",
) -> None:
    """Add a person; the password is made here and printed once."""
    from cli.opened_store import opened_store
    from console.passwords import hash_password, new_password
    from console.wording import INTERFACE_LANGUAGES
    from models.store.people import add_person
    from settings import load_settings

    login = login.strip().casefold()
    if not login or len(login) > 100 or not login.isprintable() or " " in login:
        raise KnownError("A login is one word of at most 100 characters, e.g. maria.")
    if language not in INTERFACE_LANGUAGES:
        raise KnownError(f"Language {language!r} is not spoken: choose of {', '.join(INTERFACE_LANGUAGES)}.")
    password = new_password()
    with opened_store(load_settings()) as store, store.write({"people"}) as db:
        hashed = hash_password(password)
        add_person(db, login, password_hash=hashed, role=role, name=name, language=language)
        _note(db, "add_person", login, role=role)
    typer.echo(f"{login} may log in with {password} (shown once).")


@app.command("list")
def list_users(*, as_json: JsonOption = False) -> None:
    """List people, disabled ones too."""
    from dataclasses import asdict

    from cli.opened_store import opened_store
    from models.store.people import people
    from settings import load_settings

    with opened_store(load_settings()) as store, store.read() as db:
        found = people(db)
    if not found and not as_json:
        typer.echo("Nobody yet: `razbor serve` (or `razbor console`) makes the first administrator.")
    for person in found:
        if as_json:
            print_json(asdict(person))
        else:
            state = "" if person.active else "\tdisabled"
            typer.echo(f"{person.login}\t{person.role}\t{person.name}{state}")


@app.command("passwd")
def passwd(login: LoginArgument) -> None:
    """Give a person a new password, printed once; their sessions end."""
    from cli.opened_store import opened_store
    from console.passwords import hash_password, new_password
    from models.store.people import change_person, end_sessions_of
    from settings import load_settings

    password = new_password()
    hashed = hash_password(password)
    with opened_store(load_settings()) as store, store.write({"people"}) as db:
        change_person(db, login, password_hash=hashed)
        end_sessions_of(db, login, datetime.now(UTC))
        _note(db, "password", login)
    typer.echo(f"{login} may log in with {password} (shown once).")


@app.command("role")
def role(
    login: LoginArgument, role: Annotated[str, typer.Argument(help="viewer, operator, lead, admin.")]
) -> None:
    """Give a person another role; their sessions end."""
    from cli.opened_store import opened_store
    from models.store.people import ROLES, change_person, end_sessions_of
    from settings import load_settings

    if role not in ROLES:
        raise KnownError(f"Role {role!r} is unknown: choose of {', '.join(ROLES)}.")
    with opened_store(load_settings()) as store, store.write({"people"}) as db:
        if role != "admin":
            _keep_an_admin(db, login)
        change_person(db, login, role=role)
        end_sessions_of(db, login, datetime.now(UTC))
        _note(db, "role", login, role=role)
    typer.echo(f"{login} is {role} now.")


@app.command("disable")
def disable(
    login: LoginArgument,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let the person log in again.")] = False,
) -> None:
    """Keep a person out; their sessions end at once, what they did stays."""
    from cli.opened_store import opened_store
    from models.store.people import change_person, end_sessions_of
    from settings import load_settings

    with opened_store(load_settings()) as store, store.write({"people"}) as db:
        if not undo:
            _keep_an_admin(db, login)
        change_person(db, login, active=undo)
        end_sessions_of(db, login, datetime.now(UTC))
        _note(db, "enable" if undo else "disable", login)
    typer.echo(f"{login} may {'log in again' if undo else 'no longer log in'}.")


@app.command("totp")
def totp(
    login: LoginArgument,
    *,
    off: Annotated[bool, typer.Option("--off", help="Ask this person for no code any more.")] = False,
) -> None:
    """Ask a person for a code at login; prints the address for a code generator once."""
    from cli.opened_store import opened_store
    from console.passwords import new_totp_secret, totp_address
    from models.store.people import change_person, end_sessions_of
    from settings import load_settings

    secret = "" if off else new_totp_secret()
    with opened_store(load_settings()) as store, store.write({"people"}) as db:
        change_person(db, login, totp_secret=secret, totp_last_step=0)
        end_sessions_of(db, login, datetime.now(UTC))
        _note(db, "totp_off" if off else "totp", login)
    typer.echo(f"{login} needs no code." if off else totp_address(secret, login))


def _keep_an_admin(db: Db, login: str) -> None:
    """Raise KnownError when nobody could administer the console without this person."""
    from models.store.people import is_last_admin

    if is_last_admin(db, login):
        raise KnownError(
            f"{login} is the last administrator: make another one first, `razbor users role LOGIN admin`."
        )


def _note(db: Db, action: str, login: str, **detail: object) -> None:
    from models.store.ticket_life import audit

    audit(db, _ACTOR, action, f"person:{login}", datetime.now(UTC), **detail)
