"""Training: examples in, a model with calibrated confidence, thresholds and honest figures out.

The weights come from a linear support vector machine (one against the rest) over the feature
space of all three languages at once: shared concept tokens let one language teach another.
Confidence and thresholds are learnt from scores that were cross-fitted on grouped folds, so
no mail is judged by a model that saw it or its twin. Everything is seeded: the same data give
the same artefact.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import Calibration, confidence_of, fit_calibration, signals_of
from classifier.dataset import Example, phrase_examples
from classifier.evaluate import figures
from classifier.model import Model
from classifier.space import Row, Space, count_pieces, fit_space, matrix_of, row_of
from classifier.thresholds import Judged, ThresholdSet, choose_thresholds, coverage
from classifier.tokens import Piece

FOLDS: Final = 4
REGULARISATION: Final = 0.5  # C of the support vector machine
SEED: Final = 20261116

Counted = tuple[str, dict[str, list[Piece]]]
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model with where it came from and how good it is on cross-fitted data."""

    model: Model
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    environment: dict[str, Any]

    @property
    def thresholds(self) -> ThresholdSet:
        """Return the routing thresholds of the model."""
        return self.model.thresholds


def train(
    examples: Sequence[Example], *, progress: Progress | None = None, target: float = 0.98
) -> TrainedModel:
    """Train on labelled mails.

    `progress` is told the share done and the stage; `target` is the share of automatically
    routed mails that must be right. Raises ValueError for fewer than two topics.
    """
    tell = progress or (lambda _share, _stage: None)
    ordered = sorted(examples, key=lambda example: example.id)
    topics = tuple(sorted({example.topic for example in ordered}))
    if len(topics) < 2:
        msg = f"training needs mails of two topics at least, got {len(topics)}: add labelled mails"
        raise ValueError(msg)
    phrases = [phrase for phrase in phrase_examples() if phrase.topic in topics]
    counted = _count([*ordered, *phrases], tell)
    mails, extra = counted[: len(ordered)], counted[len(ordered) :]
    truth = np.asarray([topics.index(example.topic) for example in ordered])
    scores, unseen = _cross_fit(ordered, mails, phrases, extra, truth, topics, tell)
    languages = [example.document.analyser for example in ordered]
    calibration = fit_calibration(scores, truth, languages, unseen)
    judged = _judge(calibration, scores, truth, languages, unseen)
    thresholds = choose_thresholds(judged, target)
    tell(0.9, "last fit")
    space, weights, intercepts = _fit([*ordered, *phrases], counted, topics)
    tell(1.0, "done")
    return TrainedModel(
        Model(space, topics, weights, intercepts, calibration, thresholds),
        _metrics(judged, scores, truth, languages, topics, thresholds),
        {"C": REGULARISATION, "folds": FOLDS, "seed": SEED, "phrases": len(phrases), "columns": space.width},
        _environment(),
    )


def _count(examples: Sequence[Example], tell: Progress) -> list[Counted]:
    """Read every text once; folds and the last fit share the result."""
    counted = []
    for index, example in enumerate(examples):
        if index % 200 == 0:
            tell(0.3 * index / len(examples), "reading texts")
        counted.append(count_pieces(example.document))
    return counted


def _cross_fit(
    examples: Sequence[Example],
    mails: Sequence[Counted],
    phrases: Sequence[Example],
    extra: Sequence[Counted],
    truth: NDArray[np.intp],
    topics: tuple[str, ...],
    tell: Progress,
) -> tuple[NDArray[np.float64], list[float]]:
    """Score every mail by a model that saw neither it nor its group."""
    scores = np.zeros((len(examples), len(topics)))
    unseen = [0.0] * len(examples)
    for number, (kept, left_out) in enumerate(_folds(examples, truth)):
        tell(0.3 + 0.6 * number / FOLDS, f"cross-fit {number + 1} of {FOLDS}")
        space, weights, intercepts = _fit(
            [*(examples[i] for i in kept), *phrases], [*(mails[i] for i in kept), *extra], topics
        )
        for i in left_out:
            row = row_of(space, *mails[i])
            scores[i] = row.values @ weights[row.columns] + intercepts
            unseen[i] = row.unseen_share
    return scores, unseen


def _folds(
    examples: Sequence[Example], truth: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    groups = [example.group for example in examples]
    return list(splitter.split(np.zeros(len(truth)), truth, groups))


def _fit(
    examples: Sequence[Example], counted: Sequence[Counted], topics: tuple[str, ...]
) -> tuple[Space, NDArray[np.float32], NDArray[np.float32]]:
    """Fit space and weights; a topic that is absent from these examples scores lowest everywhere."""
    from sklearn.svm import LinearSVC

    space = fit_space([views for _, views in counted])
    rows: list[Row] = [row_of(space, text, views) for text, views in counted]
    labels = np.asarray([topics.index(example.topic) for example in examples])
    machine = LinearSVC(C=REGULARISATION, random_state=SEED).fit(
        matrix_of(rows, space.width), labels, sample_weight=[example.weight for example in examples]
    )
    weights = np.zeros((space.width, len(topics)), dtype=np.float32)
    intercepts = np.full(len(topics), -2.0, dtype=np.float32)
    if len(machine.classes_) == 2:  # one row of coefficients for two classes
        first, second = (int(label) for label in machine.classes_)
        weights[:, second], weights[:, first] = machine.coef_[0], -machine.coef_[0]
        intercepts[second], intercepts[first] = machine.intercept_[0], -machine.intercept_[0]
    else:
        weights[:, machine.classes_] = machine.coef_.T
        intercepts[machine.classes_] = machine.intercept_
    return space, weights, intercepts


def _judge(
    calibration: Calibration,
    scores: NDArray[np.float64],
    truth: NDArray[np.intp],
    languages: list[str],
    unseen: list[float],
) -> list[Judged]:
    return [
        Judged(
            confidence_of(calibration, signals_of(row, language, share, calibration.sharpness)),
            bool(row.argmax() == topic),
            language,
        )
        for row, topic, language, share in zip(scores, truth, languages, unseen, strict=True)
    ]


def _metrics(
    judged: Sequence[Judged],
    scores: NDArray[np.float64],
    truth: NDArray[np.intp],
    languages: list[str],
    topics: tuple[str, ...],
    thresholds: ThresholdSet,
) -> dict[str, Any]:
    """Return the cross-fitted figures; confidence and thresholds saw these mails, the weights did not."""
    share, precision = coverage(judged, thresholds)
    return figures(
        [topics[i] for i in truth],
        [topics[int(i)] for i in scores.argmax(axis=1)],
        [one.confidence for one in judged],
        languages,
    ) | {"coverage_at_target": round(share, 4), "precision_at_coverage": round(precision, 4)}


def _environment() -> dict[str, Any]:
    import sklearn

    return {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}
