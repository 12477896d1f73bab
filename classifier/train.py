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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import (
    Calibration,
    Evidence,
    confidence_of,
    fit_calibration,
    spam_probability,
)
from classifier.dataset import Example, phrase_examples
from classifier.evaluate import figures
from classifier.features import MIN_DOCUMENTS, WORD
from classifier.folds import fold_numbers
from classifier.model import Model
from classifier.reader import Reader, Reading
from classifier.space import Space
from classifier.thresholds import Judged, ThresholdSet, choose_thresholds, coverage

FOLDS: Final = 5
_READING_SHARE: Final = 0.5  # of the whole time
_NEVER_FIRST: Final = -2.0  # score of a topic without a single example in a fold
_CHECKED_MAILS: Final = 20
_AGREEMENT: Final = 1e-6

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


@dataclass(frozen=True, slots=True)
class _Material:
    """Everything that the fits share: `mails` are judged, `phrases` only teach."""

    mails: list[Example]
    phrases: list[Example]
    readings: list[Reading]
    tokens: list[str]
    counts: Any  # scipy matrix, a row for each mail and then each phrase
    labels: NDArray[np.intp]
    topics: tuple[str, ...]
    is_word: NDArray[np.bool_]  # per token: words, and pairs of Chinese characters
    rare_words: NDArray[np.float64]  # per mail: occurrences of words that no other mail has

    @property
    def sample_weights(self) -> NDArray[np.float64]:
        return np.array([example.weight for example in (*self.mails, *self.phrases)])


def train(
    examples: Sequence[Example], *, progress: Progress | None = None, target: float = 0.98
) -> TrainedModel:
    """Train on labelled mails.

    `progress` is told the share done and the stage; `target` is the share of automatically
    routed mails that must be right. Raises ValueError for fewer than two topics.
    """
    tell = progress or (lambda _share, _stage: None)
    material = _prepare(examples, tell)
    evidence = _cross_fit(material, tell)
    truth = material.labels[: len(material.mails)]
    also = [
        frozenset(material.topics.index(topic) for topic in mail.also_topics if topic in material.topics)
        for mail in material.mails
    ]
    calibration = fit_calibration(evidence, truth, also, material.topics)
    judged = _judge(calibration, evidence, truth, material.topics)
    thresholds = choose_thresholds(judged, target, Counter(mail.topic for mail in material.mails))
    tell(0.9, "last fit")
    model = _last_fit(material, calibration, thresholds)
    tell(1.0, "done")
    return TrainedModel(
        model, _metrics(material, judged, thresholds), _parameters(material), environment_stamp()
    )


def environment_stamp() -> dict[str, Any]:
    """Return the versions that a model was made with."""
    import sklearn

    return {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}


def _prepare(examples: Sequence[Example], tell: Progress) -> _Material:
    """Read every text once; folds and the last fit share the counts."""
    from classifier.pipeline import count_matrix, without_rare

    mails = sorted(examples, key=lambda example: example.id)
    topics = tuple(sorted({example.topic for example in mails}))
    if len(topics) < 2:
        msg = f"training needs mails of two topics at least, got {len(topics)}: add labelled mails"
        raise ValueError(msg)
    phrases = [phrase for phrase in phrase_examples() if phrase.topic in topics]
    reader = Reader({}, growing=True)
    readings: list[Reading] = []
    for index, example in enumerate([*mails, *phrases]):
        if index % 100 == 0:
            tell(_READING_SHARE * index / (len(mails) + len(phrases)), "reading texts")
        readings.append(reader.read(example.document))
    all_counts = count_matrix(readings, len(reader.vocabulary))
    tokens, counts = without_rare(reader, all_counts)
    words_in_all = all_counts[: len(mails)] @ _are_words(list(reader.vocabulary)).astype(np.float64)
    is_word = _are_words(tokens)
    labels = np.array([topics.index(example.topic) for example in (*mails, *phrases)])
    return _Material(
        mails=mails,
        phrases=phrases,
        readings=readings[: len(mails)],
        tokens=tokens,
        counts=counts,
        labels=labels,
        topics=topics,
        is_word=is_word,
        rare_words=words_in_all - counts[: len(mails)] @ is_word.astype(np.float64),
    )


