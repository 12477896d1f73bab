"""Checks of `razbor doctor` that talk to others: database, broker, SMTP port, relay, model."""

from __future__ import annotations

import contextlib
import errno
import smtplib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cli.broker_client import answers
from cli.embedded_broker import check_socket_path, find_server, prepare_run_dir
from cli.faults import ConfigError
from cli.findings import CheckResult, State, failed, noted, passed
from cli.instance_lock import running_instance

if TYPE_CHECKING:
    from models.store import Store
    from settings import Settings

RELAY_TIMEOUT_S: Final = 5.0
RELAY_PORTS: Final = {"smtp": 25, "smtps": 465}


def check_broker(settings: Settings) -> CheckResult:
    """Look whether the broker answers; for the embedded one it is enough that `serve` could start it."""
    if answers(settings.effective_broker_url):
        return passed("broker", "answers" if settings.broker_url else "embedded, answers")
    if settings.broker_url:
        return failed(
            "broker",
            "RAZBOR_BROKER_URL does not answer",
            "Start that server or correct the address; without the setting `razbor serve` brings its own.",
        )
    try:
        prepare_run_dir(settings.run_dir)
        check_socket_path(settings.embedded_broker_socket)
        binary = find_server()
    except ConfigError as error:
        return failed("broker", "the embedded broker cannot start", str(error))
    if running_instance(settings.data_dir):
        return failed(
            "broker",
            "`razbor serve` runs, its broker does not answer",
            "Look at the log of `serve`. If the folder broker in the data directory is damaged, delete it: "
            "queue messages are only nudges.",
        )
    return passed("broker", f"embedded, not running; `razbor serve` starts {binary.name}")


def check_port(settings: Settings) -> CheckResult:
    """Look whether the SMTP port is free, or taken by our own listener."""
    name = f"{settings.smtp_host}:{settings.smtp_port}"
    instance = running_instance(settings.data_dir)
    if instance is not None:
        return passed("smtp port", f"{name}, served by our own process {instance.pid}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.smtp_host, settings.smtp_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and greets_as_ours(settings):
            return passed("smtp port", f"{name}, a listener of Razbor answers there")
        return failed("smtp port", f"{name}: {error.strerror or error}", _port_remedy(error))
    return passed("smtp port", f"{name} is free")


def greets_as_ours(settings: Settings) -> bool:
    """Tell whether a listener with our name greets on the port: `razbor listen` as a unit of its own."""
    from cli.parts import greeting_of

    return greeting_of(settings.smtp_host, settings.smtp_port).split()[1:] == [
        settings.smtp_hostname,
        "ESMTP",
        "Razbor",
    ]


def _port_remedy(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Another program listens there: stop it, or set RAZBOR_SMTP_PORT to a free port."
    if error.errno == errno.EACCES:
        return "Ports below 1024 need privileges: set RAZBOR_SMTP_PORT=8025 and forward port 25 to it."
    return "RAZBOR_SMTP_HOST must be an address of this machine: 127.0.0.1, or 0.0.0.0 for all."


def check_relay(settings: Settings) -> CheckResult:
    """Look whether the server that takes our replies greets us."""
    if not settings.relay_url:
        return noted("relay", "none: no reply leaves this machine", "Set RAZBOR_RELAY_URL to send replies.")
    try:
        parts = urlsplit(settings.relay_url)
        port = parts.port or RELAY_PORTS.get(parts.scheme, 0)
    except ValueError as error:
        return failed("relay", str(error), "Write RAZBOR_RELAY_URL as smtp://user:password@host:587.")
    if parts.scheme not in RELAY_PORTS or not parts.hostname:
        return failed(
            "relay",
            "RAZBOR_RELAY_URL is no smtp:// or smtps:// address",
            "Write it as smtp://user:password@host:587.",
        )
    make = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with make(parts.hostname, port, timeout=RELAY_TIMEOUT_S) as client:
            client.noop()
    except (OSError, smtplib.SMTPException) as error:
        return failed(
            "relay",
            f"{parts.hostname}:{port}: {error}",
            "Start the relay or correct RAZBOR_RELAY_URL; until then replies wait in the outbox.",
        )
    return passed("relay", f"{parts.hostname}:{port} answers")


def check_database(settings: Settings) -> CheckResult:
    """Look whether the database can be reached and has the schema of this version."""
    if settings.is_sqlite and not (settings.data_dir / "razbor.db").exists():
        return noted("database", "not made yet", "`razbor serve` or `razbor migrate` makes it.")
    from models.store import DATABASE_ERRORS
    from models.store.migrate import pending

    try:
        with _store(settings) as store:
            behind = pending(store)
    except DATABASE_ERRORS as error:
        return failed(
            "database",
            str(error).splitlines()[0],
            "Start PostgreSQL, or correct RAZBOR_DATABASE_URL; empty, it means SQLite in the data directory.",
        )
    if behind:
        return failed("database", f"schema is behind: {', '.join(behind)}", "Run `razbor migrate`.")
    return passed("database", "SQLite" if settings.is_sqlite else "PostgreSQL")


def check_model(settings: Settings) -> CheckResult:
    """Look whether there is a serving model and whether it can be loaded."""
    from classifier.artifact import ArtifactError, load
    from models.store import StoreError
    from models.store.learning import artefact_bytes, champion

    if check_database(settings).state is not State.OK:
        return noted("model", "not looked at: it lives in the database")
    with _store(settings) as store, store.read() as db:
        version = champion(db)
        if version is None:
            return noted(
                "model", "none yet: every mail goes to review", "`razbor serve` or `razbor train` makes one."
            )
        try:
            load(artefact_bytes(db, version.name), version.sha256)
        except (ArtifactError, StoreError) as error:
            return failed(
                "model",
                f"{version.name}: {error}",
                "Run `razbor train`, or `razbor models rollback` for the one before; mails wait in review.",
            )
    return passed("model", version.name)


@contextlib.contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from models.store import open_store

    store = open_store(settings.main_database_url, settings.intake_database_url, settings.keyring)
    with contextlib.closing(store):
        yield store
