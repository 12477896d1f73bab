"""`razbor doctor`: looks for what would keep Razbor from working, and names the remedy of each finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.findings import CheckResult, State
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from settings import Settings

Check = Callable[["Settings"], CheckResult]
_MARKS: Final = {State.OK: "ok  ", State.NOTE: "note", State.FAIL: "FAIL"}
_COLOURS: Final = {
    State.OK: typer.colors.GREEN,
    State.NOTE: typer.colors.YELLOW,
    State.FAIL: typer.colors.RED,
}


def doctor(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read all that is stored: checksums, files, balance.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check this machine and these settings; exit with 1 when something must be mended."""
    from cli.deep_checks import deep_checks
    from settings import load_settings

    settings = load_settings()
    worst = State.OK
    results = (check(settings) for check in all_checks())
    for result in chain(results, deep_checks(settings, quiet=as_json) if deep else ()):
        if as_json:
            print_json(asdict(result))
        else:
            typer.echo(_line(result))
        if result.state is State.FAIL:
            worst = State.FAIL
    raise typer.Exit(1 if worst is State.FAIL else 0)


def all_checks() -> tuple[Check, ...]:
    """List the checks, the most basic first."""
    from cli import (
        host_checks,
        keyring_check,
        machine_checks,
        name_service_check,
        server_checks,
        service_checks,
        settings_checks,
    )

    return (
        machine_checks.check_python,
        machine_checks.check_reading,
        settings_checks.check_variables,
        machine_checks.check_data_dir,
        machine_checks.check_sqlite,
        machine_checks.check_mailboxes,
        machine_checks.check_timezone,
        machine_checks.check_log_level,
        settings_checks.check_times,
        settings_checks.check_signing_key,
        settings_checks.check_privacy,
        keyring_check.check_keyring,
        host_checks.check_clock,
        host_checks.check_memory,
        host_checks.check_open_files,
        host_checks.check_file_system,
        machine_checks.check_tls,
        host_checks.check_certificate,
        service_checks.check_database,
        server_checks.check_postgres,
        service_checks.check_broker,
        server_checks.check_redis_policy,
        service_checks.check_port,
        settings_checks.check_exposure,
        settings_checks.check_domain,
        service_checks.check_relay,
        settings_checks.check_relay_target,
        settings_checks.check_dkim,
        settings_checks.check_sender_trust,
        name_service_check.check_name_service,
        settings_checks.check_console,
        host_checks.check_console_port,
        service_checks.check_model,
    )


def _line(result: CheckResult) -> str:
    mark = typer.style(_MARKS[result.state], fg=_COLOURS[result.state])  # echo drops colours in a pipe
    line = f"{mark}  {result.check}: {result.detail}"
    return f"{line}\n      {result.remedy}" if result.remedy else line