def _are_words(tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which tokens the share of unseen words is about."""
    return np.array(
        [token[0] == WORD or (len(token) == 2 and "\u4e00" <= token[0] <= "\u9fff") for token in tokens]
    )


def _cross_fit(material: _Material, tell: Progress) -> list[Evidence]:
    """Score every mail by a pipeline that saw neither it nor its group."""
    mails = len(material.mails)
    numbers = np.array(fold_numbers(material.mails, FOLDS))
    phrase_rows = np.arange(mails, len(material.labels))
    scores = np.full((mails, len(material.topics)), _NEVER_FIRST)
    unseen = np.zeros(mails)
    for number in range(FOLDS):
        tell(_READING_SHARE + (0.9 - _READING_SHARE) * number / FOLDS, f"cross-fit {number + 1} of {FOLDS}")
        left_out = np.flatnonzero(numbers == number)
        kept = np.concatenate([np.flatnonzero(numbers != number), phrase_rows])
        if not len(left_out) or len(set(material.labels[kept])) < 2:
            continue  # nothing to judge, or nothing to tell apart: these mails stay without a first topic
        pipeline = _fit(material, kept)
        scores[left_out] = scores_of(pipeline, material.counts[left_out], len(material.topics))
        unseen[left_out] = _unseen_shares(material, kept, left_out)
    return [
        Evidence(row, mail.document.analyser, reading.words, float(share))
        for row, mail, reading, share in zip(scores, material.mails, material.readings, unseen, strict=True)
    ]


def _unseen_shares(
    material: _Material, kept: NDArray[np.intp], left_out: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return what share of the words of each mail the vocabulary of the kept rows would not know."""
    rows = material.counts[kept]
    frequency = np.bincount(rows.indices, minlength=rows.shape[1])
    is_lost = material.is_word & (frequency < MIN_DOCUMENTS["text"])
    new = material.rare_words[left_out] + material.counts[left_out] @ is_lost.astype(np.float64)
    words = np.array([material.readings[index].words for index in left_out])
    return np.asarray(np.minimum(new / np.maximum(words, 1), 1.0))


def _fit(material: _Material, rows: NDArray[np.intp]) -> Any:
    from classifier.pipeline import make_pipeline

    pipeline = make_pipeline(material.tokens)
    weights = material.sample_weights[rows]
    return pipeline.fit(material.counts[rows], material.labels[rows], machine__sample_weight=weights)


def scores_of(pipeline: Any, counts: Any, topics: int) -> NDArray[np.float64]:
    """Return the scores of a fitted pipeline, a column per topic; absent topics score lowest."""
    found = pipeline.decision_function(counts)
    classes = pipeline.named_steps["machine"].classes_
    scores = np.full((counts.shape[0], topics), _NEVER_FIRST)
    scores[:, classes] = found if found.ndim > 1 else np.stack([-found, found], axis=1)
    return scores


def _last_fit(material: _Material, calibration: Calibration, thresholds: ThresholdSet) -> Model:
    """Fit on everything and take the pipeline apart into what serving needs.

    Raises RuntimeError when the served scores are not those of the pipeline.
    """
    pipeline = _fit(material, np.arange(len(material.labels)))
    weighting, machine = pipeline.named_steps["weighting"], pipeline.named_steps["machine"]
    coefficients, intercepts = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:  # one row of coefficients for two topics
        coefficients = np.concatenate([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
    vocabulary = {token: column for column, token in enumerate(material.tokens)}
    space = Space(vocabulary, weighting.blocks, weighting.rarity_)
    model = Model(
        space,
        material.topics,
        np.ascontiguousarray(coefficients.T, dtype=np.float32),
        np.asarray(intercepts, dtype=np.float64),
        calibration,
        thresholds,
        Reader(vocabulary),
    )
    checked = slice(0, _CHECKED_MAILS)
    expected = scores_of(pipeline, material.counts[checked], len(material.topics))
    served = np.stack([model.score(mail.document).scores for mail in material.mails[checked]])
    if np.abs(served - expected).max() > _AGREEMENT:
        msg = "the served scores differ from the trained pipeline's: the model is not usable, report this"
        raise RuntimeError(msg)
    return model


def _judge(
    calibration: Calibration, evidence: Sequence[Evidence], truth: NDArray[np.intp], topics: Sequence[str]
) -> list[Judged]:
    return [
        Judged(
            confidence=confidence_of(calibration, one),
            right=bool(one.scores.argmax() == topic),
            language=one.language,
            topic=topics[int(one.scores.argmax())],
            spam_probability=spam_probability(calibration, one.scores, topics),
        )
        for one, topic in zip(evidence, truth, strict=True)
    ]


def _metrics(material: _Material, judged: Sequence[Judged], thresholds: ThresholdSet) -> dict[str, Any]:
    """Return the cross-fitted figures; confidence and thresholds saw these mails, the weights did not."""
    share, precision = coverage(judged, thresholds)
    return figures(
        [mail.topic for mail in material.mails],
        [one.topic for one in judged],
        [one.confidence for one in judged],
        [one.language for one in judged],
    ) | {"coverage_at_target": round(share, 4), "precision_at_coverage": round(precision, 4)}


def _parameters(material: _Material) -> dict[str, Any]:
    from classifier.pipeline import REGULARISATION, SEED

    return {
        "C": REGULARISATION,
        "folds": FOLDS,
        "seed": SEED,
        "mails": len(material.mails),
        "phrases": len(material.phrases),
        "columns": len(material.tokens),
    }
