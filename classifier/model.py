"""A trained model in memory: documents in, predictions out. Plain NumPy, no scikit-learn.

One mail is a sparse row; the machine's scores are the sum of the rows of the weight matrix that
its tokens name, the network's the same with one hidden layer in between. Both are linear in the
tokens once it is known which units the mail switches on, so the sums, taken apart, give the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classifier.confidence import (
    Calibration,
    confidence_of,
    probabilities_of,
    scoped,
    spam_probability,
)
from classifier.documents import Document
from classifier.evidence import Evidence
from classifier.explain import reasons_of
from classifier.network import LINEAR_SHARPNESS, Network, mixed
from classifier.reader import Reader, Reading
from classifier.space import Space, weigh
from classifier.thresholds import ThresholdSet
from models.records import Prediction, Reason
from models.topics import SLUGS, SPAM

EXPLAINED_TOPICS: Final = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """A read document with its weighted values and the scores of all topics."""

    reading: Reading
    values: NDArray[np.float64]
    linear: NDArray[np.float64]  # scores of the machine alone
    scores: NDArray[np.float64]  # of both members together
    network: NDArray[np.float64]  # of the network alone; `linear` without one
    hidden: NDArray[np.float32] | None = None  # sums of the network's hidden layer


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
    network: Network | None = None
    network_share: float = 0.0
    name: str = ""

    def with_thresholds(self, thresholds: ThresholdSet) -> Model:
        """Return the same model with another threshold set in force."""
        return replace(self, thresholds=thresholds)

    def predict(self, documents: Sequence[Document], *, with_reasons: bool = True) -> list[Prediction]:
        """Predict the topics of mails, each on its own; reasons cost about as much as all the rest."""
        return [self.predict_one(document, with_reasons=with_reasons) for document in documents]

    def score(self, document: Document) -> Scored:
        """Return the score of every topic, and what it was made from."""
        reading = self.reader.read(document)
        values = weigh(self.space, reading.columns, reading.counts)
        linear = values @ self.weights[reading.columns] + self.intercepts
        if self.network is None:
            return Scored(reading, values, linear, linear, linear)
        hidden = self.network.hidden_of(reading.columns, values)
        network = self.network.log_probabilities(hidden)
        scores = mixed(linear, network, self.network_share)
        return Scored(reading, values, linear, scores, network, hidden)

    def pulls(self, scored: Scored, places: list[int]) -> NDArray[np.float64]:
        """Return what one unit of each of the mail's columns adds to some topics (columns x topics).

        With the values they sum up to the scores, but for what no token has part in: the intercepts,
        and the common sum that makes log-probabilities of scores.
        """
        linear = self.weights[scored.reading.columns][:, places].astype(np.float64)
        if self.network is None or scored.hidden is None:
            return linear
        network = self.network.pulls(scored.reading.columns, scored.hidden, places)
        return (1 - self.network_share) * LINEAR_SHARPNESS * linear + self.network_share * network

    def predict_one(self, document: Document, *, with_reasons: bool = True) -> Prediction:
        """Predict the topic of one mail.

        For spam and phishing `threshold` is the bar of quarantine and `sure` compares it with
        `spam_probability`; for every other topic both are about `confidence`.
        """
        scored = self.score(document)
        reading, language = scored.reading, document.analyser
        evidence = scoped(
            Evidence(
                scored.scores, scored.linear, scored.network, language, reading.words, reading.unseen_share
            ),
            self.calibration.scope,
            self.calibration.sharpness,
        )
        scores = evidence.scores
        confidence = confidence_of(self.calibration, evidence)
        spam = spam_probability(self.calibration, evidence, self.topics)
        ranked = [int(place) for place in np.argsort(-scores, kind="stable")]
        topic = self.topics[ranked[0]]
        shares = probabilities_of(scores, confidence).tolist()
        return Prediction(
            topic=topic,
            confidence=confidence,
            sure=self.thresholds.is_sure(
                language=language, topic=topic, confidence=confidence, spam_probability=spam
            ),
            threshold=min(self.thresholds.of(language, topic), 1.0),
            probabilities=dict.fromkeys(SLUGS, 0.0) | dict(zip(self.topics, shares, strict=True)),
            reasons=self._reasons(scored, ranked[:EXPLAINED_TOPICS]) if with_reasons else (),
            also_topics=self._also(scores, ranked),
            spam_probability=spam,
            model=self.name,
            threshold_set=self.thresholds.name,
            unseen_share=reading.unseen_share,
        )

    def _reasons(self, scored: Scored, places: list[int]) -> tuple[Reason, ...]:
        names = [self.topics[place] for place in places]
        return reasons_of(scored.reading, scored.values, self.pulls(scored, places), names)

    def _also(self, scores: NDArray[np.float64], ranked: Sequence[int]) -> tuple[str, ...]:
        """Return the second topic when it clears its own bar; spam is never a second topic nor has one."""
        first, second = self.topics[ranked[0]], self.topics[ranked[1]]
        if SPAM in {first, second} or scores[ranked[1]] < self.calibration.also_bar:
            return ()
        return (second,)
