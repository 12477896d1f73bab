"""The parts of `razbor serve`, in one place: command, readiness, order of stopping."""

from __future__ import annotations

import socket
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from cli.part import Facts, Part, own_command

if TYPE_CHECKING:
    from settings import Settings

# Intake stops first, so that nothing new comes in; the broker goes last, workers still need it.
LISTENER_RANK, CLOCK_RANK, WORKER_RANK, BROKER_RANK = range(4)


def broker_part(settings: Settings) -> Part:
    """Describe the embedded broker."""
    from cli.broker_client import answers

    def pings(_facts: Facts) -> bool:
        return answers(settings.effective_broker_url)

    return Part(
        name="broker",
        argv=own_command("broker"),
        stop_rank=BROKER_RANK,
        announces=False,
        probe=pings,
        ready_timeout_s=30.0,
        stop_grace_s=10.0,
        remedy=f"Delete the folder {settings.data_dir / 'broker'} and start again: queue messages are "
        "only nudges, every mail is in the database.",
    )


def listener_part(settings: Settings) -> Part:
    """Describe the SMTP listener."""

    def greets(facts: Facts) -> bool:
        return answers_220(settings.smtp_host, int(facts.get("port", settings.smtp_port)))

    return Part(
        name="listen",
        argv=own_command("listen"),
        stop_rank=LISTENER_RANK,
        probe=greets,
        stop_grace_s=40.0,  # its own grace for mails in transit is 30 s
        remedy=f"Is port {settings.smtp_port} free? `razbor doctor` looks, RAZBOR_SMTP_PORT changes it.",
    )


def console_part(settings: Settings) -> Part:
    """Describe the operators' console."""
    return Part(
        name="console",
        argv=own_command("console"),
        stop_rank=CLOCK_RANK,
        stop_grace_s=10.0,
        remedy=f"Is port {settings.console_port} free? RAZBOR_CONSOLE_PORT changes it.",
    )


def working_parts() -> list[Part]:
    """Describe what works the mail: worker and beat."""
    return [
        Part(
            name="worker",
            argv=own_command("worker"),
            stop_rank=WORKER_RANK,
            ready_timeout_s=120.0,
            stop_grace_s=60.0,
        ),
        Part(name="beat", argv=own_command("beat"), stop_rank=CLOCK_RANK, stop_grace_s=10.0),
    ]


def answers_220(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether an SMTP server greets on a port. An address that means "all" is tried on loopback."""
    return greeting_of(host, port, timeout_s).startswith("220")


def greeting_of(host: str, port: int, timeout_s: float = 1.0) -> str:
    """Return what a server says first on a port, "" when nothing answers in time."""
    try:
        with socket.create_connection((_reachable(host), port), timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            return connection.recv(512).decode("ascii", "replace").strip()
    except OSError:
        return ""


def answers_healthz(host: str, port: int, timeout_s: float = 2.0) -> bool:
    """Tell whether the console answers on a port. An address that means "all" is tried on loopback."""
    connection = HTTPConnection(_reachable(host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
