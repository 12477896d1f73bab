"""The champion with what it answered unseen, and whether there is one that can be used.

Kept apart from the training, so that `razbor serve` can ask for it without all that trains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.store import Db, Store, StoreError
from models.store.learning import VersionInfo, artefact_bytes, champion

if TYPE_CHECKING:
    from classifier.artifact import Model
    from classifier.gate import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingVersion:
    """The champion as the gate needs it: what it answered unseen, and the model for newer mails."""

    model: Model
    answers: dict[str, Answer]


def serving_version(db: Db, version: VersionInfo) -> ServingVersion | None:
    """Load the champion, None when its artefact cannot be used."""
    from classifier.artifact import ArtifactError, held_out_of, load

    try:
        data = artefact_bytes(db, version.name)
        return ServingVersion(model=load(data, version.sha256), answers=held_out_of(data))
    except (ArtifactError, StoreError):
        return None


def has_usable_champion(store: Store) -> bool:
    """Tell whether a model serves whose artefact can be loaded."""
    with store.read() as db:
        serving = champion(db)
        return serving is not None and serving_version(db, serving) is not None
