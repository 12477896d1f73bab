"""`razbor alive`: the health check of one part, for containers and other supervisors.

The listener is alive when it greets, the console when `/healthz` answers; worker and beat when
their main loop touched its file within the last minute.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.faults import KnownError

SILENCE_LIMIT_S: Final = 60.0
LOOPING_PARTS: Final = ("worker", "beat")


def alive(part: Annotated[str, typer.Argument(help="listen, worker, beat or console.")]) -> None:
    """Exit with 0 when this part works on this machine, else with 1 and the reason."""
    from cli.heartbeat import heartbeat_age_s
    from cli.parts import answers_220, answers_healthz
    from settings import load_settings

    settings = load_settings()
    if part == "listen":
        if not answers_220(settings.smtp_host, settings.smtp_port):
            raise KnownError(f"No SMTP greeting on {settings.smtp_host}:{settings.smtp_port}.")
    elif part == "console":
        if not answers_healthz(settings.console_host, settings.console_port):
            raise KnownError(f"No answer on http://{settings.console_host}:{settings.console_port}/healthz.")
    elif part in LOOPING_PARTS:
        age_s = heartbeat_age_s(settings.run_dir, part)
        limit_s = max(SILENCE_LIMIT_S, 3 * settings.sweep_s)
        if age_s is None or age_s > limit_s:
            seen = "never" if age_s is None else f"{age_s:.0f} s ago"
            raise KnownError(f"The main loop of {part} was last seen {seen}; restart it.")
    else:
        raise KnownError(f"There is no part {part!r}: listen, worker, beat and console can be asked.")
    typer.echo(f"{part} is alive")
