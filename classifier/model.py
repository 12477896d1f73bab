"""A trained model in memory: documents in, predictions out. Plain numpy, no scikit-learn.

One mail is a sparse row; its scores are the sum of the rows of the weight matrix that its
tokens name. The same sum, taken apart, gives the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import Calibration, confidence_of, probabilities_of, signals_of
from classifier.documents import Document
from classifier.explain import reasons_of
from classifier.space import Row, Space, count_pieces, row_of
from classifier.thresholds import ThresholdSet
from models.records import Prediction
from models.topics import SLUGS, SPAM

EXPLAINED_TOPICS = 3
ALSO_BAR = 0.25  # probability from which a second topic is named too


@dataclass(frozen=True, slots=True)
class Model:
    """Weights, calibration and thresholds of one version."""

    space: Space
    topics: tuple[str, ...]
    weights: NDArray[np.float32]  # columns of the space x topics
    intercepts: NDArray[np.float32]
    calibration: Calibration
    thresholds: ThresholdSet
    name: str = ""

    def predict(self, documents: Sequence[Document]) -> list[Prediction]:
        """Predict the topics of mails, each on its own."""
        return [self.predict_one(document) for document in documents]

    def predict_one(self, document: Document) -> Prediction:
        """Predict the topic of one mail."""
        row = row_of(self.space, *count_pieces(document))
        scores = self.scores(row)
        signals = signals_of(scores, document.analyser, row.unseen_share, self.calibration.sharpness)
        confidence = confidence_of(self.calibration, signals)
        shares = probabilities_of(scores, self.calibration.sharpness, confidence)
        ranked = np.argsort(-shares)
        topic = self.topics[int(scores.argmax())]
        threshold = self.thresholds.of(document.analyser)
        probabilities = dict.fromkeys(SLUGS, 0.0) | {
            name: float(share) for name, share in zip(self.topics, shares, strict=True)
        }
        return Prediction(
            topic=topic,
            confidence=confidence,
            sure=confidence >= threshold,
            threshold=min(threshold, 1.0),
            probabilities=probabilities,
            reasons=reasons_of(
                row, self.weights, [(int(i), self.topics[int(i)]) for i in ranked[:EXPLAINED_TOPICS]]
            ),
            also_topics=tuple(
                self.topics[int(i)] for i in ranked if self.topics[int(i)] != topic and shares[i] >= ALSO_BAR
            ),
            spam_probability=probabilities[SPAM],
            model=self.name,
            threshold_set=self.thresholds.name,
        )

    def scores(self, row: Row) -> NDArray[np.float64]:
        """Return the score of every topic for a row of the space."""
        return np.asarray(row.values @ self.weights[row.columns] + self.intercepts, dtype=np.float64)
