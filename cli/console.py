"""`razbor console`: the operators' web console, with the acts of `workers` handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from console.oidc import OidcProvider
    from models.store import Store
    from settings import Settings

FIRST_ADMIN = "admin"


def console() -> None:
    """Serve the console until stopped; at the first start an administrator is made and told once."""
    import socket

    from cli.child_process import announce_ready, part_name
    from cli.faults import ConfigError
    from cli.log_setup import configure_logging
    from cli.opened_store import opened_store
    from settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, json_lines=settings.log_json, part=part_name("console"))
    with opened_store(settings) as store:
        tell_first_admin(store)
        try:
            listening = socket.create_server((settings.console_host, settings.console_port))
        except OSError as error:
            raise ConfigError(
                f"Port {settings.console_port} on {settings.console_host} cannot be used ({error.strerror}): "
                "RAZBOR_CONSOLE_PORT changes it."
            ) from error
        with listening:
            port = int(listening.getsockname()[1])
            announce_ready(port=port)
            print(f"Console: http://{settings.console_host}:{port}")
            _server(console_app(settings, store)).run(sockets=[listening])


def console_app(settings: Settings, store: Store) -> FastAPI:
    """Join the pages of `console` with the acts of `workers`."""
    from cli.desk_acts import DeskActs
    from console.app import create_app
    from console.context import Console, ConsoleOptions
    from workers.app import service_over

    options = ConsoleOptions(
        timezone=settings.timezone,
        public_url=settings.public_url,
        relay=bool(settings.relay_url),
        precision_target=settings.precision_target,
        metrics_token=settings.metrics_token,
        api_requests_per_minute=settings.api_requests_per_minute,
    )
    desk = DeskActs(service_over(store, settings))
    return create_app(Console(store=store, desk=desk, options=options, oidc=oidc_provider(settings)))


def oidc_provider(settings: Settings) -> OidcProvider | None:
    """Return who else may say who somebody is; None unless the settings name a provider."""
    if not settings.oidc_issuer:
        return None
    # Imported only where it is wanted: the libraries cost a fifth of a second.
    from cli.faults import ConfigError
    from console.oidc import OidcError, OidcOptions, OidcProvider, check_provider_address, parse_roles

    try:
        check_provider_address(settings.oidc_issuer)
    except OidcError as error:
        raise ConfigError(f"RAZBOR_OIDC_ISSUER: {error}.") from error
    if not settings.oidc_client_id:
        raise ConfigError(
            "RAZBOR_OIDC_CLIENT_ID is empty: the provider gives it when the console is registered."
        )
    return OidcProvider(
        OidcOptions(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            scope=settings.oidc_scope,
            role_claim=settings.oidc_role_claim,
            roles=parse_roles(settings.oidc_roles),
        )
    )


def tell_first_admin(store: Store) -> None:
    """Make the first administrator where there is nobody, and print the password this once."""
    password = make_first_admin(store)
    if password:
        # Flushed: what is not a terminal gets it else when the console ends, and it is looked for now.
        print(
            f"Console: log in as {FIRST_ADMIN} with {password} (shown once; change it under your name).",
            flush=True,
        )


def make_first_admin(store: Store) -> str:
    """Add an administrator to a desk without people; return the password, "" when there are people."""
    from datetime import UTC, datetime

    from console.passwords import hash_password, new_password
    from models.store.people import add_person, person_count
    from models.store.ticket_life import audit

    with store.read() as db:
        if person_count(db):
            return ""
    password = new_password()
    hashed = hash_password(password)
    with store.write({"people"}) as db:
        if person_count(db):  # another console was first
            return ""
        add_person(db, FIRST_ADMIN, password_hash=hashed, role="admin")
        audit(db, "razbor", "add_person", f"person:{FIRST_ADMIN}", datetime.now(UTC), role="admin")
    return password


def _server(app: FastAPI) -> uvicorn.Server:
    """Make a server that ends within seconds, however many streams of events are open."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,  # from a proxy on this machine only: uvicorn's default
            timeout_graceful_shutdown=3,
        )
    )
