"""A trained model as bytes and back, without pickle.

The bytes are a NumPy archive of plain arrays (`allow_pickle=False`) with the rest as JSON in
one of them. Loading verifies the checksum, the format version, the shapes, and that probe
sentences still get the scores that they got where the model was trained; everything else is
refused with the remedy: a damaged or foreign artefact must never serve.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import SIGNALS, Calibration
from classifier.documents import Document
from classifier.gate import Answer
from classifier.model import Model
from classifier.network import Network
from classifier.reader import Reader
from classifier.scope import SCOPE_SIGNALS, ScopeDetector
from classifier.space import BLOCK_NAMES, Space
from classifier.thresholds import ThresholdSet
from classifier.train import TrainedModel
from models.topics import OTHER

__all__ = ["ArtifactError", "Model", "dump", "held_out_of", "load"]

# 1: one space per view; 2: blocks over one vocabulary, calibration with spam and second topic;
# 3: the network as second member
FORMAT: Final = 3
MAX_BYTES: Final = 512 * 1024 * 1024  # unpacked
REMEDY: Final = "run `razbor train` to make a new one, or promote another with `razbor models promote`"
PROBES: Final = (
    Document(subject="Поставка 2000012345678", text="Не приняли два короба, где акт?", language="ru"),
    Document(subject="关于罚款", text="没有参加活动，为什么扣款？11月12日", language="zh"),
    Document(subject="API token", text="GET /v3/orders returns 401 since yesterday", language="en"),
)
NETWORK_PARTS: Final = ("inner", "inner_bias", "outer", "outer_bias")
_PROBE_AGREEMENT: Final = 1e-4
_BROKEN_ARCHIVE: Final = (zipfile.BadZipFile, zlib.error)


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
        "blocks": BLOCK_NAMES,
        "signals": SIGNALS,
        "calibration": {
            "weights": model.calibration.weights,
            "intercept": model.calibration.intercept,
            "sharpness": model.calibration.sharpness,
            "spam_slope": model.calibration.spam_slope,
            "spam_own": model.calibration.spam_own,
            "spam_intercept": model.calibration.spam_intercept,
            "also_bar": model.calibration.also_bar,
        },
        "scope": None if model.calibration.scope is None else asdict(model.calibration.scope),
        "thresholds": model.thresholds.as_json(),
        "environment": trained.environment,
        "network_share": model.network_share,
    }
    network = {} if model.network is None else {part: getattr(model.network, part) for part in NETWORK_PARTS}
    answers = {name: (one.topic, one.confidence, one.sure) for name, one in trained.held_out.items()}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        meta=_bytes(json.dumps(meta, sort_keys=True)),
        tokens=_bytes("\n".join(model.space.vocabulary)),
        roots=_bytes("\n".join(map(" ".join, model.reader.roots.items()))),
        block_of_column=model.space.blocks,
        rarity=model.space.rarity,
        weights=model.weights,
        intercepts=model.intercepts,
        probes=model.score(PROBES).scores,
        held_out=_bytes(json.dumps({name: list(answer) for name, answer in answers.items()}, sort_keys=True)),
        **network,
    )
    return buffer.getvalue()


def load(data: bytes, sha256: str, *, name: str = "") -> Model:
    """Load an artefact whose checksum must be `sha256`; `name` is stamped on its predictions.

    Raises ArtifactError for bytes that are damaged, incomplete, tampered with, of another format,
    or made where the same sentences score otherwise.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ArtifactError("does not match its checksum (damaged or changed)")
    try:
        parts = _unpacked(data)
        meta = json.loads(parts["meta"].tobytes())
    except (
        ValueError,
        KeyError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        *_BROKEN_ARCHIVE,
    ) as error:
        raise ArtifactError(f"cannot be read ({type(error).__name__})") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else None
        raise ArtifactError(f"has format {found}, this version reads format {FORMAT}")
    try:
        model = _model(meta, parts, name)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ArtifactError(f"is incomplete ({type(error).__name__}: {error})") from error
    scores = model.score(PROBES).scores
    if not np.abs(scores - parts["probes"]).max() <= _PROBE_AGREEMENT:  # so written, it refuses NaN too
        made_with = json.dumps(meta.get("environment", {}), sort_keys=True)
        raise ArtifactError(f"reads text otherwise here than where it was trained ({made_with})")
    return model


