"""Training: examples in, a model with calibrated confidence, thresholds and honest figures out.

The weights come from a linear support vector machine (one against the rest) over the feature
space of all three languages at once: shared concept tokens let one language teach another.
Confidence and thresholds are learnt from scores that were cross-fitted on grouped folds, so
no mail is judged by a model that saw it or its twin. Everything is seeded: the same data give
the same artefact.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import (
    Calibration,
    confidence_of,
    fit_calibration,
    scoped,
    spam_probability,
)
from classifier.dataset import Example
from classifier.drift import profile_of
from classifier.evaluate import figures
from classifier.evidence import Evidence
from classifier.features import MIN_DOCUMENTS
from classifier.folds import fold_numbers
from classifier.gate import Answer
from classifier.kin import NOBODY, nearest_mails
from classifier.material import READING_SHARE, Material, Progress, prepare
from classifier.members import Members, choose_share, fit_members
from classifier.model import Model
from classifier.network import mixed
from classifier.reader import Reader
from classifier.space import Space
from classifier.thresholds import Judged, ThresholdSet, choose_thresholds, coverage

FOLDS: Final = 5
FOLDS_OF_MANY: Final = 3  # from MANY_MAILS on: the figures are exact enough, the night is short
MANY_MAILS: Final = 30_000
_CHECKED_MAILS: Final = 20
_AGREEMENT: Final = 1e-5  # single precision
_NETWORK_AGREEMENT: Final = 1e-4  # the same, summed in another order


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model with where it came from and how good it is on cross-fitted data."""

    model: Model
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    environment: dict[str, Any]
    held_out: dict[str, Answer]  # by id of the mail: the cross-fitted answers

    @property
    def thresholds(self) -> ThresholdSet:
        """Return the routing thresholds of the model."""
        return self.model.thresholds


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out scores of every mail, by members that saw neither it nor its group."""

    linear: NDArray[np.float64]
    network: NDArray[np.float64]
    unseen: NDArray[np.float64]


def train(
    examples: Sequence[Example], *, progress: Progress | None = None, target: float = 0.98
) -> TrainedModel:
    """Train on labelled mails; requests and letters of the package teach beside them.

    `progress` is told the share done and the stage; `target` is the share of automatically
    routed mails that must be right. Raises ValueError for fewer than two topics.
    """
    tell = progress or (lambda _share, _stage: None)
    material = prepare(examples, tell)
    found = cross_fit(material, tell)
    truth = material.truth
    share = choose_share(found.linear, found.network, truth)
    evidence = _evidence(material, found, share)
    also = [
        frozenset(material.topics.index(topic) for topic in mail.also_topics if topic in material.topics)
        for mail in material.mails
    ]
    calibration = fit_calibration(evidence, truth, also, material.topics)
    evidence = scoped(evidence, calibration.scope, calibration.sharpness)
    judged = _judge(calibration, evidence, truth, material.topics)
    thresholds = choose_thresholds(judged, target, Counter(mail.topic for mail in material.mails))
    tell(0.9, "last fit")
    model = _last_fit(material, calibration, thresholds, share)
    tell(1.0, "done")
    parameters = _parameters(material) | {"network_share": share}
    metrics = _metrics(material, judged, thresholds) | {"profile": profile_of(material, judged, found.unseen)}
    return TrainedModel(
        model, metrics, parameters, environment_stamp(), _held_out(material, judged, thresholds)
    )


def environment_stamp() -> dict[str, Any]:
    """Return the versions that a model was made with."""
    import sklearn

    return {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}


def cross_fit(material: Material, tell: Progress) -> CrossFit:
    """Score every mail by members that saw neither it nor its group."""
    mails = len(material.mails)
    folds = FOLDS if mails < MANY_MAILS else FOLDS_OF_MANY
    numbers = np.array(fold_numbers(material.mails, folds))
    kin = nearest_mails(material)
    judged_with = np.where(kin == NOBODY, NOBODY, numbers[kin])  # no mail is judged by its own request
    shape = (mails, len(material.topics))
    found = CrossFit(np.full(shape, -2.0), np.full(shape, -np.log(shape[1])), np.zeros(mails))
    for number in range(folds):
        tell(READING_SHARE + (0.9 - READING_SHARE) * number / folds, f"cross-fit {number + 1} of {folds}")
        left_out = np.flatnonzero(numbers == number)
        kept = np.flatnonzero(np.concatenate([numbers, judged_with]) != number)
        if not len(left_out) or len(set(material.labels[kept])) < 2:
            continue  # nothing to judge, or nothing to tell apart: these mails stay without a first topic
        members = fit_members(material, kept, with_network=True)
        found.linear[left_out] = members.linear_scores(material.counts[left_out], shape[1])
        found.network[left_out] = members.network_scores(material.counts[left_out])
        found.unseen[left_out] = _unseen_shares(material, members, left_out)
    return found


def _evidence(material: Material, found: CrossFit, share: float) -> Evidence:
    return Evidence(
        mixed(found.linear, found.network, share),
        found.linear,
        found.network if share > 0 else found.linear,
        tuple(mail.document.analyser for mail in material.mails),
        material.words,
        found.unseen,
    )


def _unseen_shares(material: Material, members: Members, left_out: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what share of the words of each mail the vocabulary of the members' rows would not know."""
    frequency = members.pipeline.named_steps["weighting"].frequency_
    is_lost = (frequency < MIN_DOCUMENTS["text"]).astype(np.float64)
    new = material.rare_words[left_out] + material.seen[left_out] @ is_lost
    words = material.words[left_out]
    return np.where(words > 0, new / np.maximum(words, 1), 1.0)


