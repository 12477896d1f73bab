"""`razbor prepare`: what `razbor serve` needs before its parts, in one process: starting one takes seconds.

Schema, the first administrator, and a look whether a model serves. The exit code tells the last.
"""

from __future__ import annotations

from typing import Final

import typer

NO_MODEL_EXIT: Final = 3  # everything is prepared but the model, which takes longer than the first mail


def prepare() -> None:
    """Migrate, make the first administrator where there is nobody, look for a model."""
    from cli.console import tell_first_admin
    from cli.migrate import migrate
    from cli.opened_store import opened_store
    from settings import load_settings
    from workers.serving_version import has_usable_champion

    migrate()
    with opened_store(load_settings()) as store:
        tell_first_admin(store)  # prints the first password where a person looks
        if not has_usable_champion(store):
            raise typer.Exit(NO_MODEL_EXIT)
