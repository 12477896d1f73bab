"""`razbor metrics`: the figures of `/metrics`, for a textfile collector or a look by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import typer


def metrics() -> None:
    """Print the figures that docs/monitoring.md lists, in the Prometheus text format."""
    from cli.opened_store import opened_store
    from models.store.metrics import exposition, samples
    from settings import load_settings

    settings = load_settings()
    with opened_store(settings) as store:
        typer.echo(exposition(samples(store, datetime.now(UTC), relay=bool(settings.relay_url))), nl=False)
