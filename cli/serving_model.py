"""The model for commands that need none of the running service: the champion, else one made from the corpus.

A model trained for `triage` or `evaluate` is cached in the data directory by the hash of its
data, so the second call is quick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.artifact import Model
    from classifier.dataset import Example
    from settings import Settings


def serving_model(settings: Settings, *, quiet: bool) -> Model:
    """Return the champion of the data directory, else a model of the bundled corpus."""
    from classifier.dataset import default_corpus_paths, load_corpus

    return _champion(settings) or corpus_model(
        settings, list(load_corpus(default_corpus_paths())), quiet=quiet
    )


def corpus_model(settings: Settings, examples: Sequence[Example], *, quiet: bool) -> Model:
    """Return a model trained on these examples alone, from the cache when it is there and sound."""
    from classifier.artifact import ArtifactError, dump, load
    from classifier.dataset import data_hash
    from classifier.train import train
    from cli.training_progress import training_progress

    target = settings.precision_target
    name = f"corpus-{data_hash(examples)[:16]}-{target:g}"
    path = settings.data_dir / "cache" / f"{name}.model"
    checksum = path.with_suffix(".sha256")
    if path.exists() and checksum.exists():
        try:
            return load(path.read_bytes(), checksum.read_text().strip(), name=name)
        except ArtifactError:
            path.unlink()  # made anew below
    with training_progress(quiet=quiet) as progress:
        data = dump(train(examples, progress=progress, target=target))
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()
    _replace(path, data)
    _replace(checksum, digest.encode())
    return load(data, digest, name=name)


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _champion(settings: Settings) -> Model | None:
    """Return the champion; None without a database, a champion, or with a damaged one."""
    from classifier.artifact import ArtifactError, load
    from models.store import DATABASE_ERRORS, open_store
    from models.store.learning import artefact_bytes, champion

    if settings.is_sqlite and not (settings.data_dir / "razbor.db").exists():
        return None
    store = open_store(settings.main_database_url, settings.intake_database_url)
    try:
        with store.read() as db:
            version = champion(db)
            if version is None:
                return None
            return load(artefact_bytes(db, version.name), version.sha256, name=version.name)
    except (ArtifactError, *DATABASE_ERRORS):
        return None
    finally:
        store.close()
