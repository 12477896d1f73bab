"""`razbor train`: trains the classifier from the bundled corpus and the stored labels."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json


def train(
    *,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Do nothing when a usable model serves already.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a model and let it serve if it is not worse; says `unchanged` when the data are the same."""
    from cli.log_setup import configure_logging
    from cli.opened_store import opened_store
    from cli.training_progress import training_progress
    from settings import load_settings
    from workers.retraining import has_usable_champion, retrain

    settings = load_settings()
    configure_logging(
        "WARNING" if as_json else settings.log_level, json_lines=settings.log_json, part="train"
    )
    with opened_store(settings) as store:
        if if_missing and has_usable_champion(store):
            return
        with training_progress(quiet=as_json) as progress:
            result = retrain(store, target=settings.precision_target, progress=progress)
    if result.outcome == "busy":
        raise KnownError("Another training is running; try again when it is done.")
    if as_json:
        print_json({"result": result.outcome, "model": result.model, "note": result.note})
    else:
        typer.echo(f"train: {result.outcome}: {result.model} ({result.note})")
