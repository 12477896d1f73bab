"""A trained model in memory: documents in, predictions out. Plain NumPy, no scikit-learn.

One mail is a sparse row; its scores are the sum of the rows of the weight matrix that its
tokens name. The same sum, taken apart, gives the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import Calibration, Evidence, confidence_of, probabilities_of, spam_probability
from classifier.documents import Document
from classifier.explain import reasons_of
from classifier.reader import Reader, Reading
from classifier.space import Space, weigh
from classifier.thresholds import ThresholdSet
from models.records import Prediction
from models.topics import SLUGS, SPAM

EXPLAINED_TOPICS: Final = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """A read document with its weighted values and the scores of all topics."""

    reading: Reading
    values: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights, calibration and thresholds of one version."""

    space: Space
    topics: tuple[str, ...]
    weights: NDArray[np.float32]  # columns of the space x topics
    intercepts: NDArray[np.float64]
    calibration: Calibration
    thresholds: ThresholdSet
    reader: Reader
    name: str = ""

    def with_thresholds(self, thresholds: ThresholdSet) -> Model:
        """Return the same model with another threshold set in force."""
        return replace(self, thresholds=thresholds)

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        """Predict the topics of mails, each on its own."""
        return [self.predict_one(document) for document in documents]

    def score(self, document: Document) -> Scored:
        """Return the score of every topic, and what it was made from."""
        reading = self.reader.read(document)
        values = weigh(self.space, reading.columns, reading.counts)
        return Scored(reading, values, values @ self.weights[reading.columns] + self.intercepts)

    def predict_one(self, document: Document) -> Prediction:
        """Predict the topic of one mail.

        For spam and phishing `threshold` is the bar of quarantine and `sure` compares it with
        `spam_probability`; for every other topic both are about `confidence`.
        """
        scored = self.score(document)
        reading, scores = scored.reading, scored.scores
        language = document.analyser
        confidence = confidence_of(
            self.calibration, Evidence(scores, language, reading.words, reading.unseen_share)
        )
        spam = spam_probability(self.calibration, scores, self.topics)
        ranked = [int(place) for place in np.argsort(-scores, kind="stable")]
        topic = self.topics[ranked[0]]
        shares = probabilities_of(scores, confidence).tolist()
        shown = ranked[:EXPLAINED_TOPICS]
        weights = self.weights[reading.columns][:, shown].astype(np.float64)
        return Prediction(
            topic=topic,
            confidence=confidence,
            sure=self.thresholds.is_sure(
                language=language, topic=topic, confidence=confidence, spam_probability=spam
            ),
            threshold=min(self.thresholds.of(language, topic), 1.0),
            probabilities=dict.fromkeys(SLUGS, 0.0) | dict(zip(self.topics, shares, strict=True)),
            reasons=reasons_of(reading, scored.values, weights, [self.topics[place] for place in shown]),
            also_topics=self._also(scores, ranked),
            spam_probability=spam,
            model=self.name,
            threshold_set=self.thresholds.name,
        )

    def _also(self, scores: NDArray[np.float64], ranked: Sequence[int]) -> tuple[str, ...]:
        """Return the second topic when it clears its own bar; spam is never a second topic nor has one."""
        first, second = self.topics[ranked[0]], self.topics[ranked[1]]
        if SPAM in {first, second} or scores[ranked[1]] < self.calibration.also_bar:
            return ()
        return (second,)
