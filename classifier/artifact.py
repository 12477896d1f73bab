"""A trained model as bytes and back, without pickle.

The bytes are a NumPy archive of plain arrays (`allow_pickle=False`) with the rest as JSON in
one of them. Loading verifies the checksum, the format version and the shapes, and refuses
everything else with the remedy: a damaged or foreign artefact must never serve.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import SIGNALS, Calibration
from classifier.features import VIEWS
from classifier.model import Model
from classifier.space import Space
from classifier.thresholds import ThresholdSet
from classifier.train import TrainedModel

__all__ = ["ArtifactError", "Model", "dump", "load"]

FORMAT: Final = 1  # 1: first format (NumPy archive, one linear member)
REMEDY: Final = "run `razbor train` to make a new one, or promote another with `razbor models promote`"


class ArtifactError(Exception):
    """The artefact cannot be used; the message says why and what to do."""

    def __init__(self, cause: str) -> None:
        """Say what is wrong; the remedy is added."""
        super().__init__(f"the model artefact {cause}: {REMEDY}")


def dump(trained: TrainedModel) -> bytes:
    """Return the artefact of a trained model; the same model gives the same bytes."""
    model = trained.model
    meta = {
        "format": FORMAT,
        "topics": model.topics,
        "views": {view: len(tokens) for view, tokens in model.space.columns.items()},
        "calibration": {
            "weights": model.calibration.weights,
            "intercept": model.calibration.intercept,
            "sharpness": model.calibration.sharpness,
        },
        "thresholds": model.thresholds.as_json(),
        "environment": trained.environment,
    }
    tokens = "\n".join(token for view in VIEWS for token in model.space.columns[view])
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        meta=_bytes(json.dumps(meta, sort_keys=True)),
        tokens=_bytes(tokens),
        rarity=model.space.rarity,
        weights=model.weights,
        intercepts=model.intercepts,
    )
    return buffer.getvalue()


def load(data: bytes, sha256: str, *, name: str = "") -> Model:
    """Load an artefact whose checksum must be `sha256`; `name` is stamped on its predictions.

    Raises ArtifactError for bytes that are damaged, incomplete, tampered with or of another format.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ArtifactError("does not match its checksum (damaged or changed)")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            parts = {key: archive[key] for key in archive.files}
        meta = json.loads(parts["meta"].tobytes())
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"cannot be read ({type(error).__name__})") from error
    if meta.get("format") != FORMAT:
        raise ArtifactError(f"has format {meta.get('format')}, this version reads format {FORMAT}")
    try:
        return _model(meta, parts, name)
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"is incomplete ({error})") from error


def _model(meta: dict[str, Any], parts: dict[str, NDArray[Any]], name: str) -> Model:
    tokens = parts["tokens"].tobytes().decode().split("\n")
    topics = tuple(str(topic) for topic in meta["topics"])
    width = len(tokens)
    if parts["rarity"].shape != (width,) or parts["weights"].shape != (width, len(topics)):
        msg = "its parts do not fit together"
        raise ValueError(msg)
    columns: dict[str, dict[str, int]] = {}
    start = 0
    for view in VIEWS:
        end = start + int(meta["views"][view])
        columns[view] = {token: index for index, token in enumerate(tokens[start:end], start)}
        start = end
    calibration = meta["calibration"]
    if start != width or len(calibration["weights"]) != len(SIGNALS):
        msg = "its views or signals are others than this version's"
        raise ValueError(msg)
    return Model(
        Space(columns, parts["rarity"].astype(np.float32)),
        topics,
        parts["weights"].astype(np.float32),
        parts["intercepts"].astype(np.float32),
        Calibration(
            tuple(float(w) for w in calibration["weights"]),
            float(calibration["intercept"]),
            float(calibration["sharpness"]),
        ),
        ThresholdSet(float(meta["thresholds"]["target"]), dict(meta["thresholds"]["per_language"])),
        name,
    )


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
