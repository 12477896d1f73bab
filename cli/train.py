"""`razbor train [FILE…]`: trains the classifier from corpus, stored labels and mails of one's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.faults import KnownError
from cli.json_lines import JsonOption, print_json

if TYPE_CHECKING:
    from classifier.dataset import Example
    from settings import Settings


def train(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Labelled mails to learn from now on: corpus format or CSV with columns topic and text. "
            "Kept in the data directory."
        ),
    ] = None,
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
    from workers.serving_version import has_usable_champion

    settings = load_settings()
    configure_logging(
        "WARNING" if as_json else settings.log_level, json_lines=settings.log_json, part="train"
    )
    more = keep_own_files(settings, files or [])
    with opened_store(settings) as store:
        if if_missing and has_usable_champion(store):
            return
        from workers.retraining import retrain
        from workers.training_child import TrainingError

        with training_progress(quiet=as_json) as progress:
            try:
                result = retrain(store, target=settings.precision_target, progress=progress, more=more)
            except TrainingError as error:
                raise KnownError(str(error)) from None
    if result.outcome == "busy":
        raise KnownError("Another training is running; try again when it is done.")
    if as_json:
        print_json({"result": result.outcome, "model": result.model, "note": result.note})
    else:
        typer.echo(f"train: {result.outcome}: {result.model} ({result.note})")


def keep_own_files(settings: Settings, files: list[Path]) -> list[Example]:
    """Check the files, copy them into the data directory, and return all mails that are kept there.

    Raises KnownError that names file, line and remedy; then nothing is copied.
    """
    from classifier.own_data import OwnDataError, load_folder, load_own

    folder = settings.labelled_dir
    try:
        for path in files:
            load_own(path)
        for path in files:
            folder.mkdir(parents=True, exist_ok=True)
            if path.resolve() != (folder / path.name).resolve():
                shutil.copyfile(path, folder / path.name)
        return load_folder(folder)
    except OwnDataError as error:
        raise KnownError(str(error)) from None