def _last_fit(material: Material, calibration: Calibration, thresholds: ThresholdSet, share: float) -> Model:
    """Fit on everything and take the pipeline apart into what serving needs.

    Raises RuntimeError when the served scores are not those of the fitted members.
    """
    members = fit_members(material, np.arange(len(material.labels)), with_network=share > 0)
    weighting, machine = (members.pipeline.named_steps[step] for step in ("weighting", "machine"))
    coefficients, intercepts = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:  # one row of coefficients for two topics
        coefficients = np.concatenate([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
    vocabulary = {token: column for column, token in enumerate(material.tokens)}
    model = Model(
        Space(vocabulary, weighting.blocks, weighting.rarity_),
        material.topics,
        np.ascontiguousarray(coefficients.T, dtype=np.float32),
        np.asarray(intercepts, dtype=np.float64),
        calibration,
        thresholds,
        Reader(material.tokens, material.roots),
        members.network,
        share,
    )
    checked = slice(0, _CHECKED_MAILS)
    counts = material.counts[checked]
    expected = mixed(
        members.linear_scores(counts, len(material.topics)), members.network_scores(counts), share
    )
    served = model.score([mail.document for mail in material.mails[checked]]).scores
    if np.abs(served - expected).max() > (_AGREEMENT if share == 0 else _NETWORK_AGREEMENT):
        msg = "the served scores differ from the trained members': the model is not usable, report this"
        raise RuntimeError(msg)
    return model


def _judge(
    calibration: Calibration, evidence: Evidence, truth: NDArray[np.intp], topics: Sequence[str]
) -> list[Judged]:
    first = evidence.scores.argmax(axis=1)
    confidences = confidence_of(calibration, evidence).tolist()
    spams = spam_probability(calibration, evidence, topics).tolist()
    return [
        Judged(
            confidence=confidence, right=right, language=language, topic=topics[place], spam_probability=spam
        )
        for confidence, right, language, place, spam in zip(
            confidences, (first == truth).tolist(), evidence.languages, first.tolist(), spams, strict=True
        )
    ]


def _metrics(material: Material, judged: Sequence[Judged], thresholds: ThresholdSet) -> dict[str, Any]:
    """Return the cross-fitted figures; confidence and thresholds saw these mails, the weights did not."""
    share, precision = coverage(judged, thresholds)
    return figures(
        [mail.topic for mail in material.mails],
        [one.topic for one in judged],
        [one.confidence for one in judged],
        [one.language for one in judged],
    ) | {"coverage_at_target": round(share, 4), "precision_at_coverage": round(precision, 4)}


def _held_out(material: Material, judged: Sequence[Judged], thresholds: ThresholdSet) -> dict[str, Answer]:
    return {
        mail.id: Answer(one.topic, round(one.confidence, 4), thresholds.takes(one))
        for mail, one in zip(material.mails, judged, strict=True)
    }


def _parameters(material: Material) -> dict[str, Any]:
    from classifier.pipeline import REGULARISATION, SEED

    return {
        "C": REGULARISATION,
        "folds": FOLDS,
        "seed": SEED,
        "mails": len(material.mails),
        "phrases": sum(one.source == "phrase" for one in material.phrases),
        "letters": sum(one.source == "letter" for one in material.phrases),
        "columns": len(material.tokens),
    }