def held_out_of(data: bytes) -> dict[str, Answer]:
    """Return what the version answered to mails that it had not learnt; empty when it does not say."""
    try:
        stored = json.loads(_unpacked(data)["held_out"].tobytes())
        return {str(name): Answer(str(t), float(c), bool(s)) for name, (t, c, s) in stored.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, *_BROKEN_ARCHIVE):
        return {}


def _unpacked(data: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            msg = "too large unpacked"
            raise ValueError(msg)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _model(meta: Mapping[str, Any], parts: Mapping[str, NDArray[Any]], name: str) -> Model:
    """Put the parts together. Raises ValueError, KeyError or TypeError when they do not fit."""
    tokens = parts["tokens"].tobytes().decode().split("\n")
    topics = tuple(str(topic) for topic in meta["topics"])
    vocabulary = {token: column for column, token in enumerate(tokens)}
    width = len(vocabulary)
    shapes = {
        "block_of_column": (width,),
        "rarity": (width,),
        "weights": (width, len(topics)),
        "intercepts": (len(topics),),
        "probes": (len(PROBES), len(topics)),
    }
    if meta["network_share"]:
        units = len(parts["inner_bias"])
        shapes |= {
            "inner": (width, units),
            "inner_bias": (units,),
            "outer": (units, len(topics)),
            "outer_bias": (len(topics),),
        }
    wrong = [
        part
        for part, shape in shapes.items()
        if parts[part].shape != shape or not np.isfinite(parts[part]).all()
    ]
    if wrong or tuple(meta["blocks"]) != BLOCK_NAMES or tuple(meta["signals"]) != SIGNALS:
        msg = f"parts do not fit together: {', '.join(wrong) or 'blocks or signals'}"
        raise ValueError(msg)
    calibration = dict(meta["calibration"])
    weights = tuple(float(weight) for weight in calibration.pop("weights"))
    space = Space(vocabulary, parts["block_of_column"].astype(np.int8), parts["rarity"].astype(np.float64))
    return Model(
        space,
        topics,
        parts["weights"].astype(np.float32),
        parts["intercepts"].astype(np.float64),
        Calibration(
            weights,
            **{key: float(value) for key, value in calibration.items()},
            scope=_scope(meta["scope"], topics),
        ),
        ThresholdSet.from_json(meta["thresholds"]),
        Reader(tokens, _roots(parts)),
        _network(parts) if meta["network_share"] else None,
        float(meta["network_share"]),
        name,
    )


def _roots(parts: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """Return the words with their stems; older artefacts have none, their words are learnt as they come."""
    text = parts["roots"].tobytes().decode() if "roots" in parts else ""
    return dict(line.split(" ") for line in text.split("\n")) if text else {}


def _scope(stored: Mapping[str, Any] | None, topics: Sequence[str]) -> ScopeDetector | None:
    if stored is None:
        return None
    place = int(stored["place"])
    if topics[place] != OTHER or len(stored["weights"]) != SCOPE_SIGNALS:
        msg = "the detector of what is out of scope does not fit"
        raise ValueError(msg)
    weights = tuple(float(weight) for weight in stored["weights"])
    return ScopeDetector(place, weights, float(stored["intercept"]), float(stored["bar"]))


def _network(parts: Mapping[str, NDArray[Any]]) -> Network:
    return Network(
        parts["inner"].astype(np.float16),
        *(parts[part].astype(np.float32) for part in NETWORK_PARTS[1:]),
    )


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
